package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.SealSignatures;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.mover.MoverJobs;
import io.breakwater.steps.RunLabel;
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
    private final MoverJobs movers;
    private final BreakwaterConfig config;

    UndeletePoint(Stores stores, LocationKeys keys, MoverJobs movers, BreakwaterConfig config) {
        this.stores = stores;
        this.keys = keys;
        this.movers = movers;
        this.config = config;
    }

    /**
     * Undeletes a point in one location.
     *
     * @throws BreakwaterException RestorePointNotFound, if it was not deleted here within the grace period; Tampered, if an
     *     object of it is missing or altered; Conflict, if another point has that name now; StoreUnavailable, while its repository
     *     is being pruned
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
        document.owned().ifPresent(repository -> undelete(location, store, repository, document));
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
        // A round that saw the tombstone and no seal may have hidden the snapshots again. From now on it sees the
        // change itself.
        document.owned().ifPresent(repository -> showSnapshots(store, repository, document));
    }

    /**
     * Undeletes the snapshots first: a prune that starts later sees them. An earlier one has listed the snapshots without them, and would
     * delete the other files again.
     */
    private void undelete(
            BackupLocation location, ObjectStore store, OwnedRepository repository, PointDocument document) {
        requireNoPrune(location, store, repository);
        showSnapshots(store, repository, document);
        requireNoPrune(location, store, repository);
        SoftDeleteStore soft = new SoftDeleteStore(store, repository.deletions());
        // Also undeletes repository files of other deleted points; the next prune deletes the files that no snapshot
        // needs.
        for (String type : new String[] {"data/", "index/"}) {
            DeletedObjects.listDeleted(store, repository.deletions(), repository.prefix() + type)
                    .forEach(soft::undelete);
        }
    }

    /** The record is read from the store. A pod of a deleted Job may still write. */
    private void requireNoPrune(BackupLocation location, ObjectStore store, OwnedRepository repository) {
        String run = RunLabel.ofPrune(location, repository.id());
        if (PruneRecord.read(store, repository.id()).isRunning()
                || movers.runs(config.namespace()).contains(run)
                || movers.anyPod(config.namespace(), run)) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "waiting until the prune of repository " + repository + " in location "
                            + location.getMetadata().getName() + " has ended");
        }
    }

    private static void showSnapshots(ObjectStore store, OwnedRepository repository, PointDocument document) {
        SoftDeleteStore soft = new SoftDeleteStore(store, repository.deletions());
        document.moved().forEach(v -> soft.undelete(repository.snapshot(v.repositorySnapshot())));
    }
}
