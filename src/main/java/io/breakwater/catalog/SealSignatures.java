package io.breakwater.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveIdentity;
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
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The signatures of a point: that of its seal, and those of other master keys that vouch for the unchanged seal. A seal is never
 * written again, because copies and RestorePoints identify the point by its digest. So a key that will be retired is replaced by an
 * object next to the seal, {@code point.<keyId>.json}: the seal's SHA-256, the data key of the archive, wrapped with a key that
 * derives from the new master key, and an HMAC over both and the point's place. So a key that verifies a seal also opens its archive.
 */
public final class SealSignatures {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final Pattern VOUCHING = Pattern.compile("point\\.([0-9a-f]{16})\\.json");

    /** A verified object next to a seal. */
    private record Voucher(String keyId, String archiveKey) {}

    private final String secret;
    private final Function<String, Optional<byte[]>> objects;
    private final ObjectStore store;
    private final KeyRing ring;

    public SealSignatures(BackupLocation location, ObjectStore store, KeyRing ring) {
        this(
                "Secret " + LocationKeys.secretPath(location),
                key -> store.readIfBounded(key, ObjectStore.MAX_DOCUMENT).map(Document::content),
                store,
                ring);
    }

    /**
     * The signatures of one point whose files are outside of a store.
     *
     * @param voucher content of an object next to the seal; null for none
     */
    static SealSignatures ofFiles(KeyRing ring, byte[] voucher) {
        return new SealSignatures("the key file", key -> Optional.ofNullable(voucher), null, ring);
    }

    private SealSignatures(String secret, Function<String, Optional<byte[]>> objects, ObjectStore store, KeyRing ring) {
        this.secret = secret;
        this.objects = objects;
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
        if (voucher(where, Digests.sha256Hex(seal)).isPresent()) {
            return SealCodec.vouched(where, seal);
        }
        if (signer.isPresent()) {
            throw missing(where, signer.get());
        }
        return withAny(where, seal);
    }

    private BreakwaterException missing(PointKey where, String id) {
        return BreakwaterException.permanent(
                Reason.KeyMismatch,
                "point " + where + " was sealed with master key " + id + ", which " + secret
                        + " does not hold; add that key to it as " + KeyRing.OLDER + id);
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

    /**
     * The cipher of the archive of a verified point.
     *
     * @param digest of the seal
     * @throws BreakwaterException Tampered, when the seal has no valid key of an archive; KeyMismatch, when the ring has no key
     *     that decrypts it
     */
    ArchiveCipher cipher(PointDocument document, String digest) {
        PointKey where = document.key();
        ArchiveIdentity identity = ArchiveIdentity.ofResources(where, document.uid());
        if (document.archiveKey() == null) {
            throw SealCodec.tampered(where, "it has no key of an archive");
        }
        if (ring.has(document.keyId())) {
            return unwrap(identity, document.keyId(), document.archiveKey());
        }
        return voucher(where, digest)
                .map(voucher -> unwrap(identity, voucher.keyId(), voucher.archiveKey()))
                .orElseThrow(() -> missing(where, document.keyId()));
    }

    private ArchiveCipher unwrap(ArchiveIdentity identity, String id, String wrapped) {
        return ArchiveCipher.unwrap(identity, ring.archiveKey(id, identity.source()), wrapped);
    }

    /** The voucher of any key of the ring. */
    private Optional<Voucher> voucher(PointKey where, String digest) {
        return ring.ids().stream()
                .flatMap(id -> voucher(where, digest, id).stream())
                .findFirst();
    }

    /** The valid voucher of a key of the ring for the seal with this digest. */
    private Optional<Voucher> voucher(PointKey where, String digest, String id) {
        return objects.apply(key(where, id)).flatMap(content -> valid(content, where, digest, id));
    }

    /** Whether a key of the ring vouches for the seal with this digest. */
    boolean isVouchedFor(PointKey where, String digest, String id) {
        return voucher(where, digest, id).isPresent();
    }

    /**
     * Verifies a seal, and writes the object by which a key of the ring vouches for it. A second call changes nothing.
     *
     * @throws BreakwaterException Tampered or KeyMismatch, when the seal or the key of its archive cannot be verified
     */
    void vouch(PointKey where, byte[] seal, String id) {
        PointDocument document = verify(where, seal);
        String digest = Digests.sha256Hex(seal);
        String archiveKey = document.archiveKey() == null
                ? ""
                : cipher(document, digest).wrapped(ring.archiveKey(id, where.source()));
        byte[] content = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("keyId", id)
                .put("seal", digest)
                .put("archiveKey", archiveKey)
                .put("hmac", hmac(where, digest, archiveKey, id))
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        store.write(key(where, id), content, Precondition.NONE);
    }

    private Optional<Voucher> valid(byte[] content, PointKey where, String digest, String id) {
        try {
            JsonNode tree = JSON.readTree(content);
            String archiveKey = tree.path("archiveKey").asText();
            return Digests.areEqual(tree.path("hmac").asText(), hmac(where, digest, archiveKey, id))
                    ? Optional.of(new Voucher(id, archiveKey))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private String hmac(PointKey where, String digest, String archiveKey, String id) {
        byte[] key = ring.countersignKey(id, where.source());
        return Digests.hmacHex(key, where.point() + "\n" + digest + "\n" + archiveKey);
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
