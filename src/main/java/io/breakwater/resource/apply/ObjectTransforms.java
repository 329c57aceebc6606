package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.Transform;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.ObjectRules;
import io.breakwater.velero.ObjectKey;
import io.fabric8.zjsonpatch.JsonPatch;
import io.fabric8.zjsonpatch.JsonPatchException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Changes archived objects as a Restore asks for it, before anything else looks at them: so rights are checked for what is
 * restored, not for what was captured. What an object is (kind and name) never changes. For one thread.
 */
final class ObjectTransforms {
    private static final List<String> IDENTITY =
            List.of("/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/metadata/uid");

    private final List<Transform> transforms;
    private final List<JsonNode> operations = new ArrayList<>();
    private final NameMappings mappings;
    private final BitSet used = new BitSet();

    ObjectTransforms(RestoreSpec spec) {
        this.transforms = spec.transforms == null ? List.of() : spec.transforms;
        this.mappings = new NameMappings(spec);
        transforms.forEach(t -> operations.add(ApiServer.JSON.valueToTree(t.jsonPatch)));
    }

    /**
     * The object as it is to be restored.
     *
     * @throws BreakwaterException InvalidSpec, when a patch does not fit the object
     */
    JsonNode apply(ObjectKey key, JsonNode captured) {
        JsonNode object = mappings.isEmpty() ? captured : mappings.apply(key, captured.deepCopy());
        for (int i = 0; i < transforms.size(); i++) {
            Transform transform = transforms.get(i);
            if (ObjectRules.take(transform.select, key, captured)) {
                used.set(i);
                object = transform.jsonPatch == null
                        ? merge(object.deepCopy(), transform.mergePatch)
                        : patch(i, key, object);
            }
        }
        checkIdentity(key, captured, object);
        return object;
    }

    /** Transforms that changed nothing of what was asked so far. */
    List<String> idle() {
        List<String> idle = new ArrayList<>();
        for (int i = used.nextClearBit(0); i < transforms.size(); i = used.nextClearBit(i + 1)) {
            idle.add("spec.transforms[" + i + "].select takes no object that is restored");
        }
        return idle;
    }

    private JsonNode patch(int index, ObjectKey key, JsonNode object) {
        try {
            return JsonPatch.apply(operations.get(index), object);
        } catch (JsonPatchException e) {
            throw refused("spec.transforms[" + index + "].jsonPatch does not fit " + key + ": " + e.getMessage()
                    + "; change the patch, or select fewer objects");
        }
    }

    /** JSON merge patch, RFC 7386. */
    private static JsonNode merge(JsonNode target, JsonNode patch) {
        if (!patch.isObject()) {
            return patch;
        }
        ObjectNode result = target instanceof ObjectNode object ? object : ApiServer.JSON.createObjectNode();
        patch.properties().forEach(field -> {
            if (field.getValue().isNull()) {
                result.remove(field.getKey());
            } else {
                result.set(field.getKey(), merge(result.path(field.getKey()), field.getValue()));
            }
        });
        return result;
    }

    private static void checkIdentity(ObjectKey key, JsonNode captured, JsonNode object) {
        for (String field : IDENTITY) {
            if (!object.at(field).equals(captured.at(field))) {
                throw refused("spec.transforms would change " + field + " of " + key
                        + "; a transform changes what an object says, not which one it is");
            }
        }
    }

    private static BreakwaterException refused(String message) {
        return BreakwaterException.permanent(Reason.InvalidSpec, message);
    }
}
