package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.observe.LogContext;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;

/** Tasks on virtual threads, with a limit of how many run at the same time. */
public final class Parallel implements AutoCloseable {
    private final int limit;
    private final Semaphore free;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    private Parallel(int limit) {
        this.limit = limit;
        this.free = new Semaphore(limit);
    }

    /** Runs at most this many tasks at the same time; {@link #close} waits for them. */
    public static Parallel of(int limit) {
        return new Parallel(limit);
    }

    /** Starts the task as soon as the limit allows it, and blocks until then. Starts nothing after a task has failed. */
    public void run(Runnable task) {
        acquire(1);
        if (failure.get() != null) {
            free.release();
            return;
        }
        Thread.ofVirtual().start(LogContext.wrap(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            } finally {
                free.release();
            }
        }));
    }

    /**
     * Waits for all tasks.
     *
     * @throws RuntimeException the first failure of a task
     */
    @Override
    public void close() {
        acquire(limit);
        free.release(limit);
        Throwable e = failure.get();
        if (e instanceof RuntimeException r) {
            throw r;
        }
        if (e instanceof Error error) {
            throw error;
        }
    }

    /** Calls the task once for each item; throws the first failure after all running calls have ended. */
    public static <T> void each(int limit, Collection<T> items, Consumer<T> task) {
        try (Parallel parallel = of(limit)) {
            items.forEach(item -> parallel.run(() -> task.accept(item)));
        }
    }

    /** Calls the function for each key and returns the values in the order of the keys. */
    public static <K, V> Map<K, V> map(int limit, Collection<K> keys, Function<K, V> task) {
        Map<K, V> values = new ConcurrentHashMap<>();
        each(limit, keys, k -> values.put(k, task.apply(k)));
        Map<K, V> ordered = new LinkedHashMap<>();
        keys.forEach(k -> ordered.put(k, values.get(k)));
        return ordered;
    }

    private void acquire(int permits) {
        try {
            free.acquire(permits);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(Reason.InternalError, "interrupted", e);
        }
    }
}
