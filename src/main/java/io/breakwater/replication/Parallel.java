package io.breakwater.replication;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Work on many items by a few virtual threads. */
final class Parallel {
    private Parallel() {}

    /**
     * Calls {@code work} once for each item, at most {@code limit} at a time, and returns when no call runs any more. After
     * the first failure no further item is begun.
     *
     * @throws RuntimeException the first failure
     */
    static <T> void forEach(Collection<T> items, int limit, Consumer<T> work) {
        Queue<T> queue = new ConcurrentLinkedQueue<>(items);
        List<Future<?>> workers = new ArrayList<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < Math.min(limit, items.size()); i++) {
                workers.add(pool.submit(() -> drain(queue, work)));
            }
        }
        for (Future<?> worker : workers) {
            await(worker);
        }
    }

    private static <T> void drain(Queue<T> queue, Consumer<T> work) {
        for (T item = queue.poll(); item != null; item = queue.poll()) {
            boolean ended = false;
            try {
                work.accept(item);
                ended = true;
            } finally {
                if (!ended) {
                    queue.clear();
                }
            }
        }
    }

    private static void await(Future<?> worker) {
        try {
            worker.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r ? r : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }
}
