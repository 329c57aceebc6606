package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The names of the objects of a kind that have a label, from a watch that the API server filters. Memory has their names only, so it
 * does not depend on the size of the objects. While the watch is not connected, and before {@link #start}, each question is a list.
 * A watch can be silent for minutes without an error, so a list verifies it each minute. While they differ, the list is the answer.
 */
public final class LabelledNames<T extends HasMetadata> {
    private static final long PAGE = 500;
    private static final Duration VERIFIED = Duration.ofMinutes(1);

    private final FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ? extends Resource<T>> objects;
    private final Supplier<T> empty;
    private final LongSupplier nanos;
    private volatile SharedIndexInformer<T> watch;

    /** When a list and the watch had the same names; null before the first time. */
    private volatile Long verifiedAt;

    /**
     * Names that are not watched yet.
     *
     * @param objects those with the label
     * @param empty creates an object without content
     */
    public LabelledNames(
            FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ? extends Resource<T>> objects,
            Supplier<T> empty) {
        this(objects, empty, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    LabelledNames(
            FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ? extends Resource<T>> objects,
            Supplier<T> empty,
            LongSupplier nanos) {
        this.nanos = nanos;
        this.objects = objects;
        this.empty = empty;
    }

    /** Starts the watch; does not wait for its list. */
    public void start() {
        SharedIndexInformer<T> started = objects.withLimit(PAGE).runnableInformer(0);
        started.itemStore(new TrimmedStore<>(this::nameOnly, false));
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
        List<T> all = watched && isVerified() ? started.getStore().list() : list(watched ? started : null);
        return all.stream().map(object -> name.apply(object.getMetadata())).toList();
    }

    private boolean isVerified() {
        Long last = verifiedAt;
        return last != null && nanos.getAsLong() - last <= VERIFIED.toNanos();
    }

    /** @param watched the watch to verify; null while there is none */
    private List<T> list(SharedIndexInformer<T> watched) {
        long asked = nanos.getAsLong();
        List<T> all = pages();
        if (watched != null) {
            verifiedAt = keys(all).equals(keys(watched.getStore().list())) ? Long.valueOf(asked) : null;
        }
        return all;
    }

    /** Reads page by page, and has the names of each page only. */
    private List<T> pages() {
        List<T> all = new ArrayList<>();
        String next = null;
        do {
            KubernetesResourceList<T> page = objects.list(
                    new ListOptionsBuilder().withLimit(PAGE).withContinue(next).build());
            page.getItems().stream().map(this::nameOnly).forEach(all::add);
            next = page.getMetadata() == null ? null : page.getMetadata().getContinue();
        } while (next != null && !next.isEmpty());
        return all;
    }

    private Set<String> keys(List<T> all) {
        return all.stream().map(Cache::metaNamespaceKeyFunc).collect(Collectors.toSet());
    }

    private T nameOnly(T object) {
        T name = empty.get();
        ObjectMeta meta = new ObjectMeta();
        meta.setNamespace(object.getMetadata().getNamespace());
        meta.setName(object.getMetadata().getName());
        meta.setResourceVersion(object.getMetadata().getResourceVersion());
        name.setMetadata(meta);
        return name;
    }
}
