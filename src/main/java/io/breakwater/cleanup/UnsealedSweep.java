package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.SealedSnapshots;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.points.PointIndex;
import io.breakwater.points.PointSource;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/**
 * Deletes the data that {@link UnsealedData} finds. Archives are deleted by tombstones for exactly the objects that were found.
 * Snapshots are deleted by a Job through the gateway, which writes tombstones too. Can be repeated after an interruption.
 */
@ApplicationScoped
class UnsealedSweep {
    /** Number of snapshots that one Job deletes; the next round finds the others again. */
    private static final int AT_A_TIME = 200;

    private static final Logger LOG = Logger.getLogger(UnsealedSweep.class);

    private final PointIndex index;
    private final BreakwaterConfig config;
    private final Stores stores;
    private final Catalog catalog;
    private final MoverJobs movers;
    private final PointCopies copies;
    private final KeptSnapshotSweep kept;
    private final Clock clock;
    private final IdentityRule rule;
    private final RepositoryRegister register;

    UnsealedSweep(
            PointIndex index,
            BreakwaterConfig config,
            Stores stores,
            Catalog catalog,
            MoverJobs movers,
            PointCopies copies,
            KeptSnapshots kept,
            Clock clock,
            IdentityRule rule,
            RepositoryRegister register) {
        this.index = index;
        this.config = config;
        this.stores = stores;
        this.catalog = catalog;
        this.movers = movers;
        this.copies = copies;
        this.kept = new KeptSnapshotSweep(kept, catalog, config.sweep().grace());
        this.clock = clock;
        this.rule = rule;
        this.register = register;
    }

    /**
     * Result of one sweep of a location.
     *
     * @param archives number of archives of unfinished points that have tombstones now
     * @param bytes size of these archives
     * @param uploads number of deleted unfinished uploads
     * @param kept number of deleted retained snapshots that no point references
     * @param snapshots snapshots that no point references, by repository, for {@link #forget}. An empty list stands for data
     *     without any snapshot
     * @param trouble errors of parts that could not be swept
     */
    record Found(
            int archives,
            long bytes,
            int uploads,
            int kept,
            Map<OwnedRepository, List<String>> snapshots,
            List<BreakwaterException> trouble) {}

    /**
     * Sweeps a location, and deletes all data that needs no Job. Blocks.
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
        Set<String> loose = new TreeSet<>();
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
                endMarker(store, data, marker, loose, trouble);
                archives += archive.get().isEmpty() ? 0 : 1;
                bytes += archive.get().stream().mapToLong(ObjectInfo::size).sum();
            }
        }
        int deleted = kept.sweep(location, now, before, this::isBusyNow, trouble);
        Map<OwnedRepository, List<String>> snapshots =
                work ? snapshots(data, candidates(data, repositories, trouble), loose, trouble) : Map.of();
        deleteEndedJobs(location, repositories, snapshots);
        register.deleteUnused(location, config.site(), before);
        return new Found(archives, bytes, uploads, deleted, snapshots, trouble);
    }

    private UnsealedData data(BackupLocation location, ObjectStore store, Instant before, PointSource points) {
        return new UnsealedData(location, store, catalog, config, before, points, rule, register);
    }

    /** Deletes a marker, unless the repository may contain data of the unfinished backup: then it stays as long. */
    private static void endMarker(
            ObjectStore store,
            UnsealedData data,
            InProgressMarker marker,
            Set<String> loose,
            List<BreakwaterException> trouble) {
        try {
            Optional<OwnedRepository> repository =
                    store.head(marker.key().sealKey()).isEmpty() ? data.repository(marker) : Optional.empty();
            repository.map(OwnedRepository::id).ifPresent(loose::add);
            if (repository.isEmpty()) {
                InProgressMarker.delete(store, marker.key());
            }
        } catch (BreakwaterException e) {
            trouble.add(e); // an unreadable register of one namespace must not stop the cleanup of others
        }
    }

    /** Deletes ended Jobs of repositories that need no cleanup now; copies would wait for them. */
    private void deleteEndedJobs(
            BackupLocation location, List<OwnedRepository> repositories, Map<OwnedRepository, List<String>> snapshots) {
        Set<String> runs = movers.runs(config.namespace());
        repositories.stream()
                .filter(repository -> !snapshots.containsKey(repository))
                .map(repository -> RunLabel.ofCleanup(location, repository.id()))
                .filter(runs::contains)
                .forEach(run -> movers.delete(config.namespace(), run));
    }

    private static int abandon(ObjectStore store, String prefix, Instant before, List<BreakwaterException> trouble) {
        try {
            return store.abandonUploads(prefix, before);
        } catch (BreakwaterException e) {
            trouble.add(e); // some stores need a separate permission for this
            return 0;
        }
    }

    /** @param loose ids of repositories that may contain data without a snapshot */
    private static Map<OwnedRepository, List<String>> snapshots(
            UnsealedData data,
            Map<OwnedRepository, Set<String>> candidates,
            Set<String> loose,
            List<BreakwaterException> trouble) {
        // Seals are read once, after all snapshots were listed, and only if there are candidates.
        List<OwnedRepository> stale = candidates.keySet().stream()
                .filter(repository -> !candidates.get(repository).isEmpty())
                .toList();
        Optional<SealedSnapshots> sealed = stale.isEmpty() ? Optional.empty() : sealed(data, stale, trouble);
        Map<OwnedRepository, List<String>> found = new LinkedHashMap<>();
        for (OwnedRepository repository : candidates.keySet()) {
            if (stale.contains(repository) && sealed.isEmpty()) {
                continue; // its seals are unknown
            }
            try {
                List<String> unsealed = stale.contains(repository)
                        ? data.unsealed(repository, candidates.get(repository), sealed.get())
                        : List.of();
                if (!unsealed.isEmpty() || loose.contains(repository.id()) && data.isWhole(repository)) {
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

    /**
     * Deletes snapshots and the data that only they need, by a Job. Call it until the Job ends. A repository has at most one
     * such Job.
     *
     * @return empty if the Job cannot start now, because a capture, a deletion or a copy has priority
     */
    Optional<MoverJobs.State> forget(BackupLocation location, OwnedRepository repository, List<String> snapshots) {
        register.requireOwnedBy(location, repository.id(), config.site());
        MoverJobs.Request request = request(location, repository, snapshots);
        if (!movers.runs(config.namespace()).contains(request.run())) {
            if (stores.open(location).head(repository.prefix() + "config").isEmpty()) {
                return Optional.of(new MoverJobs.State.Failed("the repository of namespace "
                        + repository.source().name() + " has no config, so it cannot be opened"));
            }
            if (data(location, index.now()).isBusy(repository) || copies.busy(repository.id())) {
                return Optional.empty();
            }
        }
        MoverJobs.State state = movers.poll(request);
        if (state instanceof MoverJobs.State.Succeeded) {
            deleteMarkers(location, repository);
        }
        if (!(state instanceof MoverJobs.State.Running)) {
            movers.delete(config.namespace(), request.run());
        }
        return Optional.of(state);
    }

    /** Deletes the markers of unfinished backups whose data in a repository is deleted. */
    private void deleteMarkers(BackupLocation location, OwnedRepository repository) {
        ObjectStore store = stores.open(location);
        data(location, index.read()).abandoned().stream()
                .filter(b -> isOf(location, b, repository))
                .filter(b -> store.head(b.key().sealKey()).isEmpty())
                .forEach(b -> InProgressMarker.delete(store, b.key()));
    }

    /** The marker of a namespace whose repository cannot be read stays. The next sweep reports it. */
    private boolean isOf(BackupLocation location, InProgressMarker marker, OwnedRepository repository) {
        try {
            return register.find(location, marker.key().source())
                    .filter(found -> found.id().equals(repository.id()))
                    .isPresent();
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            LOG.warnf("the mark of point %s stays: %s", marker.key(), e.getMessage());
            return false;
        }
    }

    private MoverJobs.Request request(BackupLocation location, OwnedRepository repository, List<String> snapshots) {
        String run = RunLabel.ofCleanup(location, repository.id());
        String id = "unsealed/" + location.getMetadata().getUid() + "/" + repository.id();
        var access = new Repositories.Access(location, repository, Repositories.Mode.MAINTAIN, Optional.empty());
        return new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Forget(snapshots), access);
    }

    private UnsealedData data(BackupLocation location, PointSource points) {
        ObjectStore store = stores.open(location);
        Instant before = LocationDocument.now(store, clock).minus(config.sweep().unsealed());
        return data(location, store, before, points);
    }

    private boolean isBusyNow(String namespace) {
        return index.read(namespace).stream().anyMatch(UnsealedData::isBusy);
    }
}
