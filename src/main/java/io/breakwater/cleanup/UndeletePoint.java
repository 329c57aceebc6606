package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.SealSignatures;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;

/**
 * Undeletes a point within its grace period: first the objects that it needs, then its seal, so that a point with a seal is
 * complete. Catalog sync then creates its RestorePoint again. If the seal is already there, because someone restored it, the
 * objects are undeleted anyway. Can be repeated after an interruption.
 */
@ApplicationScoped
class UndeletePoint {
    private final Stores stores;
    private final LocationKeys keys;

    UndeletePoint(Stores stores, LocationKeys keys) {
        this.stores = stores;
        this.keys = keys;
    }

    /**
     * Undeletes a point in one location.
     *
     * @throws BreakwaterException RestorePointNotFound, if it was not deleted here within the grace period; Tampered, if an
     *     object of it is missing or altered; Conflict, if another point has that name now
     */
    void undelete(BackupLocation location, PointKey key) {
        ObjectStore store = stores.open(location);
        DeletionScope points = DeletionScope.points(key.source());
        byte[] seal = DeletedObjects.renew(store, points, key.sealKey())
                .or(() -> store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT).map(Document::content))
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotFound,
                        "point " + key + " was not deleted from location "
                                + location.getMetadata().getName()
                                + ", or its grace period is over; another location may still have it"));
        PointDocument document = new SealSignatures(location, store, keys.ring(location)).verify(key, seal);
        document.owned().ifPresent(repository -> undelete(store, repository, document));
        SoftDeleteStore soft = new SoftDeleteStore(store, points);
        DeletedObjects.listDeleted(store, points, key.directory()).stream()
                .filter(k -> !k.equals(key.sealKey()))
                .forEach(soft::undelete);
        document.objects().forEach(o -> soft.undelete(o.key()));
        new Catalog(stores, keys).verifyObjects(location, document);
        boolean sealed = store.write(key.sealKey(), seal, Precondition.ABSENT).isPresent()
                || store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                        .filter(d -> Arrays.equals(d.content(), seal))
                        .isPresent();
        if (!sealed) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "location " + location.getMetadata().getName() + " has another point " + key
                            + " now; delete that one first");
        }
        DeletedObjects.forget(store, points, key.sealKey());
    }

    private static void undelete(ObjectStore store, OwnedRepository repository, PointDocument document) {
        SoftDeleteStore soft = new SoftDeleteStore(store, repository.deletions());
        // Also undeletes repository files of other deleted points; the next prune deletes the files that no snapshot
        // needs.
        for (String type : new String[] {"data/", "index/"}) {
            DeletedObjects.listDeleted(store, repository.deletions(), repository.prefix() + type)
                    .forEach(soft::undelete);
        }
        document.moved().forEach(v -> soft.undelete(repository.snapshot(v.repositorySnapshot())));
    }
}
