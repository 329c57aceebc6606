package io.breakwater.store;

import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Version;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What tells our own removals from those of somebody who has a store's credentials and not the master key. A tombstone carries a
 * signature, and without a good one nothing is removed by it. What is removed leaves a note in the store whose name is a
 * signature of what lay there: {@code breakwater/removed/<keyId>/<hmac>}. A version that somebody removed and no note is about
 * was not removed by us. All signatures are HMAC-SHA256 with a key of their own that derives from a master key.
 */
public final class DeletionSigner {
    public static final String PREFIX = "breakwater/removed/";

    /** How long changed keys may go unnoticed. */
    private static final Duration RECHECK = Duration.ofSeconds(10);

    private final Supplier<SigningKeys> source;
    private final Clock clock;
    private SigningKeys keys;
    private Instant read = Instant.MIN;

    public DeletionSigner(Supplier<SigningKeys> source, Clock clock) {
        this.source = source;
        this.clock = clock;
    }

    /** A proof that somebody with a master key wanted this object removed. */
    public Tombstone.Proof sign(ObjectInfo object) {
        Tombstone.Version version = Tombstone.Version.of(object);
        String id = keys().current();
        return new Tombstone.Proof(id, version, hmac(id, "dead", object.key(), version.etag(), version.modified()));
    }

    /** Whether a tombstone was put up by somebody with a master key. */
    public boolean isSigned(Tombstone tombstone) {
        Tombstone.Proof proof = tombstone.proof();
        return proof != null
                && proof.hmac() != null
                && proof.of() != null
                && keys().ids().contains(proof.keyId())
                && same(
                        proof.hmac(),
                        hmac(
                                proof.keyId(),
                                "dead",
                                tombstone.key(),
                                proof.of().etag(),
                                proof.of().modified()));
    }

    /** Notes that what lies under a key is about to be removed by us; only where it is kept as an older version then. */
    public void recordRemoval(ObjectStore store, String key) {
        store.version(key).ifPresent(id -> {
            byte[] text = key.getBytes(StandardCharsets.UTF_8); // for people
            store.write(name(keys().current(), key, id), text, Precondition.NONE);
        });
    }

    /** Whether we removed a version. */
    boolean isRecorded(ObjectStore store, Version version) {
        return keys().ids().stream()
                .anyMatch(id -> store.head(name(id, version)).isPresent());
    }

    /** Takes the note about a version away, which is gone for good. */
    void forgetRemoval(ObjectStore store, Version version) {
        keys().ids().stream()
                .map(id -> name(id, version))
                .filter(name -> store.head(name).isPresent())
                .forEach(store::delete);
    }

    private String name(String keyId, Version version) {
        return name(keyId, version.key(), version.id());
    }

    private String name(String keyId, String key, String version) {
        return PREFIX + keyId + "/" + hmac(keyId, "removed", key, version, 0);
    }

    private String hmac(String id, String what, String key, String mark, long modified) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(keys().key(id), "HmacSHA256"));
            String text = what + "\n" + key + "\n" + mark + "\n" + modified;
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HmacSHA256 is part of every JDK", e);
        }
    }

    private static boolean same(String a, String b) {
        return MessageDigest.isEqual(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized SigningKeys keys() {
        Instant now = clock.instant();
        if (keys == null || !read.plus(RECHECK).isAfter(now)) {
            keys = source.get();
            read = now;
        }
        return keys;
    }
}
