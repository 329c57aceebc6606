package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code breakwater/location.json}: with which key a location is written, and which others something in it may still depend
 * on. It is the one place where all sites agree on the key, and is changed by conditional writes.
 *
 * @param keyId key that new seals and repositories are written with
 * @param keys that key, and every other one that is needed for something
 * @param storeTime the store's clock when it was read
 */
public record LocationDocument(String keyId, Set<String> keys, Instant storeTime, String etag, JsonNode tree) {
    public static final String KEY = "breakwater/location.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * What lies in a store; empty in one that is new.
     *
     * @throws BreakwaterException LocationNotReady, when it cannot be understood
     */
    public static Optional<LocationDocument> read(ObjectStore store) {
        return store.read(KEY).map(LocationDocument::of);
    }

    /** The store's own time, by which its objects are dated; ours where the location is new. */
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
            // told below
        }
        throw BreakwaterException.permanent(Reason.LocationNotReady, KEY + " is damaged; restore it from a copy");
    }

    /** Sets a new location up, unless somebody else just does. */
    public static void introduce(ObjectStore store, String keyId, String site, Instant at) {
        ObjectNode tree = JSON.createObjectNode()
                .put("createdAt", at.toString())
                .put("createdBy", site)
                .put("keyId", keyId)
                .put("schemaVersion", 1);
        tree.putArray("keys").add(keyId);
        store.write(KEY, bytes(tree), Precondition.ABSENT);
    }

    /**
     * Changes the keys; what else lies there stays.
     *
     * @return false, when somebody else changed it meanwhile
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
