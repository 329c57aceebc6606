package io.breakwater.mover;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Detects runs whose movers cannot start: no node accepts them, their image is missing, or a claim is never bound. A mover may wait
 * for others of its run as long as one of those runs. The time is counted in this process, so it starts again after a restart.
 */
final class MoverStartTimeout {
    /** Age after which the record of a run that no call has ended is deleted. */
    private static final Duration OLD = Duration.ofDays(2);

    /** A mover that ran within this time counts as running. Each of them is looked at every few seconds. */
    private static final Duration RECENT = Duration.ofMinutes(1);

    private final Clock clock;
    private final Map<String, Instant> lastProgress = new ConcurrentHashMap<>();
    private volatile Instant lastRunning = Instant.EPOCH;

    MoverStartTimeout(Clock clock) {
        this.clock = clock;
    }

    /** A mover of the run runs, or has ended. */
    void progressed(String run) {
        lastProgress.put(run, clock.instant());
    }

    /** A mover of any run runs, so it uses resources that others may wait for. */
    void runs() {
        lastRunning = clock.instant();
    }

    /** Whether a mover of any run runs. */
    boolean anyRuns() {
        return !clock.instant().isAfter(lastRunning.plus(RECENT));
    }

    /** A mover of the run waits. Returns whether no mover of the run has run or ended for longer than this time. */
    boolean isExceeded(String run, Duration patience) {
        Instant now = clock.instant();
        if (!lastProgress.containsKey(run)) {
            lastProgress.values().removeIf(last -> last.plus(OLD).isBefore(now));
        }
        return now.isAfter(lastProgress.computeIfAbsent(run, r -> now).plus(patience));
    }

    /** The run is over, or its movers are created again. */
    void forget(String run) {
        lastProgress.remove(run);
    }
}
