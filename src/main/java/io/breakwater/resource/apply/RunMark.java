package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Digests;
import io.breakwater.resource.RestoreMark;
import java.util.function.UnaryOperator;

/**
 * The mark that one restore puts on the objects that it wrote: {@code <run>/<verb>/<code>}. After a crash, the same run does not
 * write them again. The code authenticates run, verb and path, so that a user cannot mark an own object as restored.
 *
 * @param runId identity of the run
 * @param code computes the code of a text; empty if there is no key
 */
record RunMark(String runId, UnaryOperator<String> code) {
    /** The value of the annotation on the object at this path. */
    String value(String verb, String path) {
        String mark = runId + "/" + verb;
        return mark + "/" + code.apply(mark + " " + path);
    }

    /** Whether this run wrote the object at this path. */
    boolean isOn(JsonNode object, String path) {
        String mark = RestoreMark.of(object);
        return mark.startsWith(runId + "/") && Digests.areEqual(mark, value(verb(object), path));
    }

    /** How the run wrote an object that has its mark. */
    static String verb(JsonNode object) {
        String[] parts = RestoreMark.of(object).split("/", 3);
        return parts.length > 1 ? parts[1] : "";
    }
}
