package io.breakwater.replication;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.steps.NamedLocks;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.stream.Stream;

/** Copies sealed points from one location to another. Blocks; meant for virtual threads. */
@ApplicationScoped
public class Replicator {
    /**
     * Objects that the whole process copies concurrently; each needs a few buffers of the clients of its stores. One pair of
     * locations gets only a part of them.
     */
    private static final int STREAMS = 8;

    private final Catalog catalog;
    private final RepositoryRegister register;
    private final Stores stores;
    private final LocationPlaces streams = new LocationPlaces(STREAMS, Integer.MAX_VALUE);
    private final NamedLocks repositories = new NamedLocks();

    public Replicator(Catalog catalog, Stores stores, RepositoryRegister register) {
        this.catalog = catalog;
        this.register = register;
        this.stores = stores;
    }

    /**
     * Copies a point, and last its seal, byte for byte. Copies of the same repository to the same location run one after the
     * other, because the second one finds nearly all files at the target.
     *
     * @param uid of the RestorePoint that the point was captured for
     * @param requireWanted throws when the copy is not wanted any more; called at the start and right before the seal
     * @throws BreakwaterException when the copy failed; after a retryable failure the next call continues it
     */
    public CopyResult copy(BackupLocation from, BackupLocation to, PointKey key, String uid, Runnable requireWanted) {
        catalog.checkSharedKey(from, to);
        ObjectStore source = stores.open(from);
        Catalog.Sealed sealed = catalog.read(from, key)
                .filter(found -> uid.equals(found.document().uid()))
                .orElseThrow(() -> missing(from, key));
        String shared = sealed.document().owned().map(OwnedRepository::id).orElse(key.path());
        try (NamedLocks.Held lock = repositories.lock(to.getMetadata().getUid() + "/" + shared)) {
            byte[] seal = source.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                    .map(Document::content)
                    .orElseThrow(() -> missing(from, key));
            if (!Digests.sha256Hex(seal).equals(sealed.digest())) {
                throw ObjectTransfer.changed(key.sealKey(), "it was replaced");
            }
            PointDocument document = catalog.verifyCopy(to, source, key, seal);
            ObjectStore target = stores.open(to);
            if (target.head(key.sealKey()).isEmpty()) {
                InProgressMarker.create(target, key, sealed.document().uid());
            }
            document.owned().ifPresent(repository -> register.copy(from, to, repository));
            CopyResult copied = new PointTransfer(grace(from, document), grace(to, document), streams)
                    .run(document, seal, requireWanted);
            InProgressMarker.delete(target, key);
            return copied;
        }
    }

    /** Deleted objects are not copied. An object that was deleted only at the target is copied again, which revives it. */
    private ObjectStore grace(BackupLocation location, PointDocument document) {
        DeletionScope points = DeletionScope.points(document.key().source());
        List<DeletionScope> scopes = Stream.concat(
                        Stream.of(points), document.owned().map(OwnedRepository::deletions).stream())
                .toList();
        return new SoftDeleteStore(stores.open(location), scopes);
    }

    private static BreakwaterException missing(BackupLocation from, PointKey key) {
        return BreakwaterException.permanent(
                Reason.RestorePointNotSealed,
                "point " + key + " was not copied: " + ObjectNames.of(from)
                        + " has no seal of it any more; use another RestorePoint");
    }
}
