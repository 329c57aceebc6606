package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code breakwater/location.json}: the key that a location is written with, and other keys that data in it may still need. It is
 * the only place where all sites agree on the key. It is changed by conditional writes, and signed with the key that it names.
 *
 * @param keyId key that new seals and repositories are written with
 * @param keys that key, and every other one that any data needs
 * @param signedBy key that it is signed with
 * @param counter number of its changes; a smaller one than before shows that an older document replaced the newest one
 * @param storeTime the store's time when it was read
 */
public record LocationDocument(
        String keyId, Set<String> keys, String signedBy, long counter, Instant storeTime, String etag, JsonNode tree) {
    public static final String KEY = StoreLayout.location();
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /**
     * The document in a store; empty in a new store.
     *
     * @throws BreakwaterException Tampered, when its signature is not valid; LocationNotReady, when it is not a valid document
     */
    public static Optional<LocationDocument> read(ObjectStore store) {
        return store.readSigned(KEY, ObjectStore.MAX_DOCUMENT).map(LocationDocument::of);
    }

    /**
     * Name of the site that created the location, as its document states it; for messages, because the signature is not
     * verified: a cluster without the key cannot verify it.
     */
    public static Optional<String> statedCreator(ObjectStore store) {
        return store.readIfBounded(KEY, ObjectStore.MAX_DOCUMENT)
                .flatMap(d -> DocumentSigner.statedPayload(d.content()))
                .flatMap(LocationDocument::creator);
    }

    private static Optional<String> creator(byte[] payload) {
        try {
            String creator = JSON.readTree(payload).path("createdBy").asText();
            return Optional.of(creator).filter(ObjectNames::isLabel);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The store's time, which its objects are dated with; the operator's time in a new location. */
    public static Instant now(ObjectStore store, Clock clock) {
        return store.head(KEY).map(Observed::storeTime).orElseGet(clock::instant);
    }

    private static LocationDocument of(SignedDocument document) {
        try {
            JsonNode tree = JSON.readTree(document.payload());
            JsonNode id = tree.get("keyId");
            if (id != null && id.isTextual()) {
                Set<String> keys = new TreeSet<>();
                keys.add(id.asText());
                tree.path("keys").forEach(k -> keys.add(k.asText()));
                return new LocationDocument(
                        id.asText(),
                        keys,
                        document.keyId(),
                        document.counter(),
                        document.storeTime(),
                        document.etag(),
                        tree);
            }
        } catch (IOException e) {
            // reported below
        }
        throw BreakwaterException.permanent(
                Reason.LocationNotReady, KEY + " is not a valid document; restore an older version or a copy of it");
    }

    /**
     * Writes the document of a new location, unless another site wrote it first.
     *
     * @param known counter of the last document that was seen here; 0 for none
     */
    public static void create(ObjectStore store, String keyId, String site, Instant at, long known) {
        ObjectNode tree = JSON.createObjectNode()
                .put("createdAt", at.toString())
                .put("createdBy", site)
                .put("keyId", keyId)
                .put("schemaVersion", 1);
        tree.putArray("keys").add(keyId);
        store.write(KEY, store.documents().signWith(keyId, KEY, known + 1, bytes(tree)), Precondition.ABSENT);
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
        byte[] signed = store.documents().signWith(newKeyId, KEY, counter + 1, bytes(changed));
        return store.write(KEY, signed, new Precondition.Matches(etag)).isPresent();
    }

    /** Signs the document with the key that it names, so that the key that signed it before is not needed any more. */
    public void renewSignature(ObjectStore store) {
        if (!signedBy.equals(keyId) && store.documents().holds(keyId)) {
            change(store, keyId, keys);
        }
    }

    private static byte[] bytes(JsonNode tree) {
        try {
            return JSON.writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
