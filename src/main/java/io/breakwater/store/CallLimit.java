package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.steps.ReconcilePlace;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Limits the calls that are in flight to one location, for all callers in the process. The limit adapts to the store: answered
 * calls raise it slowly, and an answer 429 or 503, or no answer in time, halves it. The pause that a store requests with
 * Retry-After applies to all callers. Callers wait in order and for a bounded time. After that they fail with a retryable error
 * that names the location. No caller that waits has the place of a reconciliation.
 */
public final class CallLimit {
    /** Calls in flight while the store answers. */
    public static final int MOST = 32;

    /** Calls that wait; further ones fail at once, since the store would not serve them in time. */
    static final int MOST_WAITING = 512;

    private static final int LEAST = 2;
    private static final Duration ATTEMPT = Duration.ofSeconds(10);

    /** How often a throttled call is sent, with pauses that double. */
    private static final int ATTEMPTS = 4;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

    /** Answers of calls that were in flight together count as one reason to halve the limit. */
    private static final Duration ROUND = Duration.ofSeconds(1);

    /** What a call shows about the store. A caller that was interrupted shows nothing. */
    private enum Outcome {
        ANSWERED,
        CONGESTED,
        INTERRUPTED
    }

    /** What happens to calls, for metrics. */
    public interface Listener {
        /** A call waited for its turn for this time. */
        default void waited(Duration time) {}

        /** A call failed because its turn did not come in time. */
        default void refused() {}
    }

    /**
     * The bounds of all waits.
     *
     * @param call longest time that one call waits for its turn, and in which a throttled call is repeated
     * @param pause longest pause that a store can request
     * @param least calls that may be in flight, however slow the store is
     * @param attempt longest time in which the store answers one request
     */
    public record Bounds(Duration call, Duration pause, int least, Duration attempt) {
        /** Bounds with the usual least limit and time of a request. */
        public Bounds(Duration call, Duration pause) {
            this(call, pause, LEAST, ATTEMPT);
        }

        /** The bounds of calls of which none is urgent. */
        public static final Bounds DEFAULT = new Bounds(Duration.ofSeconds(30), Duration.ofSeconds(30));
    }

    /**
     * What the callers of the location are doing.
     *
     * @param limit number of calls that may be in flight
     * @param pause that the store requested, as far as it is not over
     * @param sinceThrottled time since the store asked for fewer requests; empty if it never did
     * @param sinceUnanswered time since a call was not answered in time or was throttled; empty if there was none
     */
    public record State(
            int inFlight,
            int waiting,
            int limit,
            Duration pause,
            Optional<Duration> sinceThrottled,
            Optional<Duration> sinceUnanswered) {}

    /** The limits that the thread has a turn in, so that a part of a call needs no turn of its own. */
    private static final ThreadLocal<CallLimit> INSIDE = new ThreadLocal<>();

    private final String location;
    private final Bounds bounds;
    private final Listener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Condition> queue = new ArrayDeque<>();
    private double limit = MOST;
    private int inFlight;
    private boolean isPaused;
    private long pausedUntil;
    private boolean wasThrottled;
    private long throttledAt;
    private boolean wasUnanswered;
    private long unansweredAt;
    private boolean isHalved;
    private long halvedAt;

    /** @param location in messages */
    public CallLimit(String location, Bounds bounds, Listener listener) {
        this.location = location;
        this.bounds = bounds;
        this.listener = listener;
    }

    /** A limit of its own, for a store that no location shares. */
    public CallLimit(String location) {
        this(location, Bounds.DEFAULT, new Listener() {});
    }

    /**
     * Runs a call in its turn, and repeats it while the store throttles it, within the time of {@link Bounds#call}.
     *
     * @param what the call does, for messages
     * @throws BreakwaterException StoreUnavailable, retryable, when the turn did not come in time, or the store still throttles;
     *     otherwise the error of the call
     */
    public <T> T call(String what, Supplier<T> action) {
        CallLimit outer = INSIDE.get();
        if (outer == this) {
            return action.get();
        }
        return ReconcilePlace.outside(() -> {
            try {
                return repeated(what, action);
            } finally {
                restore(outer);
            }
        });
    }

    private static void restore(CallLimit outer) {
        if (outer == null) {
            INSIDE.remove();
        } else {
            INSIDE.set(outer);
        }
    }

    private <T> T repeated(String what, Supplier<T> action) {
        long end = System.nanoTime() + bounds.call.toNanos();
        for (int attempt = 1; ; attempt++) {
            take(what, end);
            INSIDE.set(this);
            Outcome outcome = Outcome.ANSWERED;
            try {
                return action.get();
            } catch (BreakwaterException e) {
                boolean throttled = e.getCause() instanceof ThrottledAnswer;
                outcome = throttled || StoreErrors.isTimeout(e) ? Outcome.CONGESTED : Outcome.ANSWERED;
                if (!throttled || attempt == ATTEMPTS || end - System.nanoTime() <= 0) {
                    throw e;
                }
            } finally {
                INSIDE.remove();
                release(Thread.currentThread().isInterrupted() ? Outcome.INTERRUPTED : outcome);
            }
            rest(FIRST_PAUSE.multipliedBy(1L << (attempt - 1)));
        }
    }

    /**
     * The store answered that it gets too many requests. Halves the limit, and lets all callers pause.
     *
     * @param retryAfter pause that the store requests; zero for none
     */
    public void throttled(Duration retryAfter) {
        lock.lock();
        try {
            long now = System.nanoTime();
            wasThrottled = true;
            throttledAt = now;
            long until = now + min(retryAfter, bounds.pause).toNanos();
            pausedUntil = isPaused && pausedUntil - until > 0 ? pausedUntil : until;
            isPaused = true;
            halve(now);
        } finally {
            lock.unlock();
        }
    }

    /** Longest time in which the store answers one request. */
    public Duration attempt() {
        return bounds.attempt;
    }

    /** The location in messages. */
    public String location() {
        return location;
    }

    /** What the callers of the location are doing now. */
    public State state() {
        lock.lock();
        try {
            long now = System.nanoTime();
            return new State(
                    inFlight,
                    queue.size(),
                    (int) limit,
                    Duration.ofNanos(pause(now)),
                    since(wasThrottled, throttledAt, now),
                    since(wasUnanswered, unansweredAt, now));
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Duration> since(boolean ever, long at, long now) {
        return ever ? Optional.of(Duration.ofNanos(now - at)) : Optional.empty();
    }

    private void take(String what, long end) {
        long start = System.nanoTime();
        lock.lock();
        try {
            while (pause(System.nanoTime()) > 0) {
                await(what, end);
            }
            if (!queue.isEmpty() || inFlight >= (int) limit) {
                queueUp(what, end);
            }
            inFlight++;
        } finally {
            lock.unlock();
        }
        listener.waited(Duration.ofNanos(System.nanoTime() - start));
    }

    /** Waits for the end of the pause, without the lock. The pause can get longer meanwhile. */
    private void await(String what, long end) {
        long pause = pause(System.nanoTime());
        if (end - System.nanoTime() < pause) {
            throw refused(what + " was not sent: the store requests a pause of "
                    + Duration.ofNanos(pause).toSeconds() + "s");
        }
        lock.unlock();
        try {
            rest(Duration.ofNanos(pause));
        } finally {
            lock.lock();
        }
    }

    private void queueUp(String what, long end) {
        if (queue.size() >= MOST_WAITING) {
            throw refused(what + " was not sent: " + queue.size() + " other calls wait already");
        }
        Condition turn = lock.newCondition();
        queue.add(turn);
        try {
            for (boolean mine = false; !mine; mine = queue.peek() == turn && inFlight < (int) limit) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw refused(what + " was not sent: " + inFlight + " calls in flight were not answered within "
                            + bounds.call.toSeconds() + "s");
                }
                turn.await(left, TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable(what + " was not sent: the process ends", e);
        } finally {
            queue.remove(turn);
            // The next one may have a turn too, or this one was its obstacle.
            wakeNext(inFlight + 1);
        }
    }

    private void release(Outcome outcome) {
        lock.lock();
        try {
            inFlight--;
            if (outcome == Outcome.CONGESTED) {
                unansweredAt = System.nanoTime();
                wasUnanswered = true;
                halve(unansweredAt);
            } else if (outcome == Outcome.ANSWERED) {
                limit = Math.min(MOST, limit + 1 / limit);
            }
            wakeNext(inFlight);
        } finally {
            lock.unlock();
        }
    }

    private void wakeNext(int calls) {
        if (calls < (int) limit && !queue.isEmpty()) {
            queue.peek().signal();
        }
    }

    private void halve(long now) {
        if (!isHalved || now - halvedAt >= ROUND.toNanos()) {
            isHalved = true;
            halvedAt = now;
            limit = Math.max(bounds.least, limit / 2);
        }
    }

    private long pause(long now) {
        return isPaused ? Math.max(0, pausedUntil - now) : 0;
    }

    private BreakwaterException refused(String what) {
        listener.refused();
        return unavailable(what, null);
    }

    private BreakwaterException unavailable(String what, Exception cause) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable, location + ": " + what + "; check the store and its request limits", cause);
    }

    private static void rest(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "interrupted", e);
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
