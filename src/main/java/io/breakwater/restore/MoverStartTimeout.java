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
 * Detects movers that cannot start: no node accepts them, their image is missing, or a claim is never bound. A mover may wait
 * for others of its run as long as one of those runs. The time is counted in this process, so it starts again after a restart.
 */
final class MoverStartTimeout {
    private final Duration patience;
    private final Clock clock;
    private final Map<String, Instant> lastProgress = new ConcurrentHashMap<>();

    MoverStartTimeout(Duration patience, Clock clock) {
        this.patience = patience;
        this.clock = clock;
    }

    /** A mover of the run runs, or has ended. */
    void progressed(RestoreRun run) {
        lastProgress.put(run.uid(), clock.instant());
    }

    /**
     * No mover of the run runs at this moment.
     *
     * @param waiting what each mover waits for
     * @throws BreakwaterException MoverFailed, when that has lasted for too long
     */
    void waiting(RestoreRun run, Collection<String> waiting) {
        Instant since = lastProgress.computeIfAbsent(run.uid(), uid -> clock.instant());
        if (clock.instant().isAfter(since.plus(patience))) {
            lastProgress.remove(run.uid());
            throw run.refused(
                    Reason.MoverFailed,
                    "no mover could start within " + Durations.format(patience) + ": " + String.join("; ", waiting)
                            + "; the volumes do not have the content of the point");
        }
    }

    /** All movers of the run have ended. */
    void finished(RestoreRun run) {
        lastProgress.remove(run.uid());
    }
}
