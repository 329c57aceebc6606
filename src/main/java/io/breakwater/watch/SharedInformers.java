package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The informers of this process: one for each kind, however many controllers and event sources use it. The Java Operator SDK
 * creates an informer for each of them, so {@link #client()} gives it a client that creates users of the shared informer instead.
 * Informers of one namespace or with a selector are not shared.
 */
@ApplicationScoped
public class SharedInformers {
    /** Largest number of objects in one response of the API server. */
    private static final long PAGE = 500;

    private final KubernetesClient client;
    private final Map<Class<?>, SharedInformer<?>> informers = new ConcurrentHashMap<>();
    private final List<Consumer<HasMetadata>> listeners = new CopyOnWriteArrayList<>();

    public SharedInformers(KubernetesClient client) {
        this.client = client;
    }

    /** The client for the Java Operator SDK. Its requests are those of the given client, except for the informers. */
    public KubernetesClient client() {
        return SharingClient.of(client, this);
    }

    /** A user of the informer of a kind. The informer starts with its first user, and stops with the last one. */
    public <T extends HasMetadata> SharedIndexInformer<T> informer(Class<T> type) {
        return new InformerUser<>(shared(type));
    }

    /** The objects of a kind; empty before the first list is complete, and in a process that does not watch the kind. */
    <T extends HasMetadata> Optional<Cache<T>> cache(Class<T> type) {
        SharedInformer<?> shared = informers.get(type);
        return shared == null ? Optional.empty() : shared.listed().map(SharedInformers::cast);
    }

    /** Whether this process watches a kind. */
    boolean watches(Class<?> type) {
        return informers.containsKey(type);
    }

    /** @param listener called with each object that was added, changed or deleted, after the cache has the change */
    public void onEvent(Consumer<HasMetadata> listener) {
        listeners.add(listener);
    }

    @SuppressWarnings("unchecked")
    private <T extends HasMetadata> SharedInformer<T> shared(Class<T> type) {
        return (SharedInformer<T>) informers.computeIfAbsent(type, kind -> new SharedInformer<T>(() -> create(type)));
    }

    private <T extends HasMetadata> SharedIndexInformer<T> create(Class<T> type) {
        SharedIndexInformer<T> informer =
                client.resources(type).inAnyNamespace().withLimit(PAGE).runnableInformer(0);
        informer.itemStore(TrimmedStore.withoutManagedFields());
        informer.addEventHandler(new ListenerCalls<>());
        return informer;
    }

    @SuppressWarnings("unchecked")
    private static <T extends HasMetadata> Cache<T> cast(Cache<?> cache) {
        return (Cache<T>) cache;
    }

    private final class ListenerCalls<T extends HasMetadata> implements ResourceEventHandler<T> {
        @Override
        public void onAdd(T object) {
            listeners.forEach(listener -> listener.accept(object));
        }

        @Override
        public void onUpdate(T before, T object) {
            onAdd(object);
        }

        @Override
        public void onDelete(T object, boolean unknown) {
            onAdd(object);
        }
    }
}
