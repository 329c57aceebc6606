package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.cleanup.UnsealedSweep.Found;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Deletes the data of unfinished backups in each location: of captures and copies that ended without a seal. */
@Singleton
@ControllerConfiguration(name = "unsealed", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class UnsealedReconciler extends LocationController<Found> {
    private final UnsealedSweep sweep;
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Events events;
    private final Map<String, Map<OwnedRepository, List<String>>> snapshotsLeft = new ConcurrentHashMap<>();

    UnsealedReconciler(
            KubernetesClient client,
            UnsealedSweep sweep,
            BreakwaterConfig config,
            Meters meters,
            Events events,
            Clock clock) {
        super(client, LocationWork.UNSEALED, clock);
        this.sweep = sweep;
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
        snapshotsLeft.put(location.getMetadata().getUid(), new ConcurrentHashMap<>(found.snapshots()));
        report(location, found);
        return every();
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
        Map<OwnedRepository, List<String>> todo = left(location);
        todo.forEach((repository, snapshots) -> {
            if (advanceCleanup(location, repository, snapshots)) {
                todo.remove(repository);
            }
        });
    }

    private Map<OwnedRepository, List<String>> left(BackupLocation location) {
        return snapshotsLeft.getOrDefault(location.getMetadata().getUid(), Map.of());
    }

    @Override
    protected void forget(BackupLocation location) {
        snapshotsLeft.remove(location.getMetadata().getUid());
    }

    /** The data is old, so deleting it is not urgent, and each sweep lists every point of the location. */
    private Duration every() {
        Duration least = config.sweep().interval();
        Duration some = config.sweep().unsealed().dividedBy(24);
        return least.compareTo(some) > 0 ? least : some;
    }

    private boolean advanceCleanup(BackupLocation location, OwnedRepository repository, List<String> snapshots) {
        String namespace = repository.source().name();
        try {
            Optional<MoverJobs.State> state = sweep.forget(location, repository, snapshots);
            if (state.isEmpty()) {
                return true; // the next round finds it again
            }
            return switch (state.get()) {
                case MoverJobs.State.Running r -> false;
                case MoverJobs.State.Succeeded s -> {
                    count(location, "snapshot", snapshots.size());
                    events.normal(
                            location,
                            Reason.Deleting,
                            snapshots.isEmpty()
                                    ? "deleted data of namespace " + namespace + " that no snapshot needs"
                                    : "deleted " + snapshots.size() + " snapshots of namespace " + namespace
                                            + " that no sealed point references");
                    yield true;
                }
                case MoverJobs.State.Failed(String message) -> {
                    warn(location, BreakwaterException.retryable(Reason.MoverFailed, message));
                    yield true;
                }
            };
        } catch (BreakwaterException e) {
            warn(location, e);
            return true;
        }
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
