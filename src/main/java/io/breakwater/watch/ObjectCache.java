package io.breakwater.watch;

import io.breakwater.api.RestorePoint;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * The objects that the informers of this process have, without a request to the API server. Before the first list of a kind is
 * complete, and in a process that does not watch the kind, each question is a request.
 *
 * <p>An answer can be behind the API server, but never behind this process: an object that this process wrote is read from the API
 * server until the watch has reported that write. The same is true of an object that a read found to be another than the cached
 * one, since a watch can be silent for minutes without an error. So answers are for reports, for statuses (whose writes compare resource versions)
 * and for the choice of what to look at. What deletes, takes or overwrites follows from {@link #read}. Answers are copies.
 */
@ApplicationScoped
public class ObjectCache {
    /** The name of an object. */
    private record ObjectKey(Class<?> type, String namespace, String name) {
        static ObjectKey of(HasMetadata object) {
            return new ObjectKey(
                    object.getClass(),
                    object.getMetadata().getNamespace(),
                    object.getMetadata().getName());
        }

        String text() {
            return Cache.namespaceKeyFunc(namespace, name);
        }
    }

    private final KubernetesClient client;
    private final SharedInformers informers;
    private final KubernetesSerialization json;

    private final LongSupplier nanos;

    /** Resource version of the last write of this process, or of a later read, until the cache has it. */
    private final Map<ObjectKey, String> written = new ConcurrentHashMap<>();

    /** When {@link #recent} objects were read from the API server. */
    private final Map<ObjectKey, Long> readAt = new ConcurrentHashMap<>();

    @Inject
    public ObjectCache(KubernetesClient client, SharedInformers informers, StatusWriter writer) {
        this(client, informers, writer, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    public ObjectCache(KubernetesClient client, SharedInformers informers, StatusWriter writer, LongSupplier nanos) {
        this.nanos = nanos;
        this.client = client;
        this.informers = informers;
        this.json = client.getKubernetesSerialization();
        writer.onWrite(this::wrote);
        informers.onEvent(this::dropSeen);
    }

    /** The object; null if there is none. */
    public <T extends HasMetadata> T find(Class<T> type, String namespace, String name) {
        ObjectKey key = new ObjectKey(type, namespace, name);
        Optional<Cache<T>> cache = informers.cache(type);
        if (cache.isEmpty() || written.containsKey(key)) {
            return get(type, key, cache);
        }
        T found = cache.get().getByKey(key.text());
        return found == null ? null : json.clone(found);
    }

    /** The object that has the name of a given one now; null if there is none. */
    @SuppressWarnings("unchecked")
    public <T extends HasMetadata> T now(T object) {
        return find(
                (Class<T>) object.getClass(),
                object.getMetadata().getNamespace(),
                object.getMetadata().getName());
    }

    /**
     * Like {@link #now}, but reads the object if its last read was longer ago. So the age of the answer has a bound, also while the
     * watch is silent.
     */
    public <T extends HasMetadata> T recent(T object, Duration age) {
        ObjectKey key = ObjectKey.of(object);
        Long last = readAt.get(key);
        if (last != null && nanos.getAsLong() - last <= age.toNanos()) {
            return now(object);
        }
        T found = get(object);
        if (found != null) {
            readAt.putIfAbsent(key, nanos.getAsLong());
        }
        return found;
    }

    /** The same object as the API server has it now; null if it was deleted. For what deletes, takes or overwrites. */
    public <T extends HasMetadata> T read(T object) {
        T now = get(object);
        boolean same = now != null
                && Objects.equals(
                        now.getMetadata().getUid(), object.getMetadata().getUid());
        return same ? now : null;
    }

    /** The object that has a name, as the API server has it now; null if there is none. */
    public <T extends HasMetadata> T read(Class<T> type, String namespace, String name) {
        return get(type, new ObjectKey(type, namespace, name), informers.cache(type));
    }

    /** The objects of a namespace. */
    public <T extends HasMetadata> List<T> in(Class<T> type, String namespace) {
        return informers
                .cache(type)
                .map(cache -> resolved(
                        type,
                        cache,
                        cache.byIndex(Cache.NAMESPACE_INDEX, namespace),
                        key -> namespace.equals(key.namespace())))
                .orElseGet(() ->
                        client.resources(type).inNamespace(namespace).list().getItems());
    }

    /** The objects of the cluster. */
    public <T extends HasMetadata> List<T> all(Class<T> type) {
        return all(type, object -> true);
    }

    /** @param wanted must not change its argument, which is not a copy */
    public <T extends HasMetadata> List<T> all(Class<T> type, Predicate<T> wanted) {
        return informers
                .cache(type)
                .map(cache -> resolved(
                        type, cache, cache.list().stream().filter(wanted).toList(), key -> true))
                .orElseGet(() -> client.resources(type).inAnyNamespace().list().getItems())
                .stream()
                .filter(wanted)
                .toList();
    }

    /** Reports that this process wrote an object. */
    public void wrote(HasMetadata object) {
        if (object instanceof RestorePoint) {
            return; // the index of points has its own record
        }
        String version = object.getMetadata().getResourceVersion();
        ObjectKey key = ObjectKey.of(object);
        boolean seen = informers
                .cache(object.getClass())
                .map(cache -> cache.getByKey(key.text()))
                .filter(found -> found.getMetadata().getResourceVersion().equals(version))
                .isPresent();
        if (version != null && !seen && informers.watches(object.getClass())) {
            written.put(key, version);
        }
    }

    private void dropSeen(HasMetadata object) {
        ObjectKey key = ObjectKey.of(object);
        if (!written.containsKey(key) && !readAt.containsKey(key)) {
            return;
        }
        written.remove(key, object.getMetadata().getResourceVersion());
        boolean gone = informers
                .cache(object.getClass())
                .map(cache -> cache.getByKey(key.text()) == null)
                .orElse(false);
        if (gone) {
            written.remove(key);
            readAt.remove(key);
        }
    }

    private <T extends HasMetadata> List<T> resolved(
            Class<T> type, Cache<T> cache, List<T> cached, Predicate<ObjectKey> wanted) {
        List<ObjectKey> unseen = written.keySet().stream()
                .filter(key -> key.type() == type && wanted.test(key))
                .toList();
        List<T> all = new ArrayList<>();
        cached.stream()
                .filter(object -> unseen.isEmpty() || !unseen.contains(ObjectKey.of(object)))
                .map(json::clone)
                .forEach(all::add);
        unseen.stream()
                .map(key -> get(type, key, Optional.of(cache)))
                .filter(Objects::nonNull)
                .forEach(all::add);
        return all;
    }

    @SuppressWarnings("unchecked")
    private <T extends HasMetadata> T get(T object) {
        Class<T> type = (Class<T>) object.getClass();
        return get(type, ObjectKey.of(object), informers.cache(type));
    }

    /** Reads an object. Until the cache has what was read, it is behind the API server, and must not answer. */
    private <T extends HasMetadata> T get(Class<T> type, ObjectKey key, Optional<Cache<T>> cache) {
        String awaited = written.get(key);
        var resources = client.resources(type);
        long asked = nanos.getAsLong();
        T now = key.namespace() == null
                ? resources.withName(key.name()).get()
                : resources.inNamespace(key.namespace()).withName(key.name()).get();
        readAt.computeIfPresent(key, (same, last) -> now == null ? null : Long.valueOf(asked));
        cache.ifPresent(known -> compare(key, now, known.getByKey(key.text()), awaited));
        return now;
    }

    /** @param awaited version that the cache did not have before the read; a later write of this process has precedence */
    private void compare(ObjectKey key, HasMetadata now, HasMetadata cached, String awaited) {
        String version = version(now);
        if (version.equals(version(cached))) {
            if (awaited != null) {
                written.remove(key, awaited);
            }
        } else if (awaited == null) {
            written.putIfAbsent(key, version);
        } else {
            written.replace(key, awaited, version);
        }
    }

    /** The resource version of an object; another text if there is no object. */
    private static String version(HasMetadata object) {
        return object == null ? "" : object.getMetadata().getResourceVersion();
    }
}
