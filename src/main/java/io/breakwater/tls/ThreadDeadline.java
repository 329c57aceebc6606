package io.breakwater.tls;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A time limit for the work of the current thread. When it passes, the thread is interrupted, which closes a connection that the
 * thread reads or writes. The interrupt repeats until the end of the work, so that a later read or write ends too.
 */
public final class ThreadDeadline implements AutoCloseable {
    private static final long REPEAT_SECONDS = 1;
    private static final ScheduledThreadPoolExecutor TIMER = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("thread-deadline").factory());

    static {
        TIMER.setRemoveOnCancelPolicy(true);
    }

    private final Thread thread = Thread.currentThread();
    private final Future<?> alarm;
    private boolean over;
    private boolean closed;

    private ThreadDeadline(Duration limit) {
        this.alarm = TIMER.scheduleWithFixedDelay(
                this::interrupt, limit.toNanos(), TimeUnit.SECONDS.toNanos(REPEAT_SECONDS), TimeUnit.NANOSECONDS);
    }

    /** Starts the limit for the current thread, which must also close it. */
    public static ThreadDeadline start(Duration limit) {
        return new ThreadDeadline(limit);
    }

    /** Whether the time has passed. */
    public synchronized boolean isOver() {
        return over;
    }

    private synchronized void interrupt() {
        if (!closed) {
            over = true;
            thread.interrupt();
        }
    }

    /** Ends the limit, and clears the interrupt that it caused. Has no effect if it is closed already. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            alarm.cancel(false);
            if (over) {
                Thread.interrupted();
            }
        }
    }
}
