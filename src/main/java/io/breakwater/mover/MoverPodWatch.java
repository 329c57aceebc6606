package io.breakwater.mover;

import io.breakwater.api.Api;
import io.breakwater.api.BoundedCache;
import io.breakwater.steps.PeriodicWork;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Wakes a run when a pod of its movers changes, so that the run sees the end of a mover at once and asks seldom meanwhile. One watch
 * serves all runs, and retains no pod. An event is only a reason to look: labels can be written by others. A run that gets
 * no event, because the watch is interrupted, looks again by itself.
 */
final class MoverPodWatch implements AutoCloseable {
    private static final Duration REOPEN = Duration.ofSeconds(5);
    private static final int MOST_RUNS = 10_000;

    private final KubernetesClient client;
    private final PeriodicWork work = new PeriodicWork("watch the pods of movers", REOPEN, this::open);
    private final AtomicReference<Watch> watch = new AtomicReference<>();

    /** What wakes a run, by its namespace and label. */
    private final Map<String, Runnable> runs = BoundedCache.of(MOST_RUNS);

    MoverPodWatch(KubernetesClient client) {
        this.client = client;
    }

    void start() {
        work.start();
    }

    /** @param wake called after each change of a pod of the run */
    void add(String namespace, String run, Runnable wake) {
        runs.put(namespace + "/" + run, wake);
    }

    void remove(String namespace, String run) {
        runs.remove(namespace + "/" + run);
    }

    /** Opens the watch unless it is open. */
    void open() {
        if (watch.get() == null) {
            RunWaker waker = new RunWaker();
            watch.set(client.pods()
                    .inAnyNamespace()
                    .withLabel(Api.COMPONENT, "mover")
                    .watch(waker));
            if (waker.closed) {
                watch.set(null);
            }
        }
    }

    private final class RunWaker implements Watcher<Pod> {
        private volatile boolean closed;

        @Override
        public void eventReceived(Action action, Pod pod) {
            Map<String, String> labels = pod.getMetadata().getLabels();
            Runnable wake =
                    labels == null ? null : runs.get(pod.getMetadata().getNamespace() + "/" + labels.get(Api.RUN));
            if (wake != null) {
                wake.run();
            }
        }

        @Override
        public void onClose(WatcherException cause) {
            closed = true;
            watch.set(null); // the next round opens it again
        }
    }

    @Override
    public void close() {
        work.stop();
        Watch open = watch.get();
        if (open != null) {
            open.close();
        }
    }
}
