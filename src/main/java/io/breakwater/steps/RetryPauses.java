package io.breakwater.steps;

import io.breakwater.api.BoundedCache;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Pauses between the attempts of work that fails. Each failure in a row doubles the pause, up to a limit. The failures are counted in
 * this process, so the first pause after a restart is short again.
 */
public final class RetryPauses {
    private static final Duration FIRST = Duration.ofSeconds(5);
    private static final int MOST_DOUBLINGS = 10;

    /** Kinds of work that fail at the same time. One that is forgotten starts with a short pause again. */
    private static final int MOST = 10_000;

    private final Clock clock;
    private final Map<String, Failures> failing = BoundedCache.of(MOST);

    /** @param next earliest time of the next attempt */
    private record Failures(int inARow, Instant next) {}

    public RetryPauses(Clock clock) {
        this.clock = clock;
    }

    /**
     * An attempt failed.
     *
     * @param id of the work
     * @param longest limit of the pause
     * @return the pause before the next attempt
     */
    public Duration failed(String id, Duration longest) {
        Failures before = failing.get(id);
        int inARow = before == null ? 1 : before.inARow + 1;
        Duration pause = after(inARow, longest);
        failing.put(id, new Failures(inARow, clock.instant().plus(pause)));
        return pause;
    }

    /** What is left of the pause; empty if the next attempt may start now. */
    public Optional<Duration> left(String id) {
        return Optional.ofNullable(failing.get(id))
                .map(failures -> Duration.between(clock.instant(), failures.next))
                .filter(Duration::isPositive);
    }

    /** The work succeeded, or is not needed any more. */
    public void forget(String id) {
        failing.remove(id);
    }

    /** The pause after a number of failures in a row. */
    public static Duration after(int failures, Duration longest) {
        Duration grown = FIRST.multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        return grown.compareTo(longest) < 0 ? grown : longest;
    }
}
