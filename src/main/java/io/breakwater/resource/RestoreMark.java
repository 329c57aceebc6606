package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;

/** The mark of a restore on its objects, so that the same run recognises them after a crash. */
public final class RestoreMark {
    /** Annotation on restored objects: {@code <run>/<verb>/<code>}, with verb created, replaced or updated. */
    public static final String ANNOTATION = Api.GROUP + "/restored-by";

    private RestoreMark() {}

    /** The mark of an object; empty if it has none. */
    public static String of(JsonNode object) {
        return object.path("metadata").path("annotations").path(ANNOTATION).asText();
    }

    /** Whether an object was written by this run. */
    public static boolean isFrom(JsonNode object, String runId) {
        return of(object).startsWith(runId + "/");
    }
}
