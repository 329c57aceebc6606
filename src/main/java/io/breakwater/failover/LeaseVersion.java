package io.breakwater.failover;

import java.time.Duration;
import java.time.Instant;

/**
 * One version of the lease as it was read or written, with the store's own times.
 *
 * @param lease the document
 * @param etag version, on which a change depends
 * @param modified when this version was written, by the store's clock
 * @param storeTime the store's clock when it answered; what is known is at least this old by now
 */
record LeaseVersion(Lease lease, String etag, Instant modified, Instant storeTime) {

    /** When the holder last renewed, by the store's clock. */
    Instant renewedAt() {
        return lease.renewedAt() == null ? modified : lease.renewedAt();
    }

    /** How old the last renewal was when the store answered. */
    Duration age() {
        return Duration.between(renewedAt(), storeTime);
    }
}
