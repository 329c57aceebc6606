package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.PointKey;
import io.breakwater.catalog.SealSignatures;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;

/**
 * Takes the deletion of a point back, while its grace period lasts: first what it needs, its seal last, so that a point
 * that is there is whole. Catalog sync then shows it again. Where the seal is in its place, because somebody put it back,
 * what it needs comes back all the same. May be done again after it was cut off.
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
     * Brings a point back in one location.
     *
     * @throws BreakwaterException RestorePointNotFound, when it was not deleted here lately; Tampered, when something of it is
     *     gone or altered; Conflict, when there is another point of that name by now
     */
    void undelete(BackupLocation location, PointKey key) {
        ObjectStore store = stores.open(location);
        DeletedObjects graveyard = new DeletedObjects(store, key.site());
        byte[] seal = graveyard
                .contentOf(key.namespace(), key.sealKey())
                .or(() -> store.read(key.sealKey()).map(Document::content))
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotFound,
                        "point " + key + " was not deleted from location "
                                + location.getMetadata().getName()
                                + ", or its grace period is over; another location may still have it"));
        PointDocument document = new SealSignatures(location, store, keys.ring(location)).verify(key, seal);
        SoftDeleteStore grace = new SoftDeleteStore(store, key.site(), key.namespace());
        // Files of the repository that other points let go come back too: the next prune removes what nobody needs.
        for (String type : new String[] {"data/", "index/"}) {
            graveyard
                    .listDeleted(key.namespace(), key.repositoryPrefix() + type)
                    .forEach(grace::undelete);
        }
        graveyard.listDeleted(key.namespace(), key.directory()).stream()
                .filter(k -> !k.equals(key.sealKey()))
                .forEach(grace::undelete);
        document.moved().forEach(v -> grace.undelete(key.repositoryPrefix() + "snapshots/" + v.repositorySnapshot()));
        document.objects().forEach(o -> grace.undelete(o.key()));
        new Catalog(stores, keys).verifyObjects(location, document);
        boolean there = store.write(key.sealKey(), seal, Precondition.ABSENT).isPresent()
                || store.read(key.sealKey())
                        .filter(d -> Arrays.equals(d.content(), seal))
                        .isPresent();
        if (!there) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "location " + location.getMetadata().getName() + " holds another point " + key
                            + " by now; delete that one first");
        }
        graveyard.forget(key.namespace(), key.sealKey());
    }
}
