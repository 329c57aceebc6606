package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointKey;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What lies in one location for one site and belongs to no point: left by captures and copies that came to no end. Looks
 * only, at what is older than a given time by the store's clock.
 *
 * <p>A namespace is left alone while one of its points is being captured or removed. What a point of this cluster names
 * stays, whatever its seal says, so that somebody who can remove seals cannot have the data removed by us.
 */
final class UnsealedData {
    private final BackupLocation location;
    private final ObjectStore store;
    private final Catalog catalog;
    private final String site;
    private final Instant before;
    private final List<RestorePoint> points;

    /** @param points all RestorePoints of the cluster, listed just now */
    UnsealedData(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            String site,
            Instant before,
            List<RestorePoint> points) {
        this.location = location;
        this.store = store;
        this.catalog = catalog;
        this.site = site;
        this.before = before;
        this.points = points;
    }

    /** Namespaces of which something lies here, or may lie here. */
    Set<String> namespaces() {
        Set<String> found = new TreeSet<>();
        store.list(
                StoreLayout.points(site), o -> PointKey.ofSeal(o.key()).ifPresent(key -> found.add(key.namespace())));
        InProgressMarker.list(store, site).forEach(b -> found.add(b.key().namespace()));
        points.stream()
                .map(RestorePoint::getStatus)
                .filter(s -> s != null && site.equals(s.site) && s.namespace != null)
                .forEach(s -> found.add(s.namespace));
        return found;
    }

    /** Whether a capture or a removal of one of the namespace's points is going on. */
    boolean isBusy(String namespace) {
        return points.stream()
                .filter(p -> namespace.equals(p.getMetadata().getNamespace()))
                .anyMatch(p -> p.getMetadata().getDeletionTimestamp() != null || !p.isOver());
    }

    /** What was begun long ago and is not wanted any more: neither captured nor copied by any RestorePoint. */
    List<InProgressMarker> begun() {
        return InProgressMarker.list(store, site).stream()
                .filter(b -> b.since().isBefore(before))
                .filter(b -> !isBusy(b.key().namespace()) && points.stream().noneMatch(p -> isStillWanted(p, b.key())))
                .toList();
    }

    /** Archive objects of a point that was begun; none when it is sealed, and empty when somebody is still at it. */
    Optional<List<ObjectInfo>> archive(InProgressMarker begun) {
        PointKey key = begun.key();
        List<ObjectInfo> found = new ArrayList<>();
        new SoftDeleteStore(store, key.site(), key.namespace()).list(key.archivePrefix(), found::add);
        // The seal is asked after the list: what was sealed in between stays.
        if (store.head(key.sealKey()).isPresent()) {
            return Optional.of(List.of());
        }
        if (points.stream().anyMatch(p -> isNamedByPoint(p, key))) {
            return Optional.empty();
        }
        boolean left = found.stream().allMatch(o -> o.lastModified().isBefore(before)) && begun.isCurrent(store);
        return left ? Optional.of(found) : Optional.empty();
    }

    /** Snapshots in a namespace's repository that no point names. */
    List<String> snapshots(String namespace) {
        String prefix = new PointKey(site, namespace, "").repositoryPrefix() + "snapshots/";
        Set<String> found = new TreeSet<>();
        new SoftDeleteStore(store, site, namespace).list(prefix, o -> {
            if (o.lastModified().isBefore(before)) {
                found.add(o.key().substring(prefix.length()));
            }
        });
        found.removeAll(named(namespace));
        // Seals are read only where there is something to ask them.
        if (!found.isEmpty()) {
            found.removeAll(catalog.sealedSnapshots(location, site, namespace));
        }
        return List.copyOf(found);
    }

    /**
     * Whether the repository has every snapshot that a point of this cluster names. One that somebody removed from the store may
     * be put back, and needs its data until then.
     */
    boolean isWhole(String namespace) {
        String prefix = new PointKey(site, namespace, "").repositoryPrefix() + "snapshots/";
        Set<String> missing = named(namespace);
        new SoftDeleteStore(store, site, namespace)
                .list(prefix, o -> missing.remove(o.key().substring(prefix.length())));
        return missing.isEmpty();
    }

    private Set<String> named(String namespace) {
        Set<String> named = new HashSet<>();
        points.stream()
                .filter(p -> !p.hasFailed())
                .map(RestorePoint::getStatus)
                .filter(s -> s != null && site.equals(s.site) && namespace.equals(s.namespace) && s.volumes != null)
                .flatMap(s -> s.volumes.stream())
                .map(v -> v.repositorySnapshot)
                .filter(Objects::nonNull)
                .forEach(named::add);
        return named;
    }

    /** Whether a RestorePoint still brings a point into this location, or will try to. */
    private boolean isStillWanted(RestorePoint p, PointKey key) {
        RestorePointStatus s = p.getStatus();
        if (p.hasFailed() || !PointKey.of(p).filter(key::equals).isPresent()) {
            return false;
        }
        String name = location.getMetadata().getName();
        return !p.isOver()
                || Stream.ofNullable(s.copies)
                        .flatMap(List::stream)
                        .anyMatch(c -> c.location.equals(name) && c.state != CopyState.Completed);
    }

    /** Whether a RestorePoint was sealed or copied here; without a seal somebody else has taken that. */
    private boolean isNamedByPoint(RestorePoint p, PointKey key) {
        RestorePointStatus s = p.getStatus();
        if (!p.isSealed() || !PointKey.of(p).filter(key::equals).isPresent()) {
            return false;
        }
        String name = location.getMetadata().getName();
        return name.equals(s.location)
                || Stream.ofNullable(s.copies)
                        .flatMap(List::stream)
                        .anyMatch(c -> c.location.equals(name) && c.state == CopyState.Completed);
    }
}
