package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.points.PointSource;
import io.breakwater.points.TestIndex;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A cluster with namespaces, locations and RestorePoints; every namespace may use the locations of namespace ops. */
final class FakeClusterPoints extends ClusterPoints {
    final Set<String> namespaces;
    final Map<String, String> locations = new TreeMap<>();
    final Set<Place> inUse = new HashSet<>();
    final Set<String> unused = new HashSet<>();
    final Map<String, String> uids = new TreeMap<>();
    final Map<String, Map<String, String>> annotations = new TreeMap<>();
    int changes;
    /** Number of objects that were read from the API server. */
    int reads;
    /** Runs after a sync got the points of the index. */
    Runnable indexed = () -> {};

    private final Map<String, RestorePoint> objects = new TreeMap<>();

    FakeClusterPoints(String... namespaces) {
        super(null, null, null, null, null);
        this.namespaces = new HashSet<>(Set.of(namespaces));
    }

    /** The namespaces as objects; each has the uid of {@link PointKeys}, unless {@link #uids} names another one. */
    List<Namespace> allNamespaces() {
        return Stream.concat(namespaces.stream(), Stream.of("kube-system"))
                .map(name -> new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withUid(
                                name.equals("kube-system")
                                        ? PointKeys.source("west", name).cluster()
                                        : uids.getOrDefault(name, PointKeys.uid(name)))
                        .withAnnotations(annotations.get(name))
                        .endMetadata()
                        .build())
                .toList();
    }

    BackupLocation addLocation(String namespace, String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName(name);
        location.getMetadata().setUid("uid of " + namespace + "/" + name);
        locations.put(namespace + "/" + name, location.getMetadata().getUid());
        return location;
    }

    RestorePoint add(String namespace, String name, Trigger trigger) {
        RestorePoint object = CatalogSyncTest.object(namespace, name, trigger);
        objects.put(namespace + "/" + name, object);
        return object;
    }

    RestorePoint get(String namespace, String name) {
        return objects.get(namespace + "/" + name);
    }

    Collection<String> names() {
        return objects.keySet();
    }

    @Override
    PointSource points() {
        PointSource points = TestIndex.of(List.copyOf(objects.values()));
        indexed.run();
        return points;
    }

    @Override
    Optional<RestorePoint> at(Place place) {
        reads++;
        return Optional.ofNullable(objects.get(place.toString()));
    }

    @Override
    Optional<String> location(String namespace, String name) {
        return Optional.ofNullable(locations.getOrDefault(namespace + "/" + name, locations.get("ops/" + name)));
    }

    @Override
    boolean isUsedBy(String namespace, String policy, String location) {
        return !unused.contains(namespace + "/" + policy + "/" + location);
    }

    @Override
    void create(RestorePoint object, Consumer<RestorePointStatus> status) {
        objects.put(Place.of(object).toString(), object);
        update(object, status);
    }

    @Override
    void update(RestorePoint object, Consumer<RestorePointStatus> change) {
        changes++;
        RestorePointStatus status = object.getStatus() == null ? new RestorePointStatus() : object.getStatus();
        change.accept(status);
        object.setStatus(status);
    }

    @Override
    boolean inUse(Place place) {
        return inUse.contains(place);
    }

    @Override
    void remove(RestorePoint object) {
        changes++;
        objects.remove(Place.of(object).toString());
    }
}
