package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code breakwater/location.json}: the key that a location is written with, and other keys that data in it may still need. It is
 * the only place where all sites agree on the key. It is changed by conditional writes.
 *
 * @param keyId key that new seals and repositories are written with
 * @param keys that key, and every other one that any data needs
 * @param storeTime the store's time when it was read
 */
public record LocationDocument(String keyId, Set<String> keys, Instant storeTime, String etag, JsonNode tree) {
    public static final String KEY = StoreLayout.location();
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /**
     * The document in a store; empty in a new store.
     *
     * @throws BreakwaterException LocationNotReady, when it is not a valid document
     */
    public static Optional<LocationDocument> read(ObjectStore store) {
        return store.read(KEY, ObjectStore.MAX_DOCUMENT).map(LocationDocument::of);
    }

    /** The store's time, which its objects are dated with; the operator's time in a new location. */
    public static Instant now(ObjectStore store, Clock clock) {
        return store.head(KEY).map(Observed::storeTime).orElseGet(clock::instant);
    }

    private static LocationDocument of(Document document) {
        try {
            JsonNode tree = JSON.readTree(document.content());
            JsonNode id = tree.get("keyId");
            if (id != null && id.isTextual()) {
                Set<String> keys = new TreeSet<>();
                keys.add(id.asText());
                tree.path("keys").forEach(k -> keys.add(k.asText()));
                return new LocationDocument(
                        id.asText(), keys, document.storeTime(), document.info().etag(), tree);
            }
        } catch (IOException e) {
            // reported below
        }
        throw BreakwaterException.permanent(
                Reason.LocationNotReady, KEY + " is not a valid document; restore an older version or a copy of it");
    }

    /** Writes the document of a new location, unless another site wrote it first. */
    public static void create(ObjectStore store, String keyId, String site, Instant at) {
        ObjectNode tree = JSON.createObjectNode()
                .put("createdAt", at.toString())
                .put("createdBy", site)
                .put("keyId", keyId)
                .put("schemaVersion", 1);
        tree.putArray("keys").add(keyId);
        store.write(KEY, bytes(tree), Precondition.ABSENT);
    }

    /**
     * Changes the keys; all other fields stay.
     *
     * @return false, when another site changed the document meanwhile
     */
    public boolean change(ObjectStore store, String newKeyId, Set<String> newKeys) {
        ObjectNode changed = tree.deepCopy();
        changed.put("keyId", newKeyId);
        changed.remove("keys");
        Set<String> all = new TreeSet<>(newKeys);
        all.add(newKeyId);
        all.forEach(changed.putArray("keys")::add);
        return store.write(KEY, bytes(changed), new Precondition.Matches(etag)).isPresent();
    }

    private static byte[] bytes(JsonNode tree) {
        try {
            return JSON.writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
