package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RepositoryNames;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.SealedSnapshots;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.points.PointSource;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Finds the data of unfinished backups of one site in one location: captures and copies that ended without a seal. Reads only.
 * Data that is younger than a given time, by the store's clock, is skipped.
 *
 * <p>A repository is skipped while a point of one of its owners is being captured or deleted. Data that a point of this cluster references
 * stays, with or without a seal. So an attacker who deletes seals cannot make Breakwater delete the data.
 */
final class UnsealedData {
    private final BackupLocation location;
    private final ObjectStore store;
    private final Catalog catalog;
    private final String site;
    private final Instant before;
    private final PointSource points;
    private final IdentityRule rule;
    private final RepositoryRegister register;
    private final List<BreakwaterException> unreadable = new ArrayList<>();
    private Map<CapturedNamespace, String> entries;
    private Map<CapturedNamespace, Set<String>> reported;

    /** @param points all RestorePoints of the cluster. Before data is deleted they must have been listed just now */
    UnsealedData(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            BreakwaterConfig config,
            Instant before,
            PointSource points,
            IdentityRule rule,
            RepositoryRegister register) {
        this(location, store, catalog, config.site(), before, points, rule.listed(), register);
    }

    private UnsealedData(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            String site,
            Instant before,
            PointSource points,
            IdentityRule listed,
            RepositoryRegister register) {
        this.location = location;
        this.store = store;
        this.catalog = catalog;
        this.site = site;
        this.rule = listed;
        this.register = register;
        this.before = before;
        this.points = points;
    }

    /** The same data with other points; the owner entries are not read again. */
    UnsealedData with(PointSource others) {
        UnsealedData data = new UnsealedData(location, store, catalog, site, before, others, rule, register);
        data.entries = entries;
        data.unreadable.addAll(unreadable);
        return data;
    }

    /** The repositories that only namespaces of this site own in the location, each with its newest owner. */
    List<OwnedRepository> repositories(Consumer<BreakwaterException> trouble) {
        List<OwnedRepository> found = new ArrayList<>();
        for (String id : new TreeSet<>(register.ownedBy(location, site, trouble).values())) {
            try {
                found.add(new OwnedRepository(
                        id, register.requireOwnedBy(location, id, site).getLast()));
            } catch (BreakwaterException e) {
                if (e.isRetryable()) {
                    throw e;
                }
                trouble.accept(e);
            }
        }
        return found;
    }

    /** The repository that an unfinished point may have data in; empty when there is none. */
    Optional<OwnedRepository> repository(InProgressMarker marker) {
        return register.find(location, marker.key().source())
                .filter(repository -> store.head(repository.prefix() + "config").isPresent());
    }

    /** Whether a point of an owner of the repository is being captured or deleted. All owners are of this site. */
    boolean isBusy(OwnedRepository repository) {
        return register.owners(location, repository.id()).stream().anyMatch(owner -> isBusy(owner.name()));
    }

    /** Whether a point of the namespace is being captured or deleted. */
    boolean isBusy(String namespace) {
        return points.in(namespace).stream().anyMatch(UnsealedData::isBusy);
    }

    /** Whether a point is being captured or deleted. */
    static boolean isBusy(RestorePoint point) {
        return point.getMetadata().getDeletionTimestamp() != null || !point.isOver();
    }

    /** Markers of old backups that no RestorePoint captures or copies any more. */
    List<InProgressMarker> abandoned() {
        return InProgressMarker.list(store, site).stream()
                .filter(b -> b.since().isBefore(before))
                .filter(b -> !isBusy(b.key().namespace()) && points.all().noneMatch(p -> isStillWanted(p, b.key())))
                .toList();
    }

    /** Archive objects of an unfinished backup; none if it has a seal by now, and empty if another process works on it. */
    Optional<List<ObjectInfo>> archive(InProgressMarker marker) {
        PointKey key = marker.key();
        SoftDeleteStore visible = new SoftDeleteStore(store, DeletionScope.points(key.source()));
        List<ObjectInfo> found = marker.uid(store)
                .map(uid -> key.objectPrefixes(uid).stream()
                        .flatMap(prefix -> visible.gather(prefix, Optional::of).stream())
                        .toList())
                .orElse(List.of());
        // The seal is read after the list, so that a point that was sealed in between stays.
        if (store.head(key.sealKey()).isPresent()) {
            return Optional.of(List.of());
        }
        if (points.all().anyMatch(p -> isNamedByPoint(p, key))) {
            return Optional.empty();
        }
        boolean left = found.stream().allMatch(o -> o.lastModified().isBefore(before)) && marker.isCurrent(store);
        return left ? Optional.of(found) : Optional.empty();
    }

    /** Snapshots in a repository that no point of this cluster references. Seals may still name them. */
    Set<String> candidates(OwnedRepository repository) {
        String prefix = repository.snapshot("");
        Set<String> found = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, prefix);
        new SoftDeleteStore(store, repository.deletions()).list(prefix, o -> {
            String id = o.key().substring(prefix.length());
            if (o.lastModified().isBefore(before) && RepositoryNames.isSnapshot(id)) {
                found.add(gathered.add(id));
            }
        });
        found.removeAll(named(owners(repository)));
        return found;
    }

    /** What the seals of the location name in some repositories; read it after {@link #candidates} of all of them. */
    SealedSnapshots sealed(List<OwnedRepository> repositories) {
        return catalog.sealedSnapshots(
                location, repositories.stream().map(OwnedRepository::id).toList());
    }

    /** The candidates of a repository that no seal names. */
    List<String> unsealed(OwnedRepository repository, Set<String> candidates, SealedSnapshots sealed) {
        Set<String> left = new TreeSet<>(candidates);
        left.removeAll(sealed.of(repository.id(), owners(repository)));
        return List.copyOf(left);
    }

    /** All namespaces that the record or an owner entry names. */
    private Set<CapturedNamespace> owners(OwnedRepository repository) {
        Set<CapturedNamespace> owners = new HashSet<>(register.owners(location, repository.id()));
        entries().forEach((owner, id) -> {
            if (id.equals(repository.id())) {
                owners.add(owner);
            }
        });
        return owners;
    }

    /**
     * The owner entries of the location, in a list that is read once. An entry that cannot be verified names no repository. The
     * record still names the owner, and no snapshot is deleted that a verified seal of it names.
     */
    private Map<CapturedNamespace, String> entries() {
        if (entries == null) {
            entries = register.all(location, unreadable::add);
        }
        return entries;
    }

    /** Errors of the owner entries that could not be verified. */
    List<BreakwaterException> unreadableEntries() {
        return List.copyOf(unreadable);
    }

    private Set<String> named(Set<CapturedNamespace> owners) {
        if (reported == null) {
            reported = rule.reportedSnapshots(points.all().filter(p -> !p.hasFailed()), location);
        }
        Set<String> named = new HashSet<>();
        owners.forEach(owner -> named.addAll(reported.getOrDefault(owner, Set.of())));
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
