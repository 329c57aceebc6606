package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointKey;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.KeptSnapshots.Kept;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;

/**
 * Has the storage remove the kept snapshots of points that were deleted longer ago than the grace period, and of captures that
 * came to no end. The seal has the last word: while it is there, the snapshots stay.
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
     * Looks at the snapshots of one location's points.
     *
     * @param before since when what has no seal is garbage
     * @param busy namespaces in which something is being captured or removed
     * @param trouble gets what could not be asked; its snapshots stay
     * @return how many are removed
     */
    int sweep(
            BackupLocation location,
            Instant now,
            Instant before,
            Predicate<String> busy,
            List<BreakwaterException> trouble) {
        int dropped = 0;
        for (Kept k : kept.of(KeptSnapshots.locationName(location))) {
            boolean buried = k.removedAt() != null && k.removedAt().plus(grace).isBefore(now);
            boolean lost = k.removedAt() == null && !k.sealed() && k.madeAt().isBefore(before);
            PointKey key = PointKey.parse(k.point());
            if ((buried || lost) && !busy.test(key.namespace())) {
                try {
                    if (catalog.find(location, key).isPresent()) {
                        kept.unmarkDeleted(k);
                    } else {
                        kept.delete(k.name());
                        dropped++;
                    }
                } catch (BreakwaterException e) {
                    trouble.add(e);
                }
            }
        }
        return dropped;
    }
}
