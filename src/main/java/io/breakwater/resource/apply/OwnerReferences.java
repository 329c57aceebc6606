package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.ApiServer;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Owner references, rebuilt: an object's new owner is the restored one. Those whose owner comes later are patched in at the
 * end; those whose owner is not in the restore are dropped, or the garbage collector would take the object.
 */
final class OwnerReferences {
    /**
     * A reference list to be patched in.
     *
     * @param path of the object
     * @param captured the references as they were captured
     */
    record Pending(String path, JsonNode captured) {}

    private final Set<String> wanted = ConcurrentHashMap.newKeySet();
    private final Map<String, String> uids = new ConcurrentHashMap<>();
    private final Queue<Pending> pending = new ConcurrentLinkedQueue<>();

    /** Notes whom an archived object belongs to. */
    void expect(JsonNode object) {
        references(object).forEach(r -> wanted.add(r.path("uid").asText()));
    }

    /** Whether an object of the archive belongs to this one. */
    boolean isWanted(JsonNode captured) {
        return wanted.contains(captured.path("metadata").path("uid").asText());
    }

    /** Tells what became of an archived object. */
    void became(JsonNode captured, JsonNode live) {
        String old = captured.path("metadata").path("uid").asText();
        String now = live.path("metadata").path("uid").asText();
        if (!now.isEmpty() && wanted.contains(old)) {
            uids.put(old, now);
        }
    }

    /** Puts those references into the cleaned object whose owners are there; returns whether others are owed. */
    boolean resolve(JsonNode captured, ObjectNode cleaned) {
        ArrayNode known = known(references(captured));
        if (!known.isEmpty()) {
            ((ObjectNode) cleaned.path("metadata")).set("ownerReferences", known);
        }
        return known.size() < references(captured).size();
    }

    void later(String path, JsonNode captured) {
        if (!references(captured).isEmpty()) {
            pending.add(new Pending(path, references(captured)));
        }
    }

    Queue<Pending> pending() {
        return pending;
    }

    /** The references whose owners are in the restore, with the new UIDs. */
    ArrayNode known(JsonNode references) {
        ArrayNode known = ApiServer.JSON.createArrayNode();
        for (JsonNode reference : references) {
            String uid = uids.get(reference.path("uid").asText());
            if (uid != null) {
                known.add(((ObjectNode) reference.deepCopy()).put("uid", uid));
            }
        }
        return known;
    }

    private static JsonNode references(JsonNode object) {
        return object.path("metadata").path("ownerReferences");
    }
}
