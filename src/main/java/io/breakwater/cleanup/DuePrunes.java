package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.cleanup.PruneRules.Garbage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.points.PointIndex;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the repositories of a location that must be pruned. Hides the snapshots of deleted points first, since it reads their tombstones. */
@ApplicationScoped
class DuePrunes {
    /** Number of prunes that one round starts; the next round finds the others again. */
    private static final int MOST = 50;

    /** Age of garbage in intervals, after which captures wait for the prune. */
    private static final int URGENT = 3;

    private static final int MOST_REMEMBERED = 10_000;

    private final PointIndex index;
    private final BreakwaterConfig config;
    private final MoverJobs movers;
    private final RepositoryRegister register;
    private final RepositoryPrune prunes;
    private final DeletedSnapshots deleted = new DeletedSnapshots();

    /** The oldest deletion that no prune has freed, by location and repository. */
    private final Map<String, Instant> oldest = BoundedCache.of(MOST_REMEMBERED);

    DuePrunes(
            PointIndex index,
            BreakwaterConfig config,
            MoverJobs movers,
            RepositoryRegister register,
            RepositoryPrune prunes) {
        this.index = index;
        this.config = config;
        this.movers = movers;
        this.register = register;
        this.prunes = prunes;
    }

    /**
     * What one round found.
     *
     * @param garbage bytes of deleted points that wait for a prune: an estimate
     * @param repositories that must be pruned, the one with the oldest garbage first
     */
    record Due(long garbage, List<OwnedRepository> repositories) {}

    /**
     * Finds the repositories.
     *
     * @param repositories that only this site owns
     * @param loose ids of repositories that may contain data without a snapshot, with its age
     */
    Due find(
            BackupLocation location,
            ObjectStore store,
            List<OwnedRepository> repositories,
            Map<String, Instant> loose,
            Instant now) {
        Map<OwnedRepository, Garbage> pending = pending(location, store, repositories, loose, now);
        List<OwnedRepository> due = due(location, store, repositories, pending, now);
        return new Due(pending.values().stream().mapToLong(Garbage::bytes).sum(), due);
    }

    /** Whether data of this age may still be in a repository. */
    boolean isPending(BackupLocation location, ObjectStore store, String repository, Instant since, Instant now) {
        return prunes.record(location, store, repository, now).isPending(since);
    }

    /** What waits for a prune: snapshots of deleted points, hidden snapshots, and data of unfinished backups without one. */
    private Map<OwnedRepository, Garbage> pending(
            BackupLocation location,
            ObjectStore store,
            List<OwnedRepository> repositories,
            Map<String, Instant> loose,
            Instant now) {
        Map<String, OwnedRepository> byId = new LinkedHashMap<>();
        repositories.forEach(repository -> byId.put(repository.id(), repository));
        Map<CapturedNamespace, String> owned = new HashMap<>();
        register.ownedBy(location, config.site(), e -> {}).forEach((owner, id) -> {
            if (byId.containsKey(id)) {
                owned.put(owner, id);
            }
        });
        Map<String, Garbage> found =
                deleted.hide(location, store, config.site(), owned, id -> prunes.record(location, store, id, now));
        loose.forEach(
                (id, since) -> found.merge(id, Garbage.NONE.and(0, since), (a, b) -> a.and(b.bytes(), b.oldest())));
        Map<OwnedRepository, Garbage> pending = new LinkedHashMap<>();
        byId.forEach((id, repository) ->
                pending.put(repository, remembered(location, store, id, found.getOrDefault(id, Garbage.NONE), now)));
        return pending;
    }

    /** Adds what an earlier round saw, whose tombstones may be swept before a prune succeeds. */
    private Garbage remembered(
            BackupLocation location, ObjectStore store, String repository, Garbage found, Instant now) {
        String key = location.getMetadata().getUid() + "/" + repository;
        Instant before = oldest.get(key);
        Garbage all =
                before != null && isPending(location, store, repository, before, now) ? found.and(0, before) : found;
        if (all.oldest() == null) {
            oldest.remove(key);
        } else {
            oldest.put(key, all.oldest());
        }
        return all;
    }

    /**
     * The repositories whose prune may start, with the oldest garbage first. Those that could not start are last: otherwise the same
     * ones would take all places of each round.
     */
    private List<OwnedRepository> due(
            BackupLocation location,
            ObjectStore store,
            List<OwnedRepository> repositories,
            Map<OwnedRepository, Garbage> pending,
            Instant now) {
        Set<String> runs = movers.runs(config.namespace());
        List<OwnedRepository> due = repositories.stream()
                .filter(repository -> {
                    Garbage garbage = pending.get(repository);
                    boolean exists = runs.contains(RunLabel.ofPrune(location, repository.id()));
                    return (garbage.oldest() != null || exists)
                            && PruneRules.isDue(
                                    prunes.record(location, store, repository.id(), now),
                                    garbage,
                                    now,
                                    config.sweep().prune().interval(),
                                    isFurther(location, repository));
                })
                .sorted(Comparator.comparingLong(
                                (OwnedRepository repository) -> prunes.lastPostponed(location, repository.id()))
                        .thenComparing(
                                repository -> pending.get(repository).oldest(),
                                Comparator.nullsFirst(Comparator.naturalOrder())))
                .limit(MOST)
                .toList();
        Duration patience = config.sweep().prune().interval().multipliedBy(URGENT);
        due.forEach(repository -> {
            Instant since = pending.get(repository).oldest();
            boolean urgent = since != null && !since.plus(patience).isAfter(now);
            prunes.found(location, repository.id(), new RepositoryPrune.Round(now, urgent));
        });
        // Copies would wait for an ended Job of a repository that needs no prune now.
        repositories.stream()
                .filter(repository -> !due.contains(repository))
                .map(repository -> RunLabel.ofPrune(location, repository.id()))
                .filter(runs::contains)
                .forEach(run -> movers.delete(config.namespace(), run));
        return due;
    }

    /** Whether points of the repository are copied to the location, and none is captured into it. Decides about times only. */
    private boolean isFurther(BackupLocation location, OwnedRepository repository) {
        String name = location.getMetadata().getName();
        List<RestorePointStatus> sealed = index.in(repository.source().name()).stream()
                .filter(RestorePoint::isSealed)
                .map(RestorePoint::getStatus)
                .toList();
        return sealed.stream().noneMatch(s -> name.equals(s.location))
                && sealed.stream()
                        .flatMap(s -> Stream.ofNullable(s.copies).flatMap(List::stream))
                        .anyMatch(c -> name.equals(c.location));
    }
}
