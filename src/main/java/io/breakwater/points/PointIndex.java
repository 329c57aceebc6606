package io.breakwater.points;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.PointStore.Located;
import io.breakwater.watch.SlimStore;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The RestorePoints of the cluster, without a request to the API server. The watch of the controller of RestorePoints fills the
 * index, so it exists in the operator only. In other processes, the answers come from lists. Before the first list is complete, so do
 * those about a namespace, and questions about all points wait.
 *
 * <p>The index can be behind the API server, but never behind this process: a point that this process wrote is read from the
 * API server until the watch has reported that write. The deletion of data, the start of a run and a
 * takeover follow from {@link #read(String)}, which lists the namespace. See docs/decisions/0045-one-index-of-points.md.
 *
 * <p>The returned objects have only the fields of {@link PointRecord} and cannot be written.
 */
@ApplicationScoped
public class PointIndex implements PointSource {
    /** Largest number of points in one response of the API server. */
    public static final long PAGE = 500;

    private final KubernetesClient client;
    private final Duration firstList;
    private final PointStore store = new PointStore();

    /** Time for the first list of a cluster of the usual size. */
    private static final Duration FIRST_LIST = Duration.ofSeconds(20);

    /** Whether the watch of this process fills the store. */
    private volatile boolean watched;

    /** Resource version of the last write of this process, by key, until the store has it; empty after a deletion. */
    private final Map<String, String> written = new ConcurrentHashMap<>();

    @Inject
    public PointIndex(KubernetesClient client, StatusWriter writer) {
        this(client, writer, FIRST_LIST);
    }

    /** @param firstList how long a question about all points waits for the first list */
    PointIndex(KubernetesClient client, StatusWriter writer, Duration firstList) {
        this.client = client;
        this.firstList = firstList;
        store.listen((before, now) -> dropSeen(now));
        writer.onWrite(this::wrote);
    }

    /** The store for the informer of the controller. */
    public SlimStore<RestorePoint> store() {
        watched = true;
        return store;
    }

    @Override
    public List<RestorePoint> in(String namespace) {
        if (!isListed()) {
            return read(namespace);
        }
        return resolved(
                        store.located(namespace),
                        written.keySet().stream().filter(key -> key.startsWith(namespace + "/")))
                .toList();
    }

    @Override
    public Stream<RestorePoint> all() {
        return isComplete() ? resolved(store.located(), written.keySet().stream()) : read().all();
    }

    @Override
    public Stream<RestorePoint> imported() {
        return some(PointRecord::isImported).filter(point -> point.getSpec().trigger == Trigger.Imported);
    }

    /** The points that are being deleted. */
    public Stream<RestorePoint> deleting() {
        return some(PointRecord::isBeingDeleted)
                .filter(point -> point.getMetadata().getDeletionTimestamp() != null);
    }

    /** The points whose capture has started and has not ended. */
    public Stream<RestorePoint> started() {
        return some(PointRecord::isStarted)
                .filter(point -> !point.isOver()
                        && point.getStatus() != null
                        && point.getStatus().site != null
                        && point.getSpec().trigger != Trigger.Imported);
    }

    private Stream<RestorePoint> some(Predicate<PointRecord> wanted) {
        return isComplete()
                ? resolved(store.located().filter(point -> wanted.test(point.record())), written.keySet().stream())
                : read().all();
    }

    @Override
    public Optional<RestorePoint> find(String namespace, String name) {
        String key = PointStore.key(namespace, name);
        return isListed() && !written.containsKey(key) ? store.find(namespace, name) : Optional.ofNullable(get(key));
    }

    /** All points of a namespace, as the API server has them now. */
    public List<RestorePoint> read(String namespace) {
        return PointPages.in(client, namespace);
    }

    /** All points of the cluster, as the API server has them now. The source does not follow later changes. */
    public PointSource read() {
        return PointPages.records(client.resources(RestorePoint.class).inAnyNamespace()::list);
    }

    /**
     * The index, or, in a process that does not watch points, one list for many questions.
     *
     * @throws BreakwaterException {@code Pending}, retryable, while the first list of a large cluster is not complete
     */
    public PointSource source() {
        return isComplete() ? this : read();
    }

    /**
     * Whether the index has all points. Where it will have them, no other list of all points starts: that would need the same memory
     * and the same time again.
     */
    private boolean isComplete() {
        if (watched && !isListed()) {
            awaitList(firstList);
            if (!isListed()) {
                throw BreakwaterException.retryable(
                        Reason.Pending, "the first list of all RestorePoints is not complete yet; will retry");
            }
        }
        return isListed();
    }

    /** The points as the API server has them at each question: a list of the namespace or of the cluster. */
    public PointSource now() {
        return new PointSource() {
            @Override
            public List<RestorePoint> in(String namespace) {
                return read(namespace);
            }

            @Override
            public Optional<RestorePoint> find(String namespace, String name) {
                return Optional.ofNullable(get(PointStore.key(namespace, name)));
            }

            @Override
            public Stream<RestorePoint> all() {
                return read().all();
            }

            @Override
            public Stream<RestorePoint> imported() {
                return read().imported();
            }
        };
    }

    /** Reports that this process wrote an object. */
    public void wrote(HasMetadata object) {
        if (object instanceof RestorePoint) {
            await(object, Objects.requireNonNullElse(object.getMetadata().getResourceVersion(), ""));
        }
    }

    /** Reports that this process deleted a point, or started its deletion. */
    public void deleted(RestorePoint point) {
        await(point, "");
    }

    private void await(HasMetadata object, String version) {
        String key = PointStore.key(
                object.getMetadata().getNamespace(), object.getMetadata().getName());
        if (version.isEmpty() || !version.equals(indexedVersion(key))) {
            written.put(key, version);
        }
    }

    private void dropSeen(Located now) {
        if (store.find(now.key()).isEmpty()) {
            written.remove(now.key());
        } else {
            written.remove(now.key(), now.record().resourceVersion());
        }
    }

    private Stream<RestorePoint> resolved(Stream<Located> indexed, Stream<String> unseen) {
        Set<String> keys = unseen.collect(Collectors.toSet());
        return Stream.concat(
                indexed.filter(point -> !keys.contains(point.key())).map(Located::toPoint),
                keys.stream().map(this::get).filter(Objects::nonNull));
    }

    /** Reads a point. If the index has what was read, it has the write too, or the API server has lost it. */
    private RestorePoint get(String key) {
        String awaited = written.get(key);
        int slash = key.indexOf('/');
        RestorePoint now = client.resources(RestorePoint.class)
                .inNamespace(key.substring(0, slash))
                .withName(key.substring(slash + 1))
                .get();
        String version = now == null ? null : now.getMetadata().getResourceVersion();
        if (awaited != null && Objects.equals(version, indexedVersion(key))) {
            written.remove(key, awaited);
        }
        return now == null ? null : shortened(now);
    }

    private String indexedVersion(String key) {
        return store.find(key).map(point -> point.record().resourceVersion()).orElse(null);
    }

    private static RestorePoint shortened(RestorePoint point) {
        return PointRecord.of(point, common -> common)
                .toPoint(point.getMetadata().getName());
    }

    private boolean isListed() {
        return store.listed().getCount() == 0;
    }

    /** Waits until the first list is complete. */
    void awaitList(Duration most) {
        try {
            store.listed().await(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    PointStore records() {
        return store;
    }
}
