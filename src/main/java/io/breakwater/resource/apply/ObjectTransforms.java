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
 * Changes archived objects as a Restore requires. All other steps see the changed objects, so rights are checked for
 * restored objects and not for captured ones. The identity of an object (kind and name) never changes. Not safe for use
 * from several threads.
 */
final class ObjectTransforms {
    private static final List<String> IDENTITY =
            List.of("/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/metadata/uid");

    private final List<Transform> transforms;
    private final List<JsonNode> operations = new ArrayList<>();
    private final NameMappings mappings;
    private final BitSet used = new BitSet();
    private final BitSet effective = new BitSet();

    ObjectTransforms(RestoreSpec spec) {
        this.transforms = spec.transforms == null ? List.of() : spec.transforms;
        this.mappings = new NameMappings(spec);
        transforms.forEach(t -> operations.add(ApiServer.JSON.valueToTree(t.jsonPatch)));
    }

    /**
     * The object to restore.
     *
     * @throws BreakwaterException InvalidSpec if a patch does not fit the object
     */
    JsonNode apply(ObjectKey key, JsonNode captured) {
        JsonNode object = mappings.isEmpty() ? captured : mappings.apply(key, captured.deepCopy());
        for (int i = 0; i < transforms.size(); i++) {
            Transform transform = transforms.get(i);
            if (ObjectRules.match(transform.select, key, captured)) {
                used.set(i);
                JsonNode before = object;
                object = transform.jsonPatch == null
                        ? merge(object.deepCopy(), transform.mergePatch)
                        : patch(i, key, object);
                if (!object.equals(before)) {
                    effective.set(i);
                }
            }
        }
        checkIdentity(key, captured, object);
        return object;
    }

    /** Transforms and entries of mappings that matched no object so far, or changed none. */
    List<String> unmatched() {
        List<String> unmatched = new ArrayList<>(mappings.unmatched());
        for (int i = used.nextSetBit(0); i >= 0; i = used.nextSetBit(i + 1)) {
            if (!effective.get(i) && !isTest(operations.get(i))) {
                unmatched.add("spec.transforms[" + i + "] changes none of the objects that it selects");
            }
        }
        for (int i = used.nextClearBit(0); i < transforms.size(); i = used.nextClearBit(i + 1)) {
            unmatched.add("spec.transforms[" + i + "].select matches no object that is restored");
        }
        return unmatched;
    }

    /** Whether a JSON patch only checks values. */
    private static boolean isTest(JsonNode patch) {
        boolean test = !patch.isEmpty();
        for (JsonNode operation : patch) {
            test &= operation.path("op").asText().equals("test");
        }
        return test;
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
                        + "; a transform must not change the identity of an object");
            }
        }
    }

    private static BreakwaterException refused(String message) {
        return BreakwaterException.permanent(Reason.InvalidSpec, message);
    }
}
