package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Texts;
import io.fabric8.zjsonpatch.JsonDiff;
import java.util.Set;
import java.util.TreeSet;

/** Paths of the fields of an object that would change. Never their values, because those may be secret. */
final class FieldChanges {
    private static final int NAMED = 8;

    private FieldChanges() {}

    static String between(JsonNode live, JsonNode wanted) {
        Set<String> paths = new TreeSet<>();
        for (JsonNode operation : JsonDiff.asJson(live, wanted)) {
            paths.add(operation.path("path").asText());
        }
        return Texts.first(paths, NAMED);
    }
}
