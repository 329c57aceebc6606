package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.steps.Parallel;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletedPoint;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** The points of locations: reads, verifies, writes and deletes them. {@link VeleroCatalog} reads the backups of Velero. */
@ApplicationScoped
public class Catalog {
    /** Reads of one store at the same time. */
    private static final int READS = 16;

    /** Stands for the mark among the names of snapshots. */
    private static final String MARK = "";

    private final Stores stores;
    private final LocationKeys keys;
    private final VeleroCatalog velero = new VeleroCatalog();

    public Catalog(Stores stores, LocationKeys keys) {
        this.stores = stores;
        this.keys = keys;
    }

    /**
     * A verified point.
     *
     * @param digest SHA-256 of {@code point.json}
     */
    public record Sealed(PointDocument document, String digest) {}

    /** All seals in a location; reads no content. */
    public List<PointKey> list(BackupLocation location) {
        return list(location, point -> true);
    }

    /**
     * Seals in a location; reads no content.
     *
     * @param wanted which of them to return. It is asked once about each, and the others take no memory
     */
    public List<PointKey> list(BackupLocation location, Predicate<PointKey> wanted) {
        if (location.getSpec().hasVeleroLayout()) {
            return velero.list(location, stores.open(location)).stream()
                    .filter(wanted)
                    .toList();
        }
        PointKey[] before = new PointKey[1]; // keys are listed by namespace
        return stores.open(location).gather(StoreLayout.points(), listed -> {
            Optional<PointKey> key = PointKey.ofSeal(listed).map(point -> point.sharing(before[0]));
            before[0] = key.orElse(before[0]);
            return key.filter(wanted);
        });
    }

    /**
     * A point whose signature was verified; empty when it does not exist.
     *
     * @throws BreakwaterException Tampered, when the signature does not match; KeyMismatch, when the seal names a key that the
     *     Secret does not have
     */
    public Optional<Sealed> read(BackupLocation location, PointKey key) {
        if (location.getSpec().hasVeleroLayout()) {
            return velero.read(location, stores.open(location), key);
        }
        ObjectStore store = stores.open(location);
        return store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                .map(Document::content)
                .map(content -> new Sealed(
                        new SealSignatures(location, store, keys.ring(location)).verify(key, content),
                        Digests.sha256Hex(content)));
    }

    /** The verified document of a point; empty when it does not exist. */
    public Optional<PointDocument> find(BackupLocation location, PointKey key) {
        return read(location, key).map(Sealed::document);
    }

    /**
     * Checks that data which is copied between two locations can be decrypted at the target.
     *
     * @throws BreakwaterException KeyMismatch, when it cannot
     */
    public void checkSharedKey(BackupLocation from, BackupLocation to) {
        String written = from.getStatus() == null ? null : from.getStatus().keyId;
        if (written == null || to.getStatus() == null || to.getStatus().keyId == null) {
            throw BreakwaterException.retryable(
                    Reason.LocationNotReady, ObjectNames.of(written == null ? from : to) + " has not been probed yet");
        }
        if (!keys.ring(to).has(written)) {
            throw BreakwaterException.permanent(
                    Reason.KeyMismatch,
                    ObjectNames.of(from) + " is written with master key " + written + ", which Secret "
                            + LocationKeys.secretPath(to) + " of " + ObjectNames.of(to)
                            + " does not hold, so points cannot be copied between them; give both the same keys");
        }
    }

    /**
     * Verifies a seal that is copied: with the keys of the target, which the owner of the source may not have.
     *
     * @param store that has the objects that vouch for the seal
     * @throws BreakwaterException Tampered or KeyMismatch
     */
    public PointDocument verifyCopy(BackupLocation to, ObjectStore store, PointKey key, byte[] seal) {
        PointDocument document = new SealSignatures(to, store, keys.ring(to)).verify(key, seal);
        document.foreignObject().ifPresent(name -> {
            throw SealCodec.tampered(key, "it names object " + name + ", which is not one of this point");
        });
        return document;
    }

    /**
     * Writes the seal once, signed with the key that the location is written with. A second call for the same RestorePoint finds
     * the first seal.
     *
     * @return digest of the seal in the store
     * @throws BreakwaterException Conflict, when a point of that name by another RestorePoint exists
     */
    public String seal(BackupLocation location, PointDocument document) {
        return seal(location, document, () -> {});
    }

    /**
     * The same.
     *
     * @param permission runs right before the seal is written, and throws if it must not be written
     */
    public String seal(BackupLocation location, PointDocument document, Runnable permission) {
        PointKey key = document.key();
        requireOwnObjects(location, document);
        ObjectStore store = stores.open(location);
        // The Secret is read now: it may have lost a key since the archive was written.
        AtomicReference<KeyRing> read = new AtomicReference<>();
        Parallel.each(
                READS,
                List.<Runnable>of(
                        () -> requireNewSnapshots(location, store, document), () -> read.set(keys.ring(location))),
                Runnable::run);
        KeyRing ring = read.get();
        String keyId = keyOf(location, store, ring, document);
        byte[] content = SealCodec.sign(document.signedWith(keyId), ring.catalogKey(keyId, key.source()));
        permission.run();
        if (store.write(key.sealKey(), content, Precondition.ABSENT).isPresent()) {
            return Digests.sha256Hex(content);
        }
        Sealed there = read(location, key)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable, "point " + key + " was deleted while it was read"));
        if (!document.uid().equals(there.document().uid())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    ObjectNames.of(location) + " already holds another point " + key
                            + "; give the RestorePoint another name");
        }
        return there.digest();
    }

    /**
     * The key that a seal is signed with: the one that the key of its archive is wrapped with, so that both need the same key. It
     * was the key of the location when the archive was written, and may have been replaced since.
     */
    private String keyOf(BackupLocation location, ObjectStore store, KeyRing ring, PointDocument document) {
        if (document.archiveKey() == null) {
            return keys.writing(location, store, ring);
        }
        if (!ring.has(document.keyId())) {
            throw keys.missing(location, store, ring, document.keyId());
        }
        new SealSignatures(location, store, ring).cipher(document, "");
        return document.keyId();
    }

    /**
     * The header of the archive that a RestorePoint wrote.
     *
     * @throws BreakwaterException StoreUnavailable, when there is no archive; Tampered, when it has no header
     */
    public ArchiveHeader archiveHeader(BackupLocation location, PointKey key, String uid) {
        String name = key.archiveKey(uid);
        try (InputStream content = stores.open(location)
                .open(name, 0, ArchiveHeader.LONGEST)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable, name + " was deleted before the point was sealed"))) {
            return ArchiveHeader.read(content);
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "could not read " + name + ", cut off: " + e.getMessage(), e);
        }
    }

    /** A seal names only objects that its own RestorePoint wrote: a user who deletes a point deletes what its seal names. */
    private static void requireOwnObjects(BackupLocation location, PointDocument document) {
        document.foreignObject().ifPresent(name -> {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "point " + document.key() + " was not sealed in " + ObjectNames.of(location) + ": object " + name
                            + " is not one of its RestorePoint; create a new RestorePoint");
        });
    }

    /** Snapshots are reported in a status. One that is older than the capture belongs to another point, which may be locked. */
    private static void requireNewSnapshots(BackupLocation location, ObjectStore store, PointDocument document) {
        List<PointDocument.Volume> moved = document.moved();
        if (moved.isEmpty()) {
            return;
        }
        List<String> asked = new ArrayList<>(moved.stream()
                .map(volume -> document.owned().orElseThrow().snapshot(volume.repositorySnapshot()))
                .distinct()
                .toList());
        asked.add(MARK);
        Map<String, Optional<Instant>> times = Parallel.map(
                READS,
                asked,
                name -> name.equals(MARK)
                        ? InProgressMarker.since(store, document.key())
                        : store.head(name).map(found -> found.info().lastModified()));
        Optional<Instant> start = times.get(MARK);
        for (PointDocument.Volume volume : moved) {
            String name = document.owned().orElseThrow().snapshot(volume.repositorySnapshot());
            Optional<Instant> written = times.get(name);
            if (written.isEmpty()) {
                throw BreakwaterException.permanent(
                        Reason.RestorePointNotSealed,
                        "point " + document.key() + " was not sealed in " + ObjectNames.of(location) + ": " + name
                                + ", the snapshot of claim " + volume.pvc()
                                + ", does not exist; create a new RestorePoint");
            }
            if (start.isPresent() && written.get().isBefore(start.get())) {
                throw BreakwaterException.permanent(
                        Reason.Conflict,
                        "point " + document.key() + " was not sealed in " + ObjectNames.of(location)
                                + ": the snapshot of" + " claim " + volume.pvc()
                                + " is older than the capture; create a new RestorePoint");
            }
        }
    }

    /**
     * A verified point that is deleted, or was.
     *
     * @param seal as it was read just now; empty when the point is deleted already and can still be restored
     */
    public record Deletable(PointDocument document, Optional<Document> seal) {}

    /**
     * The point of a verified seal, or of a seal that was deleted and can still be restored; empty when there is neither.
     *
     * @param accepted whether a point is meant; a seal that is not accepted is skipped
     * @throws BreakwaterException Tampered or KeyMismatch, when a seal cannot be verified
     */
    public Optional<Deletable> findDeletable(BackupLocation location, PointKey key, Predicate<PointDocument> accepted) {
        ObjectStore store = stores.open(location);
        return store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                .map(seal -> new Deletable(verified(location, store, key, seal.content()), Optional.of(seal)))
                .filter(found -> accepted.test(found.document()))
                .or(() -> DeletedObjects.contentOf(store, DeletionScope.points(key.source()), key.sealKey())
                        .map(seal -> new Deletable(verified(location, store, key, seal), Optional.empty()))
                        .filter(found -> accepted.test(found.document())));
    }

    private PointDocument verified(BackupLocation location, ObjectStore store, PointKey key, byte[] seal) {
        return new SealSignatures(location, store, keys.ring(location)).verify(key, seal);
    }

    /**
     * Keys in the directories of the RestorePoint whose uid an unverified seal contains. The directories also have the point's
     * place in their names, so a forged uid leads to no other point.
     */
    public List<String> listOwnArchive(BackupLocation location, PointKey key) {
        ObjectStore store = stores.open(location);
        return store.readIfBounded(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                .flatMap(seal -> SealCodec.uid(seal.content()))
                .map(uid -> key.objectPrefixes(uid).stream()
                        .flatMap(prefix -> store.gather(prefix, o -> Optional.of(o.key())).stream())
                        .toList())
                .orElse(List.of());
    }

    /**
     * Compares every object of a point with its digest in the seal, and the repository's snapshot of each volume with its name,
     * which is its digest. The data of the snapshots is verified when it is read.
     *
     * @throws BreakwaterException Tampered, naming the first object that is missing or different
     */
    public void verifyObjects(BackupLocation location, PointDocument document) {
        ObjectStore store = stores.open(location);
        document.objects().forEach(o -> verify(store, document.key(), o.key(), o.sha256()));
        verifySnapshots(location, document);
    }

    /**
     * Compares the repository's snapshot of each volume with its name, which is its digest.
     *
     * @throws BreakwaterException Tampered, naming the first snapshot that is missing or different
     */
    public void verifySnapshots(BackupLocation location, PointDocument document) {
        ObjectStore store = stores.open(location);
        for (PointDocument.Volume v : document.moved()) {
            String key = document.owned().orElseThrow().snapshot(v.repositorySnapshot());
            verify(store, document.key(), key, v.repositorySnapshot());
        }
    }

    private static void verify(ObjectStore store, PointKey point, String key, String sha256) {
        InputStream content =
                store.open(key, 0, -1).orElseThrow(() -> SealCodec.tampered(point, "object " + key + " is missing"));
        if (!sha256.equals(sha256(content, key))) {
            throw SealCodec.tampered(point, "object " + key + " does not have its digest");
        }
    }

    /**
     * SHA-256 of an object, lower-case hexadecimal.
     *
     * @throws BreakwaterException StoreUnavailable, when it does not exist or the read was cut off
     */
    static String digest(ObjectStore store, String key) {
        return sha256(
                store.open(key, 0, -1)
                        .orElseThrow(() -> BreakwaterException.retryable(
                                Reason.StoreUnavailable, key + " was deleted while it was read")),
                key);
    }

    /**
     * What a capture has to know of a location before it writes the objects of the point.
     *
     * @param present the point of that name; empty when there is none
     * @param keyId of the master key that the location is written with
     */
    public record Opening(Optional<PointDocument> present, KeyRing ring, String keyId) {}

    /**
     * Marks a point as unfinished in a location, before any other object of it is written. Reads at the same time what the capture
     * has to know. If the point exists already, the mark does no harm, and {@link #markFinished} deletes it.
     *
     * @param uid of the RestorePoint that the point is captured for
     */
    public Opening startPoint(BackupLocation location, PointKey key, String uid) {
        ObjectStore store = stores.open(location);
        AtomicReference<Optional<PointDocument>> present = new AtomicReference<>();
        AtomicReference<Opening> opening = new AtomicReference<>();
        Parallel.each(
                READS,
                List.<Runnable>of(
                        () -> present.set(find(location, key)), () -> InProgressMarker.create(store, key, uid), () -> {
                            KeyRing ring = keys.ring(location);
                            opening.set(new Opening(Optional.empty(), ring, keys.writing(location, store, ring)));
                        }),
                Runnable::run);
        return new Opening(present.get(), opening.get().ring(), opening.get().keyId());
    }

    /** Deletes the mark of a point that is sealed, or of which no data is left. */
    public void markFinished(BackupLocation location, PointKey key) {
        InProgressMarker.delete(stores.open(location), key);
    }

    /**
     * The snapshots that the seals in a location name, including seals that were deleted and can still be restored. Reads every
     * seal once, so call it after the snapshots of all repositories were listed.
     *
     * @param repositories ids of those whose snapshots matter
     */
    public SealedSnapshots sealedSnapshots(BackupLocation location, Collection<String> repositories) {
        ObjectStore store = stores.open(location);
        SealSignatures signatures = new SealSignatures(location, store, keys.ring(location));
        SealedSnapshots sealed = new SealedSnapshots(repositories);
        store.gather(StoreLayout.points(), PointKey::ofSeal)
                .forEach(key -> sealed.add(
                        key,
                        () -> store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                                .map(seal -> signatures.verify(key, seal.content()))));
        store.gather(StoreLayout.pointTombstones(), PointKey::ofTombstone)
                .forEach(key -> sealed.add(
                        key,
                        () -> DeletedObjects.contentOf(store, DeletionScope.points(key.source()), key.sealKey())
                                .map(seal -> signatures.verify(key, seal))));
        return sealed;
    }

    /** Deletes a point in a location, if it exists there. */
    public void unseal(BackupLocation location, PointKey key) {
        findDeletable(location, key, document -> true).ifPresent(found -> unseal(location, found));
    }

    /**
     * Deletes a point by two calls: a tombstone with the content of the seal, and the deletion of the seal. The tombstone names
     * the archive and the snapshots, so that they follow. The point can be restored until its grace period ends.
     */
    public void unseal(BackupLocation location, Deletable point) {
        PointDocument document = point.document();
        SoftDeleteStore store = new SoftDeleteStore(
                stores.open(location), DeletionScope.points(document.key().source()));
        point.seal().ifPresent(seal -> store.deletePoint(seal, rest(document)));
    }

    /** What belongs to a point in addition to its seal. A directory in the layout of Velero belongs to it only if the seal names it. */
    private static DeletedPoint rest(PointDocument document) {
        List<String> directories = document.key().objectPrefixes(document.uid()).stream()
                .filter(prefix ->
                        document.objects().stream().anyMatch(o -> o.key().startsWith(prefix)))
                .toList();
        List<PointDocument.Volume> moved = document.moved();
        return new DeletedPoint(
                directories,
                document.repository(),
                moved.stream().map(PointDocument.Volume::repositorySnapshot).toList(),
                moved.stream().mapToLong(v -> Math.max(0, v.addedBytes())).sum());
    }

    private static String sha256(InputStream content, String key) {
        try (content) {
            MessageDigest digest = Digests.sha256();
            byte[] buffer = new byte[64 * 1024];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "could not read " + key + ", cut off: " + e.getMessage(), e);
        }
    }
}
