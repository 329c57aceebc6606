package io.breakwater.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The mark of a deleted object: {@code breakwater/tombstones/<site>/<namespace>/<key>}. The time of the deletion is the store's
 * time of the tombstone.
 *
 * @param schemaVersion 1
 * @param key of the deleted object
 * @param size its bytes
 * @param state changed only by conditional writes, so that sweeping and reviving exclude each other
 * @param content of a small object that was deleted at once, for example a seal; null when the object still exists
 * @param version of the deleted object, where another one may replace it unnoticed; null for any version
 * @param proof which object a signature of Breakwater deletes, in locations with locks; null elsewhere
 * @param claimedBy site that is deleting the object; null in every other state
 * @param point the rest of the point whose seal was deleted; null for every other object
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Tombstone(
        int schemaVersion,
        String key,
        long size,
        State state,
        byte[] content,
        Version version,
        Proof proof,
        String claimedBy,
        DeletedPoint point) {
    public Tombstone(
            int schemaVersion, String key, long size, State state, byte[] content, Version version, Proof proof) {
        this(schemaVersion, key, size, state, content, version, proof, null, null);
    }

    /** Bytes of the largest tombstone, which holds a whole document in base64. */
    static final int MAX_BYTES = 2 * ObjectStore.MAX_DOCUMENT;

    private static final int MESSAGE = 300;

    private static final ObjectMapper JSON = BoundedJson.mapper();

    /**
     * One of the objects that had the same key, one after the other.
     *
     * @param modified seconds since 1970, the precision that every store supports
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Version(String etag, long modified) {
        public static Version of(ObjectInfo info) {
            return new Version(info.etag(), info.lastModified().getEpochSecond());
        }
    }

    /**
     * A signature by a master key.
     *
     * @param of the object that had the key when it was deleted
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Proof(String keyId, Version of, String hmac) {}

    /** The progress of the deletion. */
    public enum State {
        /** The object is hidden from listings, until the grace period ends. */
        Dead,
        /** The object is being deleted, which cannot be undone. */
        Sweeping,
        /** The deletion was undone; only the tombstone remains to be deleted. */
        Revived
    }

    Tombstone in(State next) {
        return new Tombstone(schemaVersion, key, size, next, content, version, proof, null, point);
    }

    /** The tombstone of a seal, with the rest of its point. */
    Tombstone of(DeletedPoint deleted) {
        return new Tombstone(schemaVersion, key, size, state, content, version, proof, claimedBy, deleted);
    }

    /** The tombstone of an object that a site is deleting. */
    Tombstone claimed(String site) {
        return new Tombstone(schemaVersion, key, size, State.Sweeping, content, version, proof, site, point);
    }

    /** Whether this tombstone already deletes the object of another one. */
    boolean covers(Tombstone other) {
        return state != State.Revived && (version == null || version.equals(other.version));
    }

    /**
     * Whether the small object exists with the deleted content: the deletion did not finish, or it was undone. Someone may also
     * have written an old tombstone again.
     */
    boolean isUndone(ObjectStore store) {
        return content != null
                && store.readIfBounded(key, ObjectStore.MAX_DOCUMENT)
                        .filter(present -> Arrays.equals(present.content(), content))
                        .isPresent();
    }

    /** The tombstone with the signature of the location, for its own key only. */
    public byte[] signed(ObjectStore store, String at) {
        return store.documents().sign(at, state.ordinal(), bytes());
    }

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tombstone can always be written", e);
        }
    }

    /** @throws BreakwaterException Tampered, when the document is not a valid tombstone; it deletes nothing then */
    static Tombstone of(SignedDocument document) {
        try {
            Tombstone tombstone = JSON.readValue(document.payload(), Tombstone.class);
            if (tombstone == null || tombstone.key == null || tombstone.state == null) {
                throw invalid(document, "it has no key or no state");
            }
            return tombstone;
        } catch (IOException e) {
            throw invalid(document, Texts.line(String.valueOf(e.getMessage()), MESSAGE));
        }
    }

    private static BreakwaterException invalid(SignedDocument document, String cause) {
        return BreakwaterException.permanent(Reason.Tampered, document.key() + " is not a valid tombstone: " + cause);
    }

    /** The tombstone at a key; empty if there is none, or an object without a valid signature. */
    static Optional<Tombstone> readIfValid(ObjectStore store, String key) {
        try {
            return store.readSigned(key, MAX_BYTES).map(Tombstone::of);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Tampered) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
