package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The points of locations: read, verified, written, removed. What Velero wrote is read as {@link VeleroCatalog} says. */
@ApplicationScoped
public class Catalog {
    private final Stores stores;
    private final LocationKeys keys;
    private final VeleroCatalog velero = new VeleroCatalog();

    public Catalog(Stores stores, LocationKeys keys) {
        this.stores = stores;
        this.keys = keys;
    }

    /**
     * A point as it was found.
     *
     * @param digest SHA-256 of {@code point.json}
     */
    public record Sealed(PointDocument document, String digest) {}

    /** All seals in a location; their content is not looked at. */
    public List<PointKey> list(BackupLocation location) {
        if (location.getSpec().hasVeleroLayout()) {
            return velero.list(location, stores.open(location));
        }
        List<PointKey> found = new ArrayList<>();
        stores.open(location)
                .list(PointKey.PREFIX, o -> PointKey.ofSeal(o.key()).ifPresent(found::add));
        return found;
    }

    /**
     * A point whose signature was verified; empty when it is not there.
     *
     * @throws BreakwaterException Tampered, when the seal is not what our key signed; KeyMismatch, when a key that we lack is
     *     said to have signed it
     */
    public Optional<Sealed> read(BackupLocation location, PointKey key) {
        if (location.getSpec().hasVeleroLayout()) {
            return velero.read(location, stores.open(location), key);
        }
        ObjectStore store = stores.open(location);
        return store.read(key.sealKey())
                .map(Document::content)
                .map(content -> new Sealed(
                        new SealSignatures(location, store, keys.ring(location)).verify(key, content),
                        SealCodec.sha256(content)));
    }

    /** The document of a point, verified; empty when it is not there. */
    public Optional<PointDocument> find(BackupLocation location, PointKey key) {
        return read(location, key).map(Sealed::document);
    }

    /**
     * Passes when what is copied between two locations can be opened at the target.
     *
     * @throws BreakwaterException KeyMismatch, when it cannot
     */
    public void checkSharedKey(BackupLocation from, BackupLocation to) {
        String written = from.getStatus() == null ? null : from.getStatus().keyId;
        if (written == null || to.getStatus() == null || to.getStatus().keyId == null) {
            throw BreakwaterException.retryable(
                    Reason.LocationNotReady,
                    "BackupLocation " + name(written == null ? from : to) + " has not been probed yet");
        }
        if (!keys.ring(to).has(written)) {
            throw BreakwaterException.permanent(
                    Reason.KeyMismatch,
                    "BackupLocation " + name(from) + " is written with master key " + written + ", which Secret "
                            + LocationKeys.secretPath(to) + " of " + name(to)
                            + " does not hold, so points cannot be copied between them; give both the same keys");
        }
    }

    private static String name(BackupLocation location) {
        return location.getMetadata().getNamespace() + "/"
                + location.getMetadata().getName();
    }

    /**
     * Writes the seal, signed with the key that the location is written with, once. Writing it again for the same RestorePoint finds the first one.
     *
     * @return digest of the seal in the store
     * @throws BreakwaterException Conflict, when a point of that name by another RestorePoint is there
     */
    public String seal(BackupLocation location, PointDocument document) {
        PointKey key = document.key();
        ObjectStore store = stores.open(location);
        KeyRing ring = keys.ring(location);
        String keyId = keys.writing(location, store, ring);
        byte[] content =
                SealCodec.sign(document.signedWith(keyId), ring.catalogKey(keyId, key.site(), key.namespace()));
        if (store.write(key.sealKey(), content, Precondition.ABSENT).isPresent()) {
            return SealCodec.sha256(content);
        }
        Sealed there = read(location, key)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable, "point " + key + " was there and is gone; trying again"));
        if (!document.uid().equals(there.document().uid())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "location " + location.getMetadata().getName() + " already holds another point " + key
                            + "; give the RestorePoint another name");
        }
        return there.digest();
    }

    /**
     * Compares every object of a point with its digest in the seal, and the repository's snapshot of each volume with its
     * name, which is its digest. What the snapshots refer to is checked when it is read.
     *
     * @throws BreakwaterException Tampered, naming the first object that is missing or different
     */
    public void verifyObjects(BackupLocation location, PointDocument document) {
        ObjectStore store = stores.open(location);
        document.objects().forEach(o -> verify(store, document.key(), o.key(), o.sha256()));
        for (PointDocument.Volume v : document.moved()) {
            String key = document.key().repositoryPrefix() + "snapshots/" + v.repositorySnapshot();
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
     * @throws BreakwaterException StoreUnavailable, when it is not there or the reading was cut off
     */
    static String digest(ObjectStore store, String key) {
        return sha256(
                store.open(key, 0, -1)
                        .orElseThrow(() -> BreakwaterException.retryable(
                                Reason.StoreUnavailable, key + " was there and is gone; trying again")),
                key);
    }

    /** Says that a point is about to be captured into a location, before anything of it is written. */
    public void markStarted(BackupLocation location, PointKey key) {
        InProgressMarker.create(stores.open(location), key);
    }

    /** Says that a point is sealed, or that nothing of it is left. */
    public void markFinished(BackupLocation location, PointKey key) {
        InProgressMarker.delete(stores.open(location), key);
    }

    /**
     * Repository snapshots of a namespace that a seal in a location names, those among them that were taken away and can
     * still be put back.
     *
     * @throws BreakwaterException Tampered, when one of the seals is not what our key signed, KeyMismatch, when its key is not at
     *     hand: what it named is not known then
     */
    public Set<String> sealedSnapshots(BackupLocation location, String site, String namespace) {
        ObjectStore store = stores.open(location);
        String prefix = PointKey.PREFIX + site + "/" + namespace + "/";
        List<PointKey> sealed = new ArrayList<>();
        store.list(prefix, o -> PointKey.ofSeal(o.key()).ifPresent(sealed::add));
        Stream<PointDocument> there = sealed.stream().flatMap(key -> find(location, key).stream());
        SealSignatures signatures = new SealSignatures(location, store, keys.ring(location));
        DeletedObjects graveyard = new DeletedObjects(store, site);
        Stream<PointDocument> gone = graveyard.listDeleted(namespace, prefix).stream()
                .flatMap(key -> PointKey.ofSeal(key).stream())
                .flatMap(key -> graveyard.contentOf(namespace, key.sealKey()).stream()
                        .map(content -> signatures.verify(key, content)));
        return Stream.concat(there, gone)
                .flatMap(document -> document.moved().stream())
                .map(PointDocument.Volume::repositorySnapshot)
                .collect(Collectors.toSet());
    }

    /** Takes the seal away: from here on the point does not exist. It can be restored until its grace period ends. */
    public void unseal(BackupLocation location, PointKey key) {
        SoftDeleteStore store = new SoftDeleteStore(stores.open(location), key.site(), key.namespace());
        store.deleteInline(key.sealKey());
        List<String> vouching = new ArrayList<>();
        store.list(key.directory(), o -> vouching.add(o.key()));
        vouching.forEach(store::delete);
    }

    private static String sha256(InputStream content, String key) {
        try (content) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[64 * 1024];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "reading " + key + " was cut off: " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
