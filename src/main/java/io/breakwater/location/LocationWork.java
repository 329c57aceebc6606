package io.breakwater.location;

import java.time.Duration;
import java.util.Optional;

/**
 * The kinds of work that controllers repeat for each BackupLocation, and how soon a location is reconciled again. These times
 * are behaviour: they decide how soon a change is noticed, and how often a store is asked. The end of the work and a changed
 * spec wake a location earlier.
 *
 * <p>Some kinds work at each reconciliation, and their controller chooses the time of the next one. The others work in
 * rounds: a location is reconciled often, and the work starts only when its next round is due.
 */
public enum LocationWork {
    /** The probe of a store. It makes a location ready, so it does not wait for that. Looks after 5 s while it runs. */
    PROBE(Duration.ofSeconds(5), Duration.ofSeconds(5)),

    /** The sync of the catalog. Waits 2 s for a location that is not ready; looks after 1 min while it runs. */
    CATALOG(Duration.ofSeconds(2), Duration.ofMinutes(1)),

    /** The rotation of master keys. Waits 5 s for a location that is not ready; looks after 1 min while it runs. */
    ROTATION(Duration.ofSeconds(5), Duration.ofMinutes(1)),

    /** The measurement of quotas. In rounds; looks every 30 s. */
    QUOTA(Duration.ofSeconds(30)),

    /** The extension of object locks. In rounds; looks every 30 s. */
    IMMUTABILITY(Duration.ofSeconds(30)),

    /** The sweep of tombstones. In rounds; looks every 10 s, since the annotation that requests an undelete wakes nothing. */
    TOMBSTONES(Duration.ofSeconds(10)),

    /** The sweep of unfinished backups. In rounds; looks every 10 s, and every 3 s while a Job deletes what was found. */
    UNSEALED(Duration.ofSeconds(10));

    private static final Duration FOLLOW_UP = Duration.ofSeconds(3);

    private final Duration untilReady;
    private final Duration whileRunning;
    private final Optional<Duration> betweenRounds;

    LocationWork(Duration untilReady, Duration whileRunning) {
        this.untilReady = untilReady;
        this.whileRunning = whileRunning;
        this.betweenRounds = Optional.empty();
    }

    LocationWork(Duration betweenRounds) {
        this.untilReady = betweenRounds;
        this.whileRunning = betweenRounds;
        this.betweenRounds = Optional.of(betweenRounds);
    }

    /** When a location that is not ready is reconciled again. */
    Duration untilReady() {
        return untilReady;
    }

    /** When a location is reconciled again while the work runs. */
    Duration whileRunning() {
        return whileRunning;
    }

    /** When a location is reconciled again between two rounds; empty for work that is not done in rounds. */
    Optional<Duration> betweenRounds() {
        return betweenRounds;
    }

    /** Whether a round deletes data of the location. */
    boolean deletes() {
        return this == TOMBSTONES || this == UNSEALED || this == IMMUTABILITY;
    }

    /** When a location is reconciled again while a round has a follow-up. */
    Duration duringFollowUp() {
        return FOLLOW_UP;
    }
}
