package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import java.util.Map;

/** The forms of a patch. */
final class ObjectPatch {
    private ObjectPatch() {}

    /** RFC 7386, which is also taken for a strategic merge. */
    static void merge(ObjectNode target, JsonNode patch) {
        for (Map.Entry<String, JsonNode> field : patch.properties()) {
            JsonNode value = field.getValue();
            if (value.isNull()) {
                target.remove(field.getKey());
            } else if (value.isObject() && target.get(field.getKey()) instanceof ObjectNode inner) {
                merge(inner, value);
            } else {
                target.set(field.getKey(), value.deepCopy());
            }
        }
    }

    /** RFC 6902. */
    static ObjectNode operations(ObjectNode target, JsonNode patch) {
        return (ObjectNode) JsonPatch.apply(patch, target);
    }

    /** An apply. One manager applies a whole status, so what it does not name any more is removed there. */
    static void apply(ObjectNode target, JsonNode patch) {
        ObjectNode changed = patch.deepCopy();
        if (changed.has("status")) {
            target.set("status", changed.remove("status"));
        }
        if (changed.get("metadata") instanceof ObjectNode metadata) {
            metadata.remove("resourceVersion");
        }
        merge(target, changed);
    }
}
