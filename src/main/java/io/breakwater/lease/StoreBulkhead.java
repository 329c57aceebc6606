package io.breakwater.lease;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.observe.LogContext;
import io.breakwater.steps.ReconcilePlace;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Bounds the calls to one location: their number at the same time, and the wait of each caller. Calls run on platform threads of
 * their own. So a location that does not answer costs a fixed number of threads, and delays no call to another location.
 */
public class StoreBulkhead {
    private static final int THREADS = 16;
    private static final int WAITING = 1_000;
    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final ThreadPoolExecutor threads;
    private final Duration limit;

    /** @param name of the location, for names of threads */
    public StoreBulkhead(String name) {
        this(name, THREADS, WAITING, LIMIT);
    }

    StoreBulkhead(String name, int most, int waiting, Duration limit) {
        this.limit = limit;
        this.threads = new ThreadPoolExecutor(
                most,
                most,
                IDLE.toSeconds(),
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(waiting),
                Thread.ofPlatform().daemon().name("rendezvous " + name + " ", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a call and waits for its answer. A reconciliation has no place meanwhile.
     *
     * @throws BreakwaterException StoreUnavailable, retryable, when the location does not answer in time; the error of the call
     *     otherwise
     */
    public <T> T call(Supplier<T> call) {
        return ReconcilePlace.outside(() -> await(call));
    }

    private <T> T await(Supplier<T> call) {
        AtomicReference<T> result = new AtomicReference<>();
        Runnable task = LogContext.wrap(() -> result.set(call.get()));
        try {
            Future<?> future = threads.submit(task);
            try {
                future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
                return result.get();
            } finally {
                future.cancel(true);
            }
        } catch (RejectedExecutionException e) {
            throw unavailable("has too many calls without an answer", e);
        } catch (TimeoutException e) {
            throw unavailable("did not answer within " + limit.toSeconds() + "s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable("was not asked: the process ends", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw unavailable("sent an answer that cannot be read (" + e.getCause() + ")", e);
        }
    }

    private static BreakwaterException unavailable(String what, Exception cause) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable,
                "the rendezvous location " + what + "; check the store and the network",
                cause);
    }
}
