package io.breakwater.lease;

import java.time.Duration;
import java.time.Instant;

/**
 * One version of the lease as it was read or written, with the times of the store.
 *
 * @param lease the document
 * @param etag version that a change depends on
 * @param modified time of this write, by the clock of the store
 * @param storeTime clock of the store when it answered; this knowledge is at least so old
 * @param stoodStill time for which this process has seen no renewal, by its own monotonic clock; zero for a renewal that it sees
 *     for the first time
 */
public record LeaseVersion(Lease lease, String etag, Instant modified, Instant storeTime, Duration stoodStill) {

    /** Time of the holder's last renewal, by the clock of the store. */
    public Instant renewedAt() {
        return lease.renewedAt() == null ? modified : lease.renewedAt();
    }

    /** The same version, with the time for which this process has seen no renewal. */
    LeaseVersion after(Duration still) {
        return new LeaseVersion(lease, etag, modified, storeTime, still);
    }

    /** Age of the last renewal by the clock of the store, which can be wrong. For reports only: no site may take the lease by it. */
    public Duration age() {
        return Duration.between(renewedAt(), storeTime);
    }
}
