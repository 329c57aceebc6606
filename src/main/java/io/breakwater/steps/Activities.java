package io.breakwater.steps;

import io.breakwater.observe.LogContext;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Long work of reconcilers, on virtual threads. The first call starts the work; the work wakes the reconciler when it
 * has ended. Work is lost with the process, and the step that started it then starts it again.
 */
public final class Activities {
    private final Map<String, CompletableFuture<Object>> running = new ConcurrentHashMap<>();

    /**
     * Starts the work unless it runs already.
     *
     * @param key identity of the work, as {@code <uid>/<step>}
     * @param wake called when the work has ended, successful or not
     * @return the result once the work has ended, exactly once; empty while it runs
     * @throws RuntimeException the error of the work, exactly once; the next call starts the work again
     */
    @SuppressWarnings("unchecked")
    public <T> Optional<T> poll(String key, Callable<T> work, Runnable wake) {
        CompletableFuture<Object> future = running.computeIfAbsent(key, k -> start(k, work, wake));
        if (!future.isDone()) {
            return Optional.empty();
        }
        running.remove(key, future);
        try {
            return Optional.of((T) future.get());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r ? r : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }

    /** Whether work of a run is in progress; also before its thread runs. */
    public boolean isRunning(String uid) {
        String prefix = uid + "/";
        return running.entrySet().stream()
                .anyMatch(work ->
                        work.getKey().startsWith(prefix) && !work.getValue().isDone());
    }

    /** Waits inside an activity; a reconciler must not wait. */
    public static void pause(Duration time) {
        LockSupport.parkNanos(time.toNanos());
    }

    private static <T> CompletableFuture<Object> start(String key, Callable<T> work, Runnable wake) {
        CompletableFuture<Object> future = new CompletableFuture<>();
        Thread.ofVirtual().name(key).start(LogContext.wrap(() -> {
            try {
                future.complete(work.call());
            } catch (Throwable e) {
                future.completeExceptionally(e);
            } finally {
                wake.run();
            }
        }));
        return future;
    }
}
