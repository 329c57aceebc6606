package io.breakwater.store;

import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Immutability;
import io.breakwater.api.Durations;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * The lock that a location sets on its objects: how strong it is, and how long it lasts from the moment of writing. Objects
 * that change or disappear in normal operation have no lock, for example locks of restic, leases, tombstones and heartbeats.
 */
public record ObjectLock(Immutability.Mode mode, Duration period, Clock clock) {
    /** The lock of a location; null when it has none. */
    public static ObjectLock of(BackupLocationSpec spec, Clock clock) {
        return spec.immutability == null
                ? null
                : new ObjectLock(spec.immutability.mode, Durations.parse(spec.immutability.period), clock);
    }

    /** Whether an object with this key is locked. */
    public static boolean covers(String key) {
        return StoreLayout.isLocked(key);
    }

    /** The end of a lock that starts now. */
    public Instant until() {
        return clock.instant().plus(period);
    }
}
