package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.volume.KeptSnapshots;
import java.util.Optional;

/** Checks a capture whose snapshots stay in the storage against the quota of its location for such snapshots. */
final class RetainedQuota {
    private final KeptSnapshots retained;

    RetainedQuota(KeptSnapshots retained) {
        this.retained = retained;
    }

    /**
     * Checks the quota before anything is captured. Snapshots of deleted points count until their grace period ends.
     *
     * @param snapshots that the capture adds
     * @throws BreakwaterException QuotaExceeded, when there would be more than the quota allows
     */
    void requireRoom(BackupLocation location, String namespace, int snapshots) {
        Quota quota = location.getSpec().quota;
        if (quota == null || snapshots == 0 || (quota.keptSnapshots == null && quota.keptBytes == null)) {
            return;
        }
        KeptSnapshots.Usage used = retained.usage(KeptSnapshots.locationName(location), namespace);
        if (quota.keptSnapshots != null && used.snapshots() + snapshots > quota.keptSnapshots) {
            throw exceeded(
                    location,
                    namespace,
                    used.snapshots() + " snapshots in the storage and needs " + snapshots + " more, of "
                            + quota.keptSnapshots + " (spec.quota.keptSnapshots)");
        }
        Optional<Long> bytes = quota.ofKeptBytes();
        if (bytes.isPresent() && used.bytes() >= bytes.get()) {
            throw exceeded(
                    location,
                    namespace,
                    used.bytes() + " of " + bytes.get() + " bytes in snapshots in the storage ("
                            + Quota.text(used.bytes()) + " of " + Quota.text(bytes.get()) + ", spec.quota.keptBytes)");
        }
    }

    private static BreakwaterException exceeded(BackupLocation location, String namespace, String what) {
        return BreakwaterException.permanent(
                Reason.QuotaExceeded,
                "namespace " + namespace + " uses " + what + " for points in " + ObjectNames.of(location)
                        + ", so no snapshot is added; delete RestorePoints, or reduce spec.retention of the BackupPolicy,"
                        + " which deletes snapshots after the grace period, or raise spec.quota of the BackupLocation");
    }
}
