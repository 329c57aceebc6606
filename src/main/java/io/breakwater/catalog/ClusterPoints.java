package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationResolver;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.PointIndex;
import io.breakwater.points.PointSource;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The access of catalog sync to the cluster. */
@ApplicationScoped
class ClusterPoints {
    private final KubernetesClient client;
    private final PointIndex index;
    private final LocationResolver locations;
    private final StatusWriter writer;
    private final BreakwaterConfig config;

    ClusterPoints(
            KubernetesClient client,
            PointIndex index,
            LocationResolver locations,
            StatusWriter writer,
            BreakwaterConfig config) {
        this.config = config;
        this.index = index;
        this.client = client;
        this.locations = locations;
        this.writer = writer;
    }

    /** The RestorePoints of the cluster, for one sync. */
    PointSource points() {
        return index.source();
    }

    /** The same object, read fresh and with all its fields; empty if the index is behind. */
    Optional<RestorePoint> current(RestorePoint indexed) {
        return at(Place.of(indexed))
                .filter(now -> Objects.equals(
                        now.getMetadata().getResourceVersion(),
                        indexed.getMetadata().getResourceVersion()));
    }

    /** The object at a place, read fresh. */
    Optional<RestorePoint> at(Place place) {
        return Optional.ofNullable(client.resources(RestorePoint.class)
                .inNamespace(place.namespace())
                .withName(place.name())
                .get());
    }

    /** UID of the location that a name refers to in a namespace; empty when there is none that may be used there. */
    Optional<String> location(String namespace, String name) {
        try {
            BackupLocation found = locations.lookUp(namespace, new NamedRef(name));
            return Optional.of(found.getMetadata().getUid());
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.LocationNotFound || e.reason() == Reason.Forbidden) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Whether a policy, or the FailoverPlan of its namespace, names a location. A policy that does not exist yet may name it. */
    boolean isUsedBy(String namespace, String policy, String location) {
        BackupPolicy found = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(policy)
                .get();
        if (found == null) {
            return true;
        }
        Stream<NamedRef> copies =
                Stream.ofNullable(found.getSpec().copies).flatMap(List::stream).map(c -> c.locationRef);
        Stream<NamedRef> sites = client.resources(FailoverPlan.class).inNamespace(namespace).list().getItems().stream()
                .filter(plan -> policy.equals(plan.getSpec().policyRef.name))
                .flatMap(plan -> plan.getSpec().sites.stream())
                .map(site -> site.locationRef);
        return Stream.of(Stream.of(found.getSpec().locationRef), copies, sites)
                .flatMap(s -> s)
                .anyMatch(ref -> location.equals(ref.name));
    }

    /** Creates a RestorePoint and its status. */
    void create(RestorePoint object, Consumer<RestorePointStatus> status) {
        RestorePoint created = client.resource(object).create();
        index.wrote(created);
        update(created, status);
    }

    void update(RestorePoint object, Consumer<RestorePointStatus> change) {
        writer.update(object, RestorePointStatus.class, change);
    }

    /** Whether an unfinished Restore reads the RestorePoint, or may choose it; only one of two namespaces can. */
    boolean inUse(Place place) {
        return Stream.of(place.namespace(), config.namespace())
                .distinct()
                .flatMap(from -> client.resources(Restore.class).inNamespace(from).list().getItems().stream())
                .anyMatch(r -> r.reads(place.namespace(), place.name(), config.namespace()));
    }

    /** Deletes an imported RestorePoint. The data stays, regardless of its deletionPolicy. */
    void remove(RestorePoint object) {
        var resource = client.resources(RestorePoint.class)
                .inNamespace(object.getMetadata().getNamespace())
                .withName(object.getMetadata().getName());
        if (object.getSpec().deletionPolicy != DeletionPolicy.Retain) {
            resource.edit(p -> {
                p.getSpec().deletionPolicy = DeletionPolicy.Retain;
                return p;
            });
        }
        resource.delete();
        index.deleted(object);
    }
}
