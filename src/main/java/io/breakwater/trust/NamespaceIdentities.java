package io.breakwater.trust;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The identities of this cluster's namespaces. They come from the API server alone, never from a status, a label or an
 * annotation.
 */
@ApplicationScoped
public class NamespaceIdentities {
    private static final String CLUSTER = "kube-system";
    private static final int CACHED = 20_000;

    private final String site;
    private final Function<String, Optional<String>> uids;
    private volatile String cluster;

    /**
     * Uid of the namespace of an object, by the uid of the object. An object never changes its namespace, and ends with it, so
     * an entry never becomes wrong.
     */
    private final Map<String, String> byObject = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > CACHED;
        }
    });

    @Inject
    public NamespaceIdentities(KubernetesClient client, BreakwaterConfig config) {
        this(
                config.site(),
                name -> Optional.ofNullable(client.namespaces().withName(name).get())
                        .map(Namespace::getMetadata)
                        .map(m -> m.getUid()));
    }

    /** @param uids the uid of the namespace that has a name now; empty when there is none */
    public NamespaceIdentities(String site, Function<String, Optional<String>> uids) {
        this.site = site;
        this.uids = uids;
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

    /** The namespace that has a name now; empty when there is none. */
    public Optional<CapturedNamespace> named(String namespace) {
        return uids.apply(namespace).map(uid -> new CapturedNamespace(site, namespace, cluster(), uid));
    }

    /** Whether an object is in the namespace whose data this is. */
    public boolean isIn(HasMetadata object, CapturedNamespace source) {
        return source.name().equals(object.getMetadata().getNamespace()) && source.equals(of(object));
    }

    private String current(String namespace) {
        return uids.apply(namespace)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.Deleting,
                        "namespace " + namespace + " was deleted, so nothing is done for objects in it"));
    }
}
