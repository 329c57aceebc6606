package io.breakwater.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The signatures of a point: that of its seal, and those of other master keys that vouch for the seal as it is. A seal is
 * never written anew, since its digest is what copies and RestorePoints know the point by; so a key that is to be retired is
 * replaced by {@code point.<keyId>.json} beside the seal: the seal's SHA-256, and an HMAC over that and the point's place.
 */
public final class SealSignatures {
    private static final ObjectMapper JSON = new ObjectMapper();
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
     * The document of a seal that a key at hand has signed, or vouches for.
     *
     * @throws BreakwaterException Tampered, when it is neither; KeyMismatch, when a key that we lack is said to have signed it
     */
    public PointDocument verify(PointKey where, byte[] seal) {
        Optional<String> signer = SealCodec.keyId(seal);
        if (signer.isPresent() && ring.has(signer.get())) {
            return SealCodec.verify(where, seal, ring.catalogKey(signer.get(), where.site(), where.namespace()));
        }
        String digest = SealCodec.sha256(seal);
        if (ring.ids().stream().anyMatch(id -> isVouchedFor(where, digest, id))) {
            return SealCodec.vouched(where, seal);
        }
        if (signer.isPresent()) {
            throw BreakwaterException.permanent(
                    Reason.KeyMismatch,
                    "point " + where + " was sealed with master key " + signer.get() + ", which Secret "
                            + LocationKeys.secretPath(location)
                            + " does not hold; put that key back into it as masterKey." + signer.get());
        }
        return withAny(where, seal);
    }

    /** A seal that names no key: all are tried, whichever fits. */
    private PointDocument withAny(PointKey where, byte[] seal) {
        PointDocument found = null;
        BreakwaterException last = null;
        for (String id : ring.ids()) {
            try {
                found = SealCodec.verify(where, seal, ring.catalogKey(id, where.site(), where.namespace()));
            } catch (BreakwaterException e) {
                last = e;
            }
        }
        if (found == null) {
            throw last;
        }
        return found;
    }

    /** Whether a key at hand vouches for the seal with this digest. */
    boolean isVouchedFor(PointKey where, String digest, String id) {
        return store.read(key(where, id))
                .map(Document::content)
                .filter(content -> isVouching(content, where, digest, id))
                .isPresent();
    }

    /** Lets a key at hand vouch for a seal that was verified; doing it again changes nothing. */
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
            return MessageDigest.isEqual(
                    tree.path("hmac").asText().getBytes(StandardCharsets.US_ASCII),
                    hmac(where, digest, id).getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return false;
        }
    }

    private String hmac(PointKey where, String digest, String id) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(ring.countersignKey(id, where.site(), where.namespace()), "HmacSHA256"));
            String what = where.point() + "\n" + digest;
            return HexFormat.of().formatHex(mac.doFinal(what.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String key(PointKey where, String id) {
        return where.directory() + "point." + id + ".json";
    }

    /** Id of the key that an object beside a seal claims to be from; empty for every other object. */
    static Optional<String> voucher(String key) {
        Matcher m = VOUCHING.matcher(key.substring(key.lastIndexOf('/') + 1));
        return m.matches() ? Optional.of(m.group(1)) : Optional.empty();
    }
}
