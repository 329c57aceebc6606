package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;

/** Syncs the catalog of each location that is ready, at a fixed interval. */
@Singleton
@ControllerConfiguration(name = "catalog", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class CatalogReconciler extends LocationController<CatalogSync.Result> {
    /** Condition: every sealed point in the location has a RestorePoint. */
    static final String SYNCED = "Synced";

    private final CatalogSync sync;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    CatalogReconciler(
            ObjectCache objects,
            CatalogSync sync,
            BreakwaterConfig config,
            StatusWriter writer,
            Events events,
            Clock clock) {
        super(objects, LocationWork.CATALOG, clock);
        this.sync = sync;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    @Override
    protected CatalogSync.Result work(BackupLocation location) {
        return sync.sync(location);
    }

    @Override
    protected Duration done(BackupLocation location, CatalogSync.Result result) {
        report(location, result);
        return config.catalog().interval();
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        reportProblem(location, e.reason(), "could not read the catalog, will retry: " + e.getMessage());
        return config.catalog().interval();
    }

    private void report(BackupLocation location, CatalogSync.Result result) {
        if (!result.imported().isEmpty()) {
            events.normal(
                    location,
                    Reason.Completed,
                    "created RestorePoints for points found in the location: " + String.join(", ", result.imported()));
        }
        if (!result.removed().isEmpty()) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "deleted RestorePoints whose data is no longer in the location: "
                            + String.join(", ", result.removed()));
        }
        if (result.bad().isEmpty()) {
            setSynced(location, true, Reason.Ready, "every sealed point has a RestorePoint");
            return;
        }
        BreakwaterException first = result.bad().values().iterator().next();
        int more = result.bad().size() - 1;
        reportProblem(location, first.reason(), first.getMessage() + (more == 0 ? "" : " (and " + more + " more)"));
    }

    private void reportProblem(BackupLocation location, Reason reason, String message) {
        if (setSynced(location, false, reason, message)) {
            events.warning(location, reason, message);
        }
    }

    private boolean setSynced(BackupLocation location, boolean holds, Reason reason, String message) {
        return writer.update(
                location,
                BackupLocationStatus.class,
                s -> Conditions.of(s, s.observedGeneration(), clock).set(SYNCED, holds, reason, message));
    }
}
