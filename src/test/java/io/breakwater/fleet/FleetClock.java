package io.breakwater.fleet;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The virtual time of the generated servers, and the calls that they work on. */
final class FleetClock extends Clock {
    private record Delay(long due, CountDownLatch over) {}

    private final Instant start;
    private final PriorityQueue<Delay> delays = new PriorityQueue<>(Comparator.comparingLong(Delay::due));
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong traffic = new AtomicLong();
    private volatile long nanos;

    FleetClock(Instant start) {
        this.start = start;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }

    @Override
    public Instant instant() {
        return start.plusNanos(nanos);
    }

    Instant start() {
        return start;
    }

    long nanos() {
        return nanos;
    }

    /** A call, or an event on its way, starts. */
    void enter() {
        open.incrementAndGet();
        traffic.incrementAndGet();
    }

    /** It ends. */
    void leave() {
        traffic.incrementAndGet();
        open.decrementAndGet();
    }

    /** Makes the call of this thread last for a virtual time. */
    void delay(Duration time) {
        if (time.isZero()) {
            return;
        }
        Delay delay = new Delay(nanos + time.toNanos(), new CountDownLatch(1));
        synchronized (delays) {
            delays.add(delay);
        }
        leave();
        try {
            delay.over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether no call is open, apart from those that are delayed. */
    boolean isQuiet() {
        return open.get() == 0;
    }

    /** A number that changes with each call. */
    long traffic() {
        return traffic.get();
    }

    /** When the next delay is over; {@code Long.MAX_VALUE} when there is none. */
    long next() {
        synchronized (delays) {
            return delays.isEmpty() ? Long.MAX_VALUE : delays.peek().due();
        }
    }

    /** Moves the time forward, and ends the delays that are over. */
    void advance(long to) {
        nanos = Math.max(nanos, to);
        synchronized (delays) {
            while (!delays.isEmpty() && delays.peek().due() <= nanos) {
                enter();
                delays.poll().over().countDown();
            }
        }
    }
}
