package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationSpec.UsagePolicy;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Labels;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
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
 *
 * <p>The answers come from the cache. A change of a location starts to count a moment later, as for a run that resolved it before.
 */
@ApplicationScoped
public class LocationResolver {
    /** Finds an object by its name, in the cache or in the API server; null if there is none. */
    private interface ObjectLookup {
        <T extends HasMetadata> T find(Class<T> type, String namespace, String name);
    }

    private final ObjectCache objects;
    private final BreakwaterConfig config;

    LocationResolver(ObjectCache objects, BreakwaterConfig config) {
        this.objects = objects;
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

    /**
     * Like {@link #resolve}, by the cache alone: for reports and for work that is repeated soon.
     *
     * @throws BreakwaterException LocationNotFound, if the cache has none, or if the namespace may not use it
     */
    public BackupLocation lookUp(String namespace, NamedRef ref) {
        return resolve(objects::find, namespace, ref, false);
    }

    private BackupLocation resolve(String namespace, NamedRef ref, boolean terminating) {
        try {
            return resolve(objects::find, namespace, ref, terminating);
        } catch (BreakwaterException e) {
            // This makes a run fail, so the API server confirms it: a location can be newer than the cache.
            return resolve(objects::read, namespace, ref, terminating);
        }
    }

    private BackupLocation resolve(ObjectLookup lookup, String namespace, NamedRef ref, boolean terminating) {
        BackupLocation own = present(lookup.find(BackupLocation.class, namespace, ref.name), terminating);
        if (own != null && namespace.equals(config.namespace())) {
            return own;
        }
        BackupLocation shared = present(lookup.find(BackupLocation.class, config.namespace(), ref.name), terminating);
        if (own != null) {
            return shared != null && admits(lookup, shared, namespace) && isKeptByTemplate(namespace) ? shared : own;
        }
        if (shared == null) {
            throw BreakwaterException.permanent(
                    Reason.LocationNotFound,
                    "BackupLocation " + ref.name + " exists neither in namespace " + namespace
                            + " nor in the operator's namespace " + config.namespace() + "; create it in one of them");
        }
        if (!admits(lookup, shared, namespace)) {
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
        objects.in(BackupLocation.class, namespace).stream()
                .map(l -> l.getMetadata().getName())
                .forEach(names::add);
        objects.in(BackupLocation.class, config.namespace()).stream()
                .filter(l -> admits(objects::find, l, namespace))
                .map(l -> l.getMetadata().getName())
                .forEach(names::add);
        return names;
    }

    /** The location in a namespace; null if there is none. */
    public BackupLocation get(String namespace, String name) {
        return objects.find(BackupLocation.class, namespace, name);
    }

    private boolean isKeptByTemplate(String namespace) {
        return objects.in(BackupPolicy.class, namespace).stream()
                .anyMatch(policy -> policy.managedBy().isPresent());
    }

    private static boolean admits(ObjectLookup lookup, BackupLocation location, String namespace) {
        UsagePolicy policy = location.getSpec().usagePolicy;
        if (policy == null || policy.namespaces == Namespaces.Same) {
            return namespace.equals(location.getMetadata().getNamespace());
        }
        return policy.namespaces == Namespaces.All || Labels.match(policy.selector, labels(lookup, namespace));
    }

    private static Map<String, String> labels(ObjectLookup lookup, String namespace) {
        Namespace object = lookup.find(Namespace.class, null, namespace);
        return object == null || object.getMetadata().getLabels() == null
                ? Map.of()
                : object.getMetadata().getLabels();
    }
}
