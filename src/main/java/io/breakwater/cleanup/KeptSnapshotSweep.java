package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.catalog.Catalog;
import io.breakwater.trust.PointKey;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.KeptSnapshots.Kept;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;

/**
 * Deletes retained snapshots of points that were deleted longer ago than the grace period, and of captures that ended without
 * a seal. The seal decides: while it exists, the snapshots stay.
 */
final class KeptSnapshotSweep {
    private final KeptSnapshots kept;
    private final Catalog catalog;
    private final Duration grace;

    KeptSnapshotSweep(KeptSnapshots kept, Catalog catalog, Duration grace) {
        this.kept = kept;
        this.catalog = catalog;
        this.grace = grace;
    }

    /**
     * Sweeps the snapshots of the points of one location.
     *
     * @param before snapshots of captures that started earlier and have no seal are deleted
     * @param busy namespaces with a running capture or deletion
     * @param trouble gets the errors of points that could not be read; their snapshots stay
     * @return number of deleted snapshots
     */
    int sweep(
            BackupLocation location,
            Instant now,
            Instant before,
            Predicate<String> busy,
            List<BreakwaterException> trouble) {
        int deleted = 0;
        for (Kept k : kept.of(KeptSnapshots.locationName(location))) {
            boolean expired = k.removedAt() != null && k.removedAt().plus(grace).isBefore(now);
            boolean lost = k.removedAt() == null && !k.sealed() && k.madeAt().isBefore(before);
            PointKey key = PointKey.parse(k.point());
            if ((expired || lost) && !busy.test(key.namespace())) {
                try {
                    if (catalog.find(location, key).isPresent()) {
                        kept.unmarkDeleted(k);
                    } else {
                        kept.delete(k.name());
                        deleted++;
                    }
                } catch (BreakwaterException e) {
                    trouble.add(e);
                }
            }
        }
        return deleted;
    }
}
