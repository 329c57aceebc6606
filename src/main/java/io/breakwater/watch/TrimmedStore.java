package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What is retained of the objects of an informer. */
final class TrimmedStore<T extends HasMetadata> implements ItemStore<T> {
    private final ConcurrentMap<String, T> objects = new ConcurrentHashMap<>();
    private final UnaryOperator<T> trim;
    private final boolean isWhole;

    /**
     * @param trim makes what is retained of an object
     * @param isWhole whether that is enough for events
     */
    TrimmedStore(UnaryOperator<T> trim, boolean isWhole) {
        this.trim = trim;
        this.isWhole = isWhole;
    }

    /** Objects without {@code metadata.managedFields}, which nothing reads and which can be half of an object. */
    static <T extends HasMetadata> TrimmedStore<T> withoutManagedFields() {
        return new TrimmedStore<>(
                object -> {
                    object.getMetadata().setManagedFields(List.of());
                    return object;
                },
                true);
    }

    @Override
    public String getKey(T object) {
        return Cache.metaNamespaceKeyFunc(object);
    }

    @Override
    public T put(String key, T object) {
        return objects.put(key, trim.apply(object));
    }

    @Override
    public T remove(String key) {
        return objects.remove(key);
    }

    @Override
    public Stream<String> keySet() {
        return objects.keySet().stream();
    }

    @Override
    public Stream<T> values() {
        return objects.values().stream();
    }

    @Override
    public T get(String key) {
        return objects.get(key);
    }

    @Override
    public int size() {
        return objects.size();
    }

    @Override
    public boolean isFullState() {
        return isWhole;
    }
}
