package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.zjsonpatch.JsonDiff;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which fields of an object would change: their paths, and never their values, since those may be secret. */
final class FieldChanges {
    private static final int NAMED = 8;

    private FieldChanges() {}

    static String between(JsonNode live, JsonNode wanted) {
        Set<String> paths = new TreeSet<>();
        for (JsonNode operation : JsonDiff.asJson(live, wanted)) {
            paths.add(operation.path("path").asText());
        }
        List<String> named = new ArrayList<>(paths).subList(0, Math.min(NAMED, paths.size()));
        return String.join(" ", named) + (paths.size() > NAMED ? " and " + (paths.size() - NAMED) + " more" : "");
    }
}
