package io.breakwater.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The signatures of a point: that of its seal, and those of other master keys that vouch for the unchanged seal. A seal is never
 * written again, because copies and RestorePoints identify the point by its digest. So a key that will be retired is replaced by an
 * object next to the seal, {@code point.<keyId>.json}: the seal's SHA-256, and an HMAC over that and the point's place.
 */
public final class SealSignatures {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final Pattern VOUCHING = Pattern.compile("point\\.([0-9a-f]{16})\\.json");

    private final BackupLocation location;
    private final ObjectStore store;
    private final KeyRing ring;

    public SealSignatures(BackupLocation location, ObjectStore store, KeyRing ring) {
        this.location = location;
        this.store = store;
        this.ring = ring;
    }

    /**
     * The document of a seal that a key of the ring signed or vouches for.
     *
     * @throws BreakwaterException Tampered, when none did; KeyMismatch, when the seal names a key that the ring does not have
     */
    public PointDocument verify(PointKey where, byte[] seal) {
        Optional<String> signer = SealCodec.keyId(seal);
        if (signer.isPresent() && ring.has(signer.get())) {
            return SealCodec.verify(where, seal, ring.catalogKey(signer.get(), where.source()));
        }
        String digest = Digests.sha256Hex(seal);
        if (ring.ids().stream().anyMatch(id -> isVouchedFor(where, digest, id))) {
            return SealCodec.vouched(where, seal);
        }
        if (signer.isPresent()) {
            throw BreakwaterException.permanent(
                    Reason.KeyMismatch,
                    "point " + where + " was sealed with master key " + signer.get() + ", which Secret "
                            + LocationKeys.secretPath(location)
                            + " does not hold; add that key to it as " + KeyRing.OLDER + signer.get());
        }
        return withAny(where, seal);
    }

    /** Verifies a seal that names no key with each key of the ring. */
    private PointDocument withAny(PointKey where, byte[] seal) {
        PointDocument found = null;
        BreakwaterException last = null;
        for (String id : ring.ids()) {
            try {
                found = SealCodec.verify(where, seal, ring.catalogKey(id, where.source()));
            } catch (BreakwaterException e) {
                last = e;
            }
        }
        if (found == null) {
            throw last;
        }
        return found;
    }

    /** Whether a key of the ring vouches for the seal with this digest. */
    boolean isVouchedFor(PointKey where, String digest, String id) {
        return store.readIfBounded(key(where, id), ObjectStore.MAX_DOCUMENT)
                .map(Document::content)
                .filter(content -> isVouching(content, where, digest, id))
                .isPresent();
    }

    /** Writes the object by which a key of the ring vouches for a verified seal; a second call changes nothing. */
    void vouch(PointKey where, String digest, String id) {
        byte[] content = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("keyId", id)
                .put("seal", digest)
                .put("hmac", hmac(where, digest, id))
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        store.write(key(where, id), content, Precondition.NONE);
    }

    private boolean isVouching(byte[] content, PointKey where, String digest, String id) {
        try {
            JsonNode tree = JSON.readTree(content);
            return Digests.areEqual(tree.path("hmac").asText(), hmac(where, digest, id));
        } catch (IOException e) {
            return false;
        }
    }

    private String hmac(PointKey where, String digest, String id) {
        byte[] key = ring.countersignKey(id, where.source());
        return Digests.hmacHex(key, where.point() + "\n" + digest);
    }

    static String key(PointKey where, String id) {
        return StoreLayout.voucher(where.source(), where.point(), id);
    }

    /** Id of the key in the name of an object next to a seal; empty for every other object. */
    static Optional<String> voucher(String key) {
        Matcher m = VOUCHING.matcher(key.substring(key.lastIndexOf('/') + 1));
        return m.matches() ? Optional.of(m.group(1)) : Optional.empty();
    }
}
