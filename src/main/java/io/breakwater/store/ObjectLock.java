package io.breakwater.store;

import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Immutability;
import io.breakwater.api.Durations;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The lock that a location puts on what it holds: how strong, and for how long from the moment of writing. What is changed or
 * removed in the normal course of things, as restic's locks, leases, tombstones and heartbeats are, has none.
 */
public record ObjectLock(Immutability.Mode mode, Duration period, Clock clock) {
    private static final List<String> LOCKED = List.of("breakwater/repos/", "breakwater/points/", "velero/backups/");
    private static final String RESTICS_OWN = "/locks/";

    /** The lock of a location; null when it has none. */
    public static ObjectLock of(BackupLocationSpec spec, Clock clock) {
        return spec.immutability == null
                ? null
                : new ObjectLock(spec.immutability.mode, Durations.parse(spec.immutability.period), clock);
    }

    /** Whether what is written under a key is locked. */
    public static boolean covers(String key) {
        return LOCKED.stream().anyMatch(key::startsWith) && !key.contains(RESTICS_OWN);
    }

    /** Until when what is written now is locked. */
    public Instant until() {
        return clock.instant().plus(period);
    }
}
