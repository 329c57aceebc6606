package io.breakwater.trust;

import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The identities of this cluster's namespaces. They come from the API server alone, never from a status, a label or an
 * annotation.
 */
@ApplicationScoped
public class NamespaceIdentities {
    private static final String CLUSTER = "kube-system";
    private static final int CACHED = 20_000;

    private final String site;
    private final Function<String, Optional<Namespace>> finder;
    private final Supplier<List<Namespace>> lister;
    private final Supplier<List<Namespace>> cache;
    private volatile String cluster;

    /**
     * Uid of the namespace of an object, by the uid of the object. An object never changes its namespace, and ends with it, so
     * an entry never becomes wrong.
     */
    private final Map<String, String> byObject = BoundedCache.of(CACHED);

    @Inject
    public NamespaceIdentities(KubernetesClient client, BreakwaterConfig config, ObjectCache objects) {
        this(
                config.site(),
                name -> Optional.ofNullable(client.namespaces().withName(name).get()),
                () -> client.namespaces().list().getItems(),
                () -> objects.all(Namespace.class));
    }

    /** Identities that come from requests only. */
    NamespaceIdentities(KubernetesClient client, BreakwaterConfig config) {
        this(
                config.site(),
                name -> Optional.ofNullable(client.namespaces().withName(name).get()),
                () -> client.namespaces().list().getItems());
    }

    /** @param uids the uid of the namespace that has a name now; empty when there is none */
    public NamespaceIdentities(String site, Function<String, Optional<String>> uids) {
        this(site, name -> uids.apply(name).map(uid -> namespace(name, uid)), null);
    }

    /** @param lister all namespaces; null if they cannot be listed */
    NamespaceIdentities(String site, Function<String, Optional<Namespace>> finder, Supplier<List<Namespace>> lister) {
        this(site, finder, lister, lister);
    }

    private NamespaceIdentities(
            String site,
            Function<String, Optional<Namespace>> finder,
            Supplier<List<Namespace>> lister,
            Supplier<List<Namespace>> cache) {
        this.cache = cache;
        this.site = site;
        this.finder = finder;
        this.lister = lister;
    }

    /** Name of this site. */
    public String site() {
        return site;
    }

    private static Namespace namespace(String name, String uid) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withUid(uid)
                .endMetadata()
                .build();
    }

    /**
     * The same identities from one list of the namespaces, for work on many objects that were read before. The list is read now.
     * An object that was read before is in the namespace that has the name now, or does not exist any more.
     */
    NamespaceIdentities listed() {
        return of(lister);
    }

    /** The same identities as the cache has them, for reports and for work that is repeated soon and deletes no data. */
    NamespaceIdentities cached() {
        return of(cache);
    }

    private NamespaceIdentities of(Supplier<List<Namespace>> source) {
        if (source == null) {
            return this;
        }
        Map<String, Namespace> all = new LinkedHashMap<>();
        source.get().forEach(namespace -> all.put(namespace.getMetadata().getName(), namespace));
        return new NamespaceIdentities(
                site, name -> Optional.ofNullable(all.get(name)), () -> List.copyOf(all.values()));
    }

    /** The namespaces that exist and are not being deleted. */
    Map<CapturedNamespace, Namespace> present() {
        Map<CapturedNamespace, Namespace> all = new LinkedHashMap<>();
        lister.get().stream()
                .filter(namespace -> namespace.getMetadata().getDeletionTimestamp() == null)
                .forEach(namespace -> all.put(identity(namespace), namespace));
        return all;
    }

    /** The namespace that has a name now; empty when there is none. */
    Optional<Namespace> namespace(String name) {
        return finder.apply(name);
    }

    private CapturedNamespace identity(Namespace namespace) {
        return new CapturedNamespace(
                site,
                namespace.getMetadata().getName(),
                cluster(),
                namespace.getMetadata().getUid());
    }

    /** Uid of this cluster. */
    public String cluster() {
        String known = cluster;
        if (known == null) {
            known = current(CLUSTER);
            cluster = known;
        }
        return known;
    }

    /**
     * The namespace of an object of this cluster.
     *
     * @throws BreakwaterException retryable, when the namespace does not exist any more
     */
    public CapturedNamespace of(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        String id = object.getMetadata().getUid();
        String uid = id == null ? null : byObject.get(id);
        if (uid == null) {
            uid = current(namespace);
            if (id != null) {
                byObject.put(id, uid);
            }
        }
        return new CapturedNamespace(site, namespace, cluster(), uid);
    }

    /** The identity of the namespace that has a name now; empty when there is none. */
    public Optional<CapturedNamespace> named(String namespace) {
        return namespace(namespace).map(this::identity);
    }

    /** The namespace of an object; empty when it does not exist any more. */
    Optional<CapturedNamespace> find(HasMetadata object) {
        try {
            return Optional.of(of(object));
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Deleting) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private String current(String namespace) {
        return namespace(namespace)
                .map(found -> found.getMetadata().getUid())
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.Deleting,
                        "namespace " + namespace + " was deleted, so nothing is done for objects in it"));
    }
}
