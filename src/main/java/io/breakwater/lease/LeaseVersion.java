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
 */
public record LeaseVersion(Lease lease, String etag, Instant modified, Instant storeTime) {

    /** Time of the holder's last renewal, by the clock of the store. */
    public Instant renewedAt() {
        return lease.renewedAt() == null ? modified : lease.renewedAt();
    }

    /** Age of the last renewal when the store answered. */
    public Duration age() {
        return Duration.between(renewedAt(), storeTime);
    }
}
