package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells movers that nobody lets start (no node takes them, no image, a claim that is never bound) from those that take long. A
 * mover may wait for others of its run, for as long as one of those runs. Times count in this process only: after a restart
 * there is the full time again.
 */
final class MoverStartTimeout {
    private final Duration patience;
    private final Clock clock;
    private final Map<String, Instant> moved = new ConcurrentHashMap<>();

    MoverStartTimeout(Duration patience, Clock clock) {
        this.patience = patience;
        this.clock = clock;
    }

    /** Something of the run runs, or has come to its end. */
    void progressed(RestoreRun run) {
        moved.put(run.uid(), clock.instant());
    }

    /**
     * Nothing of the run runs at this moment.
     *
     * @param waiting what each mover waits for
     * @throws BreakwaterException MoverFailed, when that has been so for too long
     */
    void waiting(RestoreRun run, Collection<String> waiting) {
        Instant since = moved.computeIfAbsent(run.uid(), uid -> clock.instant());
        if (clock.instant().isAfter(since.plus(patience))) {
            moved.remove(run.uid());
            throw run.refused(
                    Reason.MoverFailed,
                    "for " + Durations.format(patience) + " no mover could start: " + String.join("; ", waiting)
                            + "; the volumes do not hold the point's content");
        }
    }

    /** The run is over with its movers. */
    void finished(RestoreRun run) {
        moved.remove(run.uid());
    }
}
