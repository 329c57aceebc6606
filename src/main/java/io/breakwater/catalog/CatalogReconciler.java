package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.Activities;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Syncs the catalog of each location that is ready, at a fixed interval. */
@ControllerConfiguration(name = "catalog", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class CatalogReconciler implements Reconciler<BackupLocation> {
    /** Condition: every sealed point in the location has a RestorePoint. */
    static final String SYNCED = "Synced";

    private static final Duration UNTIL_READY = Duration.ofSeconds(2);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final CatalogSync sync;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("catalog-wake");

    CatalogReconciler(
            KubernetesClient client,
            CatalogSync sync,
            BreakwaterConfig config,
            StatusWriter writer,
            Events events,
            Clock clock) {
        this.client = client;
        this.sync = sync;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        BackupLocation location = client.resource(cached).get();
        if (location == null || location.getMetadata().getDeletionTimestamp() != null) {
            return UpdateControl.noUpdate();
        }
        if (location.getStatus() == null || !location.getStatus().holds(Condition.READY)) {
            return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(UNTIL_READY);
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(advance(location));
    }

    private Duration advance(BackupLocation location) {
        try {
            Optional<CatalogSync.Result> result = activities.poll(
                    location.getMetadata().getUid(),
                    () -> sync.sync(location),
                    () -> wake.propagateEvent(ResourceID.fromResource(location)));
            if (result.isEmpty()) {
                return LONGEST;
            }
            report(location, result.get());
        } catch (BreakwaterException e) {
            reportProblem(location, e.reason(), "could not read the catalog, will retry: " + e.getMessage());
        }
        return config.catalog().interval();
    }

    private void report(BackupLocation location, CatalogSync.Result result) {
        if (!result.imported().isEmpty()) {
            events.normal(
                    location,
                    Reason.Completed,
                    "found RestorePoints in the location: " + String.join(", ", result.imported()));
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
