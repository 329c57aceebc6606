package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationSpec.UsagePolicy;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Labels;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Resolves a reference to a location: to one in the namespace of the reference, else to one that the operator's namespace
 * shares with that namespace. A reference cannot name a location of any other namespace.
 *
 * <p>In a namespace whose policy comes from a template the order is reversed. So a tenant cannot create a location that
 * replaces the one of the same name that the administrator chose.
 */
@ApplicationScoped
public class LocationResolver {
    private final KubernetesClient client;
    private final BreakwaterConfig config;

    LocationResolver(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
    }

    /**
     * The location that a reference in a namespace means. A location that is being deleted does not count: the webhook does not
     * check it.
     *
     * @throws BreakwaterException LocationNotFound, if there is none, or if the namespace may not use it
     */
    public BackupLocation resolve(String namespace, NamedRef ref) {
        return resolve(namespace, ref, false);
    }

    /**
     * Like {@link #resolve}, but finds a location that is being deleted too, if there is no other: for the deletion of data.
     *
     * @throws BreakwaterException LocationNotFound, if there is none, or if the namespace may not use it
     */
    public BackupLocation resolveToDelete(String namespace, NamedRef ref) {
        try {
            return resolve(namespace, ref);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.LocationNotFound) {
                throw e;
            }
            return resolve(namespace, ref, true);
        }
    }

    private BackupLocation resolve(String namespace, NamedRef ref, boolean terminating) {
        BackupLocation own = present(get(namespace, ref.name), terminating);
        if (own != null && namespace.equals(config.namespace())) {
            return own;
        }
        BackupLocation shared = present(get(config.namespace(), ref.name), terminating);
        if (own != null) {
            return shared != null && admits(shared, namespace) && isKeptByTemplate(namespace) ? shared : own;
        }
        if (shared == null) {
            throw BreakwaterException.permanent(
                    Reason.LocationNotFound,
                    "BackupLocation " + ref.name + " exists neither in namespace " + namespace
                            + " nor in the operator's namespace " + config.namespace() + "; create it in one of them");
        }
        if (!admits(shared, namespace)) {
            throw BreakwaterException.permanent(
                    Reason.LocationNotFound,
                    "BackupLocation " + config.namespace() + "/" + ref.name + " does not admit namespace " + namespace
                            + "; widen its spec.usagePolicy, or create a BackupLocation in namespace " + namespace);
        }
        return shared;
    }

    private static BackupLocation present(BackupLocation location, boolean terminating) {
        boolean deleted = location != null && location.getMetadata().getDeletionTimestamp() != null && !terminating;
        return deleted ? null : location;
    }

    /** Names of all locations that a namespace may use. */
    public Set<String> names(String namespace) {
        Set<String> names = new TreeSet<>();
        client.resources(BackupLocation.class).inNamespace(namespace).list().getItems().stream()
                .map(l -> l.getMetadata().getName())
                .forEach(names::add);
        client.resources(BackupLocation.class).inNamespace(config.namespace()).list().getItems().stream()
                .filter(l -> admits(l, namespace))
                .map(l -> l.getMetadata().getName())
                .forEach(names::add);
        return names;
    }

    /** The location in a namespace; null if there is none. */
    public BackupLocation get(String namespace, String name) {
        return client.resources(BackupLocation.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
    }

    private boolean isKeptByTemplate(String namespace) {
        return !client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withLabel(Api.TEMPLATE)
                .list()
                .getItems()
                .isEmpty();
    }

    private boolean admits(BackupLocation location, String namespace) {
        UsagePolicy policy = location.getSpec().usagePolicy;
        if (policy == null || policy.namespaces == Namespaces.Same) {
            return namespace.equals(location.getMetadata().getNamespace());
        }
        return policy.namespaces == Namespaces.All || Labels.match(policy.selector, labels(namespace));
    }

    private Map<String, String> labels(String namespace) {
        Namespace object = client.namespaces().withName(namespace).get();
        return object == null || object.getMetadata().getLabels() == null
                ? Map.of()
                : object.getMetadata().getLabels();
    }
}
