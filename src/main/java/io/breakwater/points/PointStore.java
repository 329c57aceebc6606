package io.breakwater.points;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.points.PointRecord.Common;
import io.breakwater.watch.SlimStore;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * The store of an informer for RestorePoints. It has a {@link PointRecord} of each, by namespace, and creates the objects that
 * it returns. The object of an event has what its handlers read, and is not retained.
 */
final class PointStore implements SlimStore<RestorePoint>, PointSource {
    /** The points of a namespace, by their key, and the values that they share. */
    private record NamespacePoints(Map<String, PointRecord> records, Map<Common, Common> shared) {
        NamespacePoints() {
            this(new ConcurrentHashMap<>(), new ConcurrentHashMap<>());
        }

        /** Values that no record has any more are dropped together with the others; a value that exists twice does no harm. */
        Common share(Common value) {
            if (shared.size() > 2 * records.size() + 4) {
                shared.clear();
            }
            Common present = shared.putIfAbsent(value, value);
            return present == null ? value : present;
        }
    }

    /** Some times the size of a page; a power of two. */
    private static final int RECENT_KEYS = 4096;

    /** Of all points without work. It has the trigger of those that never have any. */
    private static final RestorePointSpec WITHOUT_WORK = new RestorePointSpec();

    static {
        WITHOUT_WORK.trigger = RestorePointSpec.Trigger.Imported;
    }

    private final Map<String, NamespacePoints> namespaces = new ConcurrentHashMap<>();
    private final List<BiConsumer<Optional<PointRecord>, Located>> listeners = new CopyOnWriteArrayList<>();
    private final CountDownLatch listed = new CountDownLatch(1);
    private final AtomicLong putsOfFirstList = new AtomicLong();
    private final AtomicReferenceArray<String> recentKeys = new AtomicReferenceArray<>(RECENT_KEYS);

    /** A record and its key. */
    record Located(String key, PointRecord record) {
        ResourceID id() {
            return new ResourceID(nameOf(key), namespaceOf(key));
        }

        RestorePoint toPoint() {
            return record.toPoint(nameOf(key));
        }

        /** A point with nothing but its name: no empty spec, and no empty list, which together have four times its size. */
        RestorePoint toName() {
            RestorePoint point = new RestorePoint();
            point.setSpec(null);
            point.setStatus(null);
            ObjectMeta metadata = point.getMetadata();
            metadata.setNamespace(namespaceOf(key));
            metadata.setName(nameOf(key));
            metadata.setAnnotations(null);
            metadata.setLabels(null);
            metadata.setFinalizers(null);
            metadata.setManagedFields(null);
            metadata.setOwnerReferences(null);
            metadata.setAdditionalProperties(null);
            return point;
        }
    }

    /** @param listener called with the earlier record and the present one after each change. A deleted point has the last one twice */
    void listen(BiConsumer<Optional<PointRecord>, Located> listener) {
        listeners.add(listener);
    }

    /**
     * The key of a point. The informer asks for it again after some others, and retains the first one until its list is complete. So
     * both are the same object, unless the keys of many points had the same place.
     */
    @Override
    public String getKey(RestorePoint point) {
        String key = Cache.metaNamespaceKeyFunc(point);
        int place = key.hashCode() & RECENT_KEYS - 1;
        String recent = recentKeys.get(place);
        if (key.equals(recent)) {
            return recent;
        }
        recentKeys.set(place, key);
        return key;
    }

    /** Points without work need no reconciliation. */
    @Override
    public boolean isOfInterest(RestorePoint added) {
        return RestorePoint.needsWork(added);
    }

    @Override
    public RestorePoint put(String key, RestorePoint point) {
        PointRecord[] change = new PointRecord[2];
        if (listed.getCount() > 0) {
            putsOfFirstList.incrementAndGet();
        }
        namespaces.compute(namespaceOf(key), (name, present) -> {
            NamespacePoints points = present == null ? new NamespacePoints() : present;
            change[1] = PointRecord.of(point, points::share);
            change[0] = points.records.put(key, change[1]);
            return points;
        });
        notifyAll(Optional.ofNullable(change[0]), new Located(key, change[1]));
        shorten(point);
        return change[0] == null ? null : change[0].toPoint(nameOf(key));
    }

    /**
     * Drops from the object of an event what no handler of it reads. The informer lists faster than its handlers run, so the
     * objects of very many events wait in memory. Of a point without work, only the metadata is read.
     */
    private static void shorten(RestorePoint point) {
        point.getMetadata().setManagedFields(null);
        if (!RestorePoint.needsWork(point)) {
            point.getMetadata().setAnnotations(null);
            point.getMetadata().setLabels(null);
            point.getMetadata().setOwnerReferences(null);
            point.setSpec(WITHOUT_WORK);
            point.setStatus(null);
        }
    }

    @Override
    public RestorePoint remove(String key) {
        PointRecord[] gone = new PointRecord[1];
        namespaces.computeIfPresent(namespaceOf(key), (name, points) -> {
            gone[0] = points.records.remove(key);
            return points.records.isEmpty() ? null : points;
        });
        if (gone[0] == null) {
            return null;
        }
        notifyAll(Optional.empty(), new Located(key, gone[0]));
        return gone[0].toPoint(nameOf(key));
    }

    private void notifyAll(Optional<PointRecord> before, Located now) {
        listeners.forEach(listener -> listener.accept(before, now));
    }

    @Override
    public RestorePoint get(String key) {
        return find(key).map(Located::toPoint).orElse(null);
    }

    @Override
    public Stream<String> keySet() {
        return namespaces.values().stream().flatMap(points -> points.records.keySet().stream());
    }

    @Override
    public void markListed() {
        listed.countDown();
    }

    /**
     * The names of all points. The informer calls this when it gets a handler, and after each complete list, to find the objects that do
     * not exist any more, and has all of them in memory at the same time. After the first list, none can be gone, unless that list was
     * started again: then it has put points twice.
     */
    @Override
    public Stream<RestorePoint> values() {
        return listed.getCount() > 0 && putsOfFirstList.get() == size()
                ? Stream.empty()
                : located().map(Located::toName);
    }

    @Override
    public Stream<RestorePoint> all() {
        return located().map(Located::toPoint);
    }

    @Override
    public Stream<RestorePoint> imported() {
        return located().filter(point -> point.record().isImported()).map(Located::toPoint);
    }

    @Override
    public Optional<RestorePoint> find(String namespace, String name) {
        return find(key(namespace, name)).map(Located::toPoint);
    }

    @Override
    public List<RestorePoint> in(String namespace) {
        return located(namespace).map(Located::toPoint).toList();
    }

    @Override
    public int size() {
        return namespaces.values().stream()
                .mapToInt(points -> points.records.size())
                .sum();
    }

    /** Whether the informer gets its events from the objects that it received: this store has only parts of them. */
    @Override
    public boolean isFullState() {
        return false;
    }

    /** Whether the store had all points at some time, and follows the changes since. */
    CountDownLatch listed() {
        return listed;
    }

    Optional<Located> find(String key) {
        NamespacePoints points = namespaces.get(namespaceOf(key));
        return Optional.ofNullable(points == null ? null : points.records.get(key))
                .map(record -> new Located(key, record));
    }

    Stream<Located> located(String namespace) {
        NamespacePoints points = namespaces.get(namespace);
        return points == null ? Stream.empty() : located(points);
    }

    Stream<Located> located() {
        return namespaces.values().stream().flatMap(PointStore::located);
    }

    private static Stream<Located> located(NamespacePoints points) {
        return points.records.entrySet().stream().map(e -> new Located(e.getKey(), e.getValue()));
    }

    static String key(String namespace, String name) {
        return Cache.namespaceKeyFunc(namespace, name);
    }

    private static String namespaceOf(String key) {
        return key.substring(0, key.indexOf('/'));
    }

    private static String nameOf(String key) {
        return key.substring(key.indexOf('/') + 1);
    }
}
