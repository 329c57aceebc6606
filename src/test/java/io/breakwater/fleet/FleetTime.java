package io.breakwater.fleet;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CountDownLatch;

/**
 * The time of the process of the operator: it stands still until the test advances it. {@link FleetAgent} makes the classes of
 * Breakwater and the timers of the Java Operator SDK use it. Uses only the JDK, since it is loaded before the application.
 */
public final class FleetTime {
    /** Something that happens at a time. */
    private record Wakeup(long due, long number, Runnable action) {}

    private static final long MILLION = 1_000_000;
    private static final PriorityQueue<Wakeup> QUEUE =
            new PriorityQueue<>(Comparator.comparingLong(Wakeup::due).thenComparingLong(Wakeup::number));
    private static final Clock CLOCK = new Clock() {
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
            return FleetTime.now();
        }
    };

    private static volatile long nanos;
    private static volatile Instant start = Instant.EPOCH;
    private static long numbers;

    private FleetTime() {}

    /** Sets the time that the process starts with. */
    static void begin(Instant time) {
        start = time;
    }

    /** Replaces {@code Clock.systemUTC()}. */
    public static Clock systemUTC() {
        return CLOCK;
    }

    /** Replaces {@code Instant.now()}. */
    public static Instant now() {
        return start.plusNanos(nanos);
    }

    /** Replaces {@code System.nanoTime()}. */
    public static long nanoTime() {
        return nanos;
    }

    /** Replaces {@code System.currentTimeMillis()}. */
    public static long currentTimeMillis() {
        return now().toEpochMilli();
    }

    /** Replaces {@code Thread.sleep(long)}. */
    public static void sleep(long millis) throws InterruptedException {
        await(millis * MILLION);
    }

    /** Replaces {@code Thread.sleep(Duration)}. */
    public static void sleep(Duration time) throws InterruptedException {
        await(time.toNanos());
    }

    /** Replaces {@code LockSupport.parkNanos(long)}; a permit does not end it. */
    public static void parkNanos(long time) {
        try {
            await(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void await(long time) throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        Wakeup wakeup = at(time, over::countDown);
        try {
            over.await();
        } catch (InterruptedException e) {
            remove(wakeup);
            throw e;
        }
    }

    /** Runs an action after a time. */
    static Object schedule(Duration delay, Runnable action) {
        return at(delay.toNanos(), action);
    }

    /** Forgets an action that {@link #schedule} returned. */
    static void cancel(Object scheduled) {
        remove((Wakeup) scheduled);
    }

    private static Wakeup at(long delay, Runnable action) {
        synchronized (QUEUE) {
            Wakeup wakeup = new Wakeup(nanos + Math.max(0, delay), numbers++, action);
            QUEUE.add(wakeup);
            return wakeup;
        }
    }

    private static void remove(Wakeup wakeup) {
        synchronized (QUEUE) {
            QUEUE.remove(wakeup);
        }
    }

    /** Moves the time forward, and runs what is due. */
    static void advance(long to) {
        nanos = Math.max(nanos, to);
        due().forEach(wakeup -> wakeup.action().run());
    }

    private static List<Wakeup> due() {
        List<Wakeup> due = new ArrayList<>();
        synchronized (QUEUE) {
            while (!QUEUE.isEmpty() && QUEUE.peek().due() <= nanos) {
                due.add(QUEUE.poll());
            }
        }
        return due;
    }

    /** When something is due next, in nanoseconds after the start; {@code Long.MAX_VALUE} when nothing is. */
    static long next() {
        synchronized (QUEUE) {
            return QUEUE.isEmpty() ? Long.MAX_VALUE : QUEUE.peek().due();
        }
    }
}
