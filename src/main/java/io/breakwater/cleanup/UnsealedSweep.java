package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.SealedSnapshots;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.points.PointIndex;
import io.breakwater.points.PointSource;
import io.breakwater.replication.PointCopies;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.IdentityRule;
import io.breakwater.volume.KeptSnapshots;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Deletes the data that {@link UnsealedData} finds, and hides the snapshots of deleted points. Both get tombstones: archives for
 * exactly the objects that were found. Then it finds the repositories that must be pruned. Can be repeated after an interruption.
 */
@ApplicationScoped
class UnsealedSweep {
    /** Number of snapshots of a repository that one round hides; the next round finds the others again. */
    private static final int AT_A_TIME = 200;

    private final PointIndex index;
    private final BreakwaterConfig config;
    private final Stores stores;
    private final Catalog catalog;
    private final PointCopies copies;
    private final KeptSnapshotSweep kept;
    private final DuePrunes prunes;
    private final Clock clock;
    private final IdentityRule rule;
    private final RepositoryRegister register;

    UnsealedSweep(
            PointIndex index,
            BreakwaterConfig config,
            Stores stores,
            Catalog catalog,
            PointCopies copies,
            KeptSnapshots kept,
            Clock clock,
            IdentityRule rule,
            RepositoryRegister register,
            DuePrunes prunes) {
        this.index = index;
        this.config = config;
        this.stores = stores;
        this.catalog = catalog;
        this.copies = copies;
        this.kept = new KeptSnapshotSweep(kept, catalog, config.sweep().grace());
        this.clock = clock;
        this.rule = rule;
        this.register = register;
        this.prunes = prunes;
    }

    /**
     * Result of one sweep of a location.
     *
     * @param archives number of archives of unfinished points that have tombstones now
     * @param bytes size of these archives
     * @param uploads number of deleted unfinished uploads
     * @param kept number of deleted retained snapshots that no point references
     * @param snapshots number of snapshots that no point references, and that are hidden now
     * @param garbage bytes of deleted points that wait for a prune: an estimate
     * @param prunes repositories that must be pruned, the most urgent first
     * @param trouble errors of parts that could not be swept
     */
    record Found(
            int archives,
            long bytes,
            int uploads,
            int kept,
            int snapshots,
            long garbage,
            List<OwnedRepository> prunes,
            List<BreakwaterException> trouble) {}

    /**
     * Sweeps a location. Blocks.
     *
     * @throws BreakwaterException if the location could not be read; deletions made before that stay
     */
    Found sweep(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        Instant before = now.minus(config.sweep().unsealed());
        List<BreakwaterException> trouble = new ArrayList<>();
        UnsealedData seen = data(location, store, before, index.source());
        int archives = 0;
        long bytes = 0;
        List<OwnedRepository> repositories = seen.repositories(trouble::add);
        List<BreakwaterException> first = new ArrayList<>();
        Map<OwnedRepository, Set<String>> candidates = candidates(seen, repositories, first);
        boolean work =
                !seen.abandoned().isEmpty() || candidates.values().stream().anyMatch(found -> !found.isEmpty());
        // The index shows that there is nothing to delete. What is deleted follows from a list.
        UnsealedData data = work ? seen.with(index.read()) : seen;
        if (!work) {
            trouble.addAll(first);
        }
        int uploads = repositories.stream()
                .mapToInt(repository -> abandon(store, repository.prefix(), before, trouble))
                .sum();
        Map<String, Instant> loose = new HashMap<>();
        for (InProgressMarker marker : data.abandoned()) {
            Optional<List<ObjectInfo>> archive = data.archive(marker);
            if (archive.isPresent()) {
                List<String> prefixes =
                        marker.uid(store).map(marker.key()::objectPrefixes).orElse(List.of());
                SoftDeleteStore soft = new SoftDeleteStore(
                                store, DeletionScope.points(marker.key().source()))
                        .withArchives(prefixes);
                archive.get().forEach(soft::delete);
                uploads += prefixes.stream()
                        .mapToInt(p -> abandon(store, p, before, trouble))
                        .sum();
                endMarker(location, store, data, marker, now, loose, trouble);
                archives += archive.get().isEmpty() ? 0 : 1;
                bytes += archive.get().stream().mapToLong(ObjectInfo::size).sum();
            }
        }
        int unreferenced = kept.sweep(location, now, before, this::isBusyNow, trouble);
        int hidden = work ? hide(store, unsealed(data, candidates(data, repositories, trouble), trouble)) : 0;
        register.deleteUnused(location, config.site(), before);
        DuePrunes.Due due = prunes.find(location, store, repositories, loose, now);
        return new Found(archives, bytes, uploads, unreferenced, hidden, due.garbage(), due.repositories(), trouble);
    }

    /** Writes the tombstones of snapshots; returns their number. A copy may be about to seal a point with one of them. */
    private int hide(ObjectStore store, Map<OwnedRepository, List<String>> unsealed) {
        int hidden = 0;
        for (Map.Entry<OwnedRepository, List<String>> entry : unsealed.entrySet()) {
            OwnedRepository repository = entry.getKey();
            if (copies.busy(repository.id())) {
                continue; // the next round finds them again
            }
            SoftDeleteStore visible = new SoftDeleteStore(store, repository.deletions());
            entry.getValue().forEach(id -> visible.delete(repository.snapshot(id)));
            if (copies.busy(repository.id())) {
                entry.getValue().forEach(id -> visible.undelete(repository.snapshot(id)));
            } else {
                hidden += entry.getValue().size();
            }
        }
        return hidden;
    }

    private UnsealedData data(BackupLocation location, ObjectStore store, Instant before, PointSource points) {
        return new UnsealedData(location, store, catalog, config, before, points, rule, register);
    }

    /** Deletes a marker, unless the repository may contain data of the unfinished backup: then it stays until a prune. */
    private void endMarker(
            BackupLocation location,
            ObjectStore store,
            UnsealedData data,
            InProgressMarker marker,
            Instant now,
            Map<String, Instant> loose,
            List<BreakwaterException> trouble) {
        try {
            Optional<OwnedRepository> repository =
                    store.head(marker.key().sealKey()).isEmpty() ? data.repository(marker) : Optional.empty();
            boolean pruned = repository
                    .filter(r -> !prunes.isPending(location, store, r.id(), marker.since(), now))
                    .isPresent();
            if (repository.isEmpty() || pruned) {
                InProgressMarker.delete(store, marker.key());
            } else {
                loose.merge(repository.get().id(), marker.since(), (a, b) -> a.isBefore(b) ? a : b);
            }
        } catch (BreakwaterException e) {
            trouble.add(e); // an unreadable register of one namespace must not stop the cleanup of others
        }
    }

    private static int abandon(ObjectStore store, String prefix, Instant before, List<BreakwaterException> trouble) {
        try {
            return store.abandonUploads(prefix, before);
        } catch (BreakwaterException e) {
            trouble.add(e); // some stores need a separate permission for this
            return 0;
        }
    }

    /** The candidates that no seal names either. */
    private static Map<OwnedRepository, List<String>> unsealed(
            UnsealedData data, Map<OwnedRepository, Set<String>> candidates, List<BreakwaterException> trouble) {
        // Seals are read once, after all snapshots were listed, and only if there are candidates.
        List<OwnedRepository> stale = candidates.keySet().stream()
                .filter(repository -> !candidates.get(repository).isEmpty())
                .toList();
        Optional<SealedSnapshots> sealed = stale.isEmpty() ? Optional.empty() : sealed(data, stale, trouble);
        Map<OwnedRepository, List<String>> found = new LinkedHashMap<>();
        for (OwnedRepository repository : sealed.isPresent() ? stale : List.<OwnedRepository>of()) {
            try {
                List<String> unsealed = data.unsealed(repository, candidates.get(repository), sealed.get());
                if (!unsealed.isEmpty()) {
                    found.put(repository, unsealed.stream().limit(AT_A_TIME).toList());
                }
            } catch (BreakwaterException e) {
                trouble.add(e); // unreadable seals of one namespace must not stop the cleanup of others
            }
        }
        return found;
    }

    /** Snapshots that no point of this cluster references, of each repository whose owners can be read. */
    private static Map<OwnedRepository, Set<String>> candidates(
            UnsealedData data, List<OwnedRepository> repositories, List<BreakwaterException> trouble) {
        Map<OwnedRepository, Set<String>> candidates = new LinkedHashMap<>();
        for (OwnedRepository repository : repositories) {
            try {
                candidates.put(repository, data.isBusy(repository) ? Set.of() : data.candidates(repository));
            } catch (BreakwaterException e) {
                trouble.add(e); // unreadable owners of one repository must not stop the cleanup of others
            }
        }
        data.unreadableEntries().stream()
                .filter(e -> trouble.stream().noneMatch(t -> t.getMessage().equals(e.getMessage())))
                .forEach(trouble::add);
        return candidates;
    }

    private static Optional<SealedSnapshots> sealed(
            UnsealedData data, List<OwnedRepository> repositories, List<BreakwaterException> trouble) {
        try {
            return Optional.of(data.sealed(repositories));
        } catch (BreakwaterException e) {
            trouble.add(e);
            return Optional.empty();
        }
    }

    private boolean isBusyNow(String namespace) {
        return index.read(namespace).stream().anyMatch(UnsealedData::isBusy);
    }
}
