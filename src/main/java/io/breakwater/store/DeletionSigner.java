package io.breakwater.store;

import io.breakwater.api.Digests;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Version;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;

/**
 * Distinguishes the deletions of Breakwater from those of an attacker that has the store's credentials but no master key. A
 * tombstone has a signature; the sweep ignores a tombstone without a valid one. A deletion leaves a note in the store, whose name
 * is a signature of the deleted version: {@code breakwater/removed/<keyId>/<hmac>}. A hidden version without a note was not
 * deleted by Breakwater. All signatures are HMAC-SHA256 with a separate key that derives from a master key.
 */
public final class DeletionSigner {
    /** Time after which changed keys are read again. */
    private static final Duration RECHECK = Duration.ofSeconds(10);

    private final Supplier<SigningKeys> source;
    private final Clock clock;
    private SigningKeys keys;
    private Instant read = Instant.MIN;

    public DeletionSigner(Supplier<SigningKeys> source, Clock clock) {
        this.source = source;
        this.clock = clock;
    }

    /** The proof that a holder of a master key deletes this object. */
    public Tombstone.Proof sign(ObjectInfo object) {
        Tombstone.Version version = Tombstone.Version.of(object);
        String id = keys().current();
        return new Tombstone.Proof(id, version, hmac(id, "dead", object.key(), version.etag(), version.modified()));
    }

    /** Whether a holder of a master key wrote a tombstone. */
    public boolean isSigned(Tombstone tombstone) {
        Tombstone.Proof proof = tombstone.proof();
        return proof != null
                && proof.hmac() != null
                && proof.of() != null
                && keys().ids().contains(proof.keyId())
                && Digests.areEqual(
                        proof.hmac(),
                        hmac(
                                proof.keyId(),
                                "dead",
                                tombstone.key(),
                                proof.of().etag(),
                                proof.of().modified()));
    }

    /** Writes the note that Breakwater is about to delete an object, if the store retains it as an older version. */
    public void recordRemoval(ObjectStore store, String key) {
        store.version(key).ifPresent(id -> {
            byte[] text = key.getBytes(StandardCharsets.UTF_8); // for a human reader
            store.write(name(keys().current(), key, id), text, Precondition.NONE);
        });
    }

    /** Whether Breakwater deleted a version. */
    boolean isRecorded(ObjectStore store, Version version) {
        return keys().ids().stream()
                .anyMatch(id -> store.head(name(id, version)).isPresent());
    }

    /** Deletes the note about a version that no longer exists. */
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
        return StoreLayout.deletionNote(keyId, hmac(keyId, "removed", key, version, 0));
    }

    private String hmac(String id, String what, String key, String mark, long modified) {
        return Digests.hmacHex(keys().key(id), what + "\n" + key + "\n" + mark + "\n" + modified);
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
