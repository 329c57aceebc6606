package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.cleanup.UnsealedSweep.Found;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.OwnedRepository;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Deletes the data of unfinished backups in each location: of captures and copies that ended without a seal. Then it prunes the
 * repositories with enough or with old garbage, a few at the same time.
 */
@Singleton
@ControllerConfiguration(name = "unsealed", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class UnsealedReconciler extends LocationController<Found> {
    /** Prunes of one location at the same time. */
    private static final int AT_A_TIME = 2;

    /** Pause before the next round, while a prune waits for something else. */
    private static final Duration SOON = Duration.ofMinutes(10);

    private final UnsealedSweep sweep;
    private final RepositoryPrune prune;
    private final PruneReport pruneReport;
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Events events;
    private final Map<String, Queue<OwnedRepository>> prunesLeft = new ConcurrentHashMap<>();

    UnsealedReconciler(
            ObjectCache objects,
            UnsealedSweep sweep,
            RepositoryPrune prune,
            PruneReport pruneReport,
            BreakwaterConfig config,
            Meters meters,
            Events events,
            Clock clock) {
        super(objects, LocationWork.UNSEALED, clock);
        this.sweep = sweep;
        this.prune = prune;
        this.pruneReport = pruneReport;
        this.config = config;
        this.meters = meters;
        this.events = events;
    }

    @Override
    protected boolean applies(BackupLocation location) {
        return super.applies(location) && location.getSpec().accessMode != AccessMode.ReadOnly;
    }

    @Override
    protected Found work(BackupLocation location) {
        return sweep.sweep(location);
    }

    @Override
    protected Duration done(BackupLocation location, Found found) {
        prunesLeft.put(location.getMetadata().getUid(), new ConcurrentLinkedQueue<>(found.prunes()));
        report(location, found);
        pruneReport.found(location, found.garbage(), found.prunes().size());
        return found.prunes().isEmpty() ? every() : shorter(every(), SOON);
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        warn(location, e);
        return every();
    }

    @Override
    protected boolean hasFollowUp(BackupLocation location) {
        return !left(location).isEmpty();
    }

    @Override
    protected void advanceFollowUp(BackupLocation location) {
        Queue<OwnedRepository> todo = left(location);
        todo.stream().limit(AT_A_TIME).toList().forEach(repository -> {
            RepositoryPrune.State state = prune.advance(location, repository);
            if (!(state instanceof RepositoryPrune.State.Running)) {
                todo.remove(repository);
                pruneReport.ended(location, repository, state, todo.size());
            }
        });
    }

    private Queue<OwnedRepository> left(BackupLocation location) {
        return prunesLeft.getOrDefault(location.getMetadata().getUid(), new ConcurrentLinkedQueue<>());
    }

    @Override
    protected void forget(BackupLocation location) {
        prunesLeft.remove(location.getMetadata().getUid());
        prune.forget(location);
        pruneReport.forget(location);
    }

    /** The data is old, so deleting it is not urgent, and each sweep lists every point of the location. */
    private Duration every() {
        Duration least = config.sweep().interval();
        Duration some = shorter(
                        config.sweep().unsealed(), config.sweep().prune().interval())
                .dividedBy(24);
        return least.compareTo(some) > 0 ? least : some;
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private void report(BackupLocation location, Found found) {
        count(location, "archive", found.archives());
        count(location, "upload", found.uploads());
        if (found.archives() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "deleted the archives of " + found.archives() + " unfinished points, " + found.bytes() + " bytes");
        }
        count(location, "snapshot", found.snapshots());
        if (found.snapshots() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "deleted " + found.snapshots() + " snapshots that no sealed point references");
        }
        if (found.uploads() > 0) {
            events.normal(location, Reason.Deleting, "deleted " + found.uploads() + " unfinished uploads");
        }
        count(location, "kept", found.kept());
        if (found.kept() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "deleted " + found.kept() + " retained snapshots that no RestorePoint references");
        }
        found.trouble().forEach(e -> warn(location, e));
    }

    private void warn(BackupLocation location, BreakwaterException e) {
        events.warning(
                location, e.reason(), "could not clean up data of unfinished backups, will retry: " + e.getMessage());
    }

    private void count(BackupLocation location, String kind, int n) {
        meters.count(
                MeterName.UNSEALED_SWEPT,
                n,
                "namespace",
                location.getMetadata().getNamespace(),
                "location",
                location.getMetadata().getName(),
                "kind",
                kind);
    }
}
