package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The names of the objects of a kind that have a label, from a watch that the API server filters. Memory has their names only, so it
 * does not depend on the size of the objects. While the watch is not connected, and before {@link #start}, each question is a list.
 */
public final class LabelledNames<T extends HasMetadata> {
    private static final long PAGE = 500;

    private final FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ? extends Resource<T>> objects;
    private final Supplier<T> empty;
    private volatile SharedIndexInformer<T> watch;

    /**
     * Names that are not watched yet.
     *
     * @param objects those with the label
     * @param empty creates an object without content
     */
    public LabelledNames(
            FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ? extends Resource<T>> objects,
            Supplier<T> empty) {
        this.objects = objects;
        this.empty = empty;
    }

    /** Starts the watch; does not wait for its list. */
    public void start() {
        SharedIndexInformer<T> started = objects.withLimit(PAGE).runnableInformer(0);
        started.itemStore(new NameStore());
        started.exceptionHandler((running, cause) -> true);
        started.start();
        watch = started;
    }

    /** Ends the watch. */
    public void stop() {
        if (watch != null) {
            watch.stop();
        }
    }

    /** @param name the part of the metadata that is asked for */
    public List<String> names(Function<ObjectMeta, String> name) {
        SharedIndexInformer<T> started = watch;
        boolean watched = started != null && started.isWatching() && started.hasSynced();
        List<T> all = watched ? started.getStore().list() : objects.list().getItems();
        return all.stream().map(object -> name.apply(object.getMetadata())).toList();
    }

    private final class NameStore implements ItemStore<T> {
        private final ConcurrentMap<String, T> names = new ConcurrentHashMap<>();

        @Override
        public String getKey(T object) {
            return Cache.metaNamespaceKeyFunc(object);
        }

        @Override
        public T put(String key, T object) {
            T name = empty.get();
            ObjectMeta meta = new ObjectMeta();
            meta.setNamespace(object.getMetadata().getNamespace());
            meta.setName(object.getMetadata().getName());
            meta.setResourceVersion(object.getMetadata().getResourceVersion());
            name.setMetadata(meta);
            return names.put(key, name);
        }

        @Override
        public T remove(String key) {
            return names.remove(key);
        }

        @Override
        public Stream<String> keySet() {
            return names.keySet().stream();
        }

        @Override
        public Stream<T> values() {
            return names.values().stream();
        }

        @Override
        public T get(String key) {
            return names.get(key);
        }

        @Override
        public int size() {
            return names.size();
        }

        @Override
        public boolean isFullState() {
            return false;
        }
    }
}
