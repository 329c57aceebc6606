package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Owner references of restored objects: the new owner is the restored one. References to owners that are restored later
 * are added at the end. References to owners outside the restore are dropped, because the garbage collector would
 * delete the object.
 */
final class OwnerReferences {
    /**
     * References to add at the end.
     *
     * @param path of the object
     * @param captured the captured references
     */
    record Pending(String path, JsonNode captured) {}

    /** A restored owner, which may have another version than the captured one. */
    private record Owner(String uid, String apiVersion) {}

    private final Set<String> wanted = ConcurrentHashMap.newKeySet();
    private final Map<String, Owner> owners = new ConcurrentHashMap<>();
    private final Queue<Pending> pending = new ConcurrentLinkedQueue<>();

    /** Records the owners of an archived object. */
    void expect(JsonNode object) {
        references(object).forEach(r -> wanted.add(r.path("uid").asText()));
    }

    /** Whether this object owns an object of the archive. */
    boolean isWanted(JsonNode captured) {
        return wanted.contains(captured.path("metadata").path("uid").asText());
    }

    /** Records the UID of the restored object, and the kind that it is restored as. */
    void record(ApiKind kind, JsonNode captured, JsonNode live) {
        String old = captured.path("metadata").path("uid").asText();
        String now = live.path("metadata").path("uid").asText();
        if (!now.isEmpty() && wanted.contains(old)) {
            owners.put(old, new Owner(now, kind.apiVersion()));
        }
    }

    /** Adds references to restored owners to the cleaned object; returns whether others are still missing. */
    boolean resolve(JsonNode captured, ObjectNode cleaned) {
        ArrayNode known = known(references(captured));
        if (!known.isEmpty()) {
            ((ObjectNode) cleaned.path("metadata")).set("ownerReferences", known);
        }
        return known.size() < references(captured).size();
    }

    void addLater(String path, JsonNode captured) {
        if (!references(captured).isEmpty()) {
            pending.add(new Pending(path, references(captured)));
        }
    }

    Queue<Pending> pending() {
        return pending;
    }

    /** The references whose owners are restored, with the new UIDs. */
    ArrayNode known(JsonNode references) {
        ArrayNode known = ApiServer.JSON.createArrayNode();
        for (JsonNode reference : references) {
            Owner owner = owners.get(reference.path("uid").asText());
            if (owner != null) {
                known.add(((ObjectNode) reference.deepCopy())
                        .put("uid", owner.uid())
                        .put("apiVersion", owner.apiVersion()));
            }
        }
        return known;
    }

    /** Adds the references of the live object to other owners: a controller that runs already may have adopted it. */
    static void addOthers(ArrayNode known, JsonNode live) {
        Set<String> uids = new HashSet<>();
        known.forEach(r -> uids.add(r.path("uid").asText()));
        references(live).forEach(r -> {
            if (uids.add(r.path("uid").asText())) {
                known.add(r);
            }
        });
    }

    private static JsonNode references(JsonNode object) {
        return object.path("metadata").path("ownerReferences");
    }
}
