package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.cleanup.UnsealedSweep.Found;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RoundSchedule;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
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
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Looks in each location for what captures and copies left behind without a seal, and has it removed. */
@ControllerConfiguration(name = "unsealed", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class UnsealedReconciler implements Reconciler<BackupLocation> {
    private static final Duration LOOK = Duration.ofSeconds(10);
    private static final Duration JOB = Duration.ofSeconds(3);

    private final KubernetesClient client;
    private final UnsealedSweep sweep;
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Events events;
    private final Activities activities = new Activities();
    private final RoundSchedule turns;
    private final Map<String, Map<String, List<String>>> left = new ConcurrentHashMap<>();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("unsealed-wake");

    UnsealedReconciler(
            KubernetesClient client,
            UnsealedSweep sweep,
            BreakwaterConfig config,
            Meters meters,
            Events events,
            Clock clock) {
        this.client = client;
        this.sweep = sweep;
        this.config = config;
        this.meters = meters;
        this.events = events;
        this.turns = new RoundSchedule(clock);
    }

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        BackupLocation location = client.resource(cached).get();
        if (location == null
                || location.getMetadata().getDeletionTimestamp() != null
                || location.getSpec().accessMode == AccessMode.ReadOnly) {
            turns.forget(cached);
            left.remove(cached.getMetadata().getUid());
            return UpdateControl.noUpdate();
        }
        boolean ready = location.getStatus() != null && location.getStatus().holds(Condition.READY);
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(ready ? advance(location) : LOOK);
    }

    private Duration advance(BackupLocation location) {
        String id = location.getMetadata().getUid();
        Map<String, List<String>> todo = left.computeIfAbsent(id, k -> new ConcurrentHashMap<>());
        if (!todo.isEmpty()) {
            todo.forEach((namespace, snapshots) -> {
                if (advanceCleanup(location, namespace, snapshots)) {
                    todo.remove(namespace);
                }
            });
            return JOB;
        }
        if (!turns.begin(location)) {
            return LOOK;
        }
        try {
            activities
                    .poll(id, () -> sweep.sweep(location), () -> wake.propagateEvent(ResourceID.fromResource(location)))
                    .ifPresent(found -> {
                        turns.end(location, every());
                        show(location, found);
                        todo.putAll(found.snapshots());
                    });
        } catch (BreakwaterException e) {
            turns.end(location, every());
            warn(location, e);
        }
        return todo.isEmpty() ? LOOK : JOB;
    }

    /** What is looked for is old, so nobody is in a hurry; and a look lists every point of the location. */
    private Duration every() {
        Duration least = config.sweep().interval();
        Duration some = config.sweep().unsealed().dividedBy(24);
        return least.compareTo(some) > 0 ? least : some;
    }

    private boolean advanceCleanup(BackupLocation location, String namespace, List<String> snapshots) {
        try {
            Optional<MoverJobs.State> state = sweep.forget(location, namespace, snapshots);
            if (state.isEmpty()) {
                return true; // it is found again in the next round
            }
            return switch (state.get()) {
                case MoverJobs.State.Running r -> false;
                case MoverJobs.State.Succeeded s -> {
                    count(location, "snapshot", snapshots.size());
                    events.normal(
                            location,
                            Reason.Deleting,
                            snapshots.isEmpty()
                                    ? "removed data of namespace " + namespace + " that no snapshot needs"
                                    : "removed " + snapshots.size() + " snapshots of namespace " + namespace
                                            + " that no sealed point names");
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

    private void show(BackupLocation location, Found found) {
        count(location, "archive", found.archives());
        count(location, "upload", found.uploads());
        if (found.archives() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "removed the archives of " + found.archives() + " points that were never sealed, " + found.bytes()
                            + " bytes");
        }
        if (found.uploads() > 0) {
            events.normal(
                    location, Reason.Deleting, "removed " + found.uploads() + " uploads that never came to their end");
        }
        count(location, "kept", found.kept());
        if (found.kept() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "had the storage remove " + found.kept() + " kept snapshots that belong to no point");
        }
        found.trouble().forEach(e -> warn(location, e));
    }

    private void warn(BackupLocation location, BreakwaterException e) {
        events.warning(location, e.reason(), "what was never sealed is not removed yet: " + e.getMessage());
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
