package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RepositoryNames;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Finds the data of unfinished backups of one site in one location: captures and copies that ended without a seal. Reads only.
 * Data that is younger than a given time, by the store's clock, is skipped.
 *
 * <p>A namespace is skipped while one of its points is being captured or deleted. Data that a point of this cluster references
 * stays, with or without a seal. So an attacker who deletes seals cannot make Breakwater delete the data.
 */
final class UnsealedData {
    private final BackupLocation location;
    private final ObjectStore store;
    private final Catalog catalog;
    private final String site;
    private final Instant before;
    private final List<RestorePoint> points;
    private final IdentityRule rule;

    /** @param points all RestorePoints of the cluster, in a list that was just read */
    UnsealedData(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            BreakwaterConfig config,
            Instant before,
            List<RestorePoint> points,
            IdentityRule rule) {
        this.location = location;
        this.store = store;
        this.catalog = catalog;
        this.site = config.site();
        this.rule = rule.listed();
        this.before = before;
        this.points = points;
    }

    /** Namespaces that have data in the location, or may have some. */
    Set<String> namespaces() {
        Set<String> found = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, StoreLayout.points(site));
        store.list(
                StoreLayout.points(site),
                o -> PointKey.ofSeal(o)
                        .filter(key -> found.add(key.namespace()))
                        .ifPresent(key -> gathered.add(o.key())));
        InProgressMarker.list(store, site).forEach(b -> found.add(b.key().namespace()));
        points.forEach(p -> rule.namespace(p, site, location).ifPresent(found::add));
        return found;
    }

    /** Whether a point of the namespace is being captured or deleted. */
    boolean isBusy(String namespace) {
        return points.stream()
                .filter(p -> namespace.equals(p.getMetadata().getNamespace()))
                .anyMatch(p -> p.getMetadata().getDeletionTimestamp() != null || !p.isOver());
    }

    /** Markers of old backups that no RestorePoint captures or copies any more. */
    List<InProgressMarker> abandoned() {
        return InProgressMarker.list(store, site).stream()
                .filter(b -> b.since().isBefore(before))
                .filter(b -> !isBusy(b.key().namespace()) && points.stream().noneMatch(p -> isStillWanted(p, b.key())))
                .toList();
    }

    /** Archive objects of an unfinished backup; none if it has a seal by now, and empty if another process works on it. */
    Optional<List<ObjectInfo>> archive(InProgressMarker marker) {
        PointKey key = marker.key();
        SoftDeleteStore visible = new SoftDeleteStore(store, key.site(), key.namespace());
        List<ObjectInfo> found = marker.uid(store)
                .map(uid -> key.objectPrefixes(uid).stream()
                        .flatMap(prefix -> visible.gather(prefix, Optional::of).stream())
                        .toList())
                .orElse(List.of());
        // The seal is read after the list, so that a point that was sealed in between stays.
        if (store.head(key.sealKey()).isPresent()) {
            return Optional.of(List.of());
        }
        if (points.stream().anyMatch(p -> isNamedByPoint(p, key))) {
            return Optional.empty();
        }
        boolean left = found.stream().allMatch(o -> o.lastModified().isBefore(before)) && marker.isCurrent(store);
        return left ? Optional.of(found) : Optional.empty();
    }

    /** Snapshots in the repository of a namespace that no point references. */
    List<String> snapshots(String namespace) {
        String prefix = StoreLayout.repository(site, namespace) + "snapshots/";
        Set<String> found = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, prefix);
        new SoftDeleteStore(store, site, namespace).list(prefix, o -> {
            String id = o.key().substring(prefix.length());
            if (o.lastModified().isBefore(before) && RepositoryNames.isSnapshot(id)) {
                found.add(gathered.add(id));
            }
        });
        found.removeAll(named(namespace));
        // Seals are read only if there are candidates.
        if (!found.isEmpty()) {
            found.removeAll(catalog.sealedSnapshots(location, site, namespace));
        }
        return List.copyOf(found);
    }

    /**
     * Whether the repository has every snapshot that the points of this cluster reference. A snapshot that someone deleted from
     * the store may be restored there, and its data must stay until then.
     */
    boolean isWhole(String namespace) {
        String prefix = StoreLayout.repository(site, namespace) + "snapshots/";
        Set<String> missing = named(namespace);
        new SoftDeleteStore(store, site, namespace)
                .list(prefix, o -> missing.remove(o.key().substring(prefix.length())));
        return missing.isEmpty();
    }

    private Set<String> named(String namespace) {
        Set<String> named = new HashSet<>();
        points.stream()
                .filter(p -> !p.hasFailed())
                .flatMap(p -> rule.reportedSnapshots(p, site, namespace, location))
                .forEach(named::add);
        return named;
    }

    /** Whether a RestorePoint captures or copies a point into this location, or will try to. */
    private boolean isStillWanted(RestorePoint p, PointKey key) {
        RestorePointStatus s = p.getStatus();
        if (p.hasFailed() || !rule.represents(p, key, location)) {
            return false;
        }
        String name = location.getMetadata().getName();
        return !p.isOver()
                || Stream.ofNullable(s.copies)
                        .flatMap(List::stream)
                        .anyMatch(c -> c.location.equals(name) && c.state != CopyState.Completed);
    }

    /** Whether a RestorePoint was sealed or copied here. If the seal is missing, someone else deleted it. */
    private boolean isNamedByPoint(RestorePoint p, PointKey key) {
        RestorePointStatus s = p.getStatus();
        if (!p.isSealed() || !rule.represents(p, key, location)) {
            return false;
        }
        String name = location.getMetadata().getName();
        return name.equals(s.location)
                || Stream.ofNullable(s.copies)
                        .flatMap(List::stream)
                        .anyMatch(c -> c.location.equals(name) && c.state == CopyState.Completed);
    }
}
