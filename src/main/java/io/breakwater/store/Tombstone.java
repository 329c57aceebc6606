package io.breakwater.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.io.IOException;

/**
 * What is written where something was deleted: {@code breakwater/tombstones/<site>/<namespace>/<key>}. The time of the
 * deletion is the store's time of the tombstone.
 *
 * @param schemaVersion 1
 * @param key of what was deleted
 * @param size its bytes
 * @param state changed only by conditional writes, so that sweeping and reviving exclude each other
 * @param content of a small object that left its place at once, as a seal does; null when the object still lies there
 * @param version of the object that is to be removed, where another one may take its place unnoticed; null for whichever
 *     lies there
 * @param proof that it is ours, in locations with locks; null elsewhere
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Tombstone(
        int schemaVersion, String key, long size, State state, byte[] content, Version version, Proof proof) {
    /** Prefix of all tombstones. */
    public static final String PREFIX = "breakwater/tombstones/";

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Which of the objects that lay under one key, one after the other.
     *
     * @param modified seconds since 1970, as precise as every store tells them
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
     * @param of what lay under the key when it was deleted
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Proof(String keyId, Version of, String hmac) {}

    /** How far the removal is. */
    public enum State {
        /** Hidden from listings; waits for the end of its grace period. */
        Dead,
        /** Being removed; there is no way back. */
        Sweeping,
        /** It was taken back; the tombstone itself is what is left to remove. */
        Revived
    }

    /** Where the tombstones of one site's namespace lie. */
    public static String prefix(String site, String namespace) {
        return PREFIX + site + "/" + namespace + "/";
    }

    Tombstone in(State next) {
        return new Tombstone(schemaVersion, key, size, next, content, version, proof);
    }

    /** Whether what another tombstone would remove is removed by this one already. */
    boolean covers(Tombstone other) {
        return state != State.Revived && (version == null || version.equals(other.version));
    }

    public byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tombstone can always be written", e);
        }
    }

    /** @throws BreakwaterException Tampered, when it is none; nothing is removed by it then */
    static Tombstone of(Document document) {
        try {
            return JSON.readValue(document.content(), Tombstone.class);
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.Tampered, document.info().key() + " is not a tombstone (" + e.getMessage() + ")");
        }
    }
}
