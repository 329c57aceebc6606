package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointRoutes;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunDriver;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.steps.WorkBudget;
import io.breakwater.trust.NamespaceIdentities;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Runs the capture of a RestorePoint, then the copies of the sealed point, and finally the deletion of its data. */
@ControllerConfiguration(
        name = "restorepoint",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class RestorePointReconciler implements Reconciler<RestorePoint>, Cleaner<RestorePoint> {
    /** Age after which a point, its policy and its locations are read again during a capture. */
    private static final Duration REREAD = Duration.ofSeconds(10);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final PointRoutes routes;
    private final CaptureSteps steps;
    private final PointCopies copies;
    private final PointDeletion deletion;
    private final NamespaceIdentities identities;
    private final CaptureQueue queue;
    private final SealedCaptureSweep leftovers;
    private final RunDriver driver;

    /** The captures that this process has in progress, by uid of their points. */
    private final Map<String, KnownRun> runs = new ConcurrentHashMap<>();

    private final SimpleInboundEventSource<RestorePoint> wake = new SimpleInboundEventSource<>("wake");

    RestorePointReconciler(
            KubernetesClient client,
            BreakwaterConfig config,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock,
            PointRoutes routes,
            CaptureSteps steps,
            PointCopies copies,
            PointDeletion deletion,
            NamespaceIdentities identities,
            CaptureQueue queue,
            Catalog catalog) {
        this.client = client;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.routes = routes;
        this.steps = steps;
        this.copies = copies;
        this.deletion = deletion;
        this.identities = identities;
        this.queue = queue;
        this.leftovers = new SealedCaptureSweep(client, steps, catalog, routes, identities, writer, clock);
        this.driver = new RunDriver(clock);
    }

    /** A capture, and when its point was read. This process alone writes its status meanwhile, and the spec does not change. */
    private record KnownRun(CaptureRun run, Instant readAt) {}

    @Override
    public List<EventSource<?, RestorePoint>> prepareEventSources(EventSourceContext<RestorePoint> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<RestorePoint> reconcile(RestorePoint cached, Context<RestorePoint> context) {
        if (!RestorePoint.needsWork(cached)) {
            return UpdateControl.noUpdate(); // The index is enough: such a point never needs work again.
        }
        if (queue.isQuiet(cached)) {
            return UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(queue.recheck(cached));
        }
        String uid = cached.getMetadata().getUid();
        try {
            Optional<CaptureRun> run = run(cached);
            if (run.isEmpty()) {
                return UpdateControl.noUpdate();
            }
            RestorePoint point = run.get().point();
            if (point.hasFailed()) {
                runs.remove(uid);
                return cleanUp(point);
            }
            return point.isSealed() ? finish(run.get()) : capture(run.get());
        } catch (RuntimeException e) {
            // The next attempt reads the point again, and knows what this process may have created.
            runs.computeIfPresent(
                    uid, (id, known) -> new KnownRun(newRun(known.run.point(), known.run.memory()), Instant.EPOCH));
            throw e;
        }
    }

    /** The run of a point, with its newest status; empty when the point does not exist any more, or was captured elsewhere. */
    private Optional<CaptureRun> run(RestorePoint cached) {
        String uid = cached.getMetadata().getUid();
        Instant now = clock.instant();
        KnownRun known = runs.get(uid);
        if (known != null && now.isBefore(known.readAt.plus(REREAD))) {
            return Optional.of(known.run);
        }
        if (known != null) {
            known.run.flush();
        }
        RestorePoint point = client.resource(cached).get();
        if (point == null || point.getSpec().trigger == Trigger.Imported) {
            runs.remove(uid);
            return Optional.empty();
        }
        CaptureMemory memory = known == null ? new CaptureMemory() : known.run.memory();
        CaptureRun run = newRun(point, memory);
        runs.put(uid, new KnownRun(run, now));
        return Optional.of(run);
    }

    private CaptureRun newRun(RestorePoint point, CaptureMemory memory) {
        return new CaptureRun(point, identities.of(point), writer, clock, () -> wake(point), memory);
    }

    /** Copies a sealed point, and deletes what its capture left. */
    private UpdateControl<RestorePoint> finish(CaptureRun run) {
        RestorePoint point = run.point();
        Optional<Duration> copying = copies.push(point, run.wake());
        Optional<Duration> deleting = leftovers.sweep(point, Optional.of(run), run.wake());
        Optional<Duration> recheck =
                Stream.of(copying, deleting).flatMap(Optional::stream).min(Duration::compareTo);
        if (recheck.isEmpty()) {
            runs.remove(run.uid());
        }
        return recheck.map(after -> UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(after))
                .orElseGet(UpdateControl::noUpdate);
    }

    @Override
    public DeleteControl cleanup(RestorePoint cached, Context<RestorePoint> context) {
        driver.forget(cached.getMetadata().getUid());
        queue.leave(cached);
        leftovers.forget(cached.getMetadata().getUid());
        runs.remove(cached.getMetadata().getUid());
        RestorePoint point = client.resource(cached).get();
        if (point == null
                || !cached.getMetadata().getUid().equals(point.getMetadata().getUid())) {
            return DeleteControl.defaultDelete();
        }
        return deletion.deleteData(point)
                .map(recheck -> DeleteControl.noFinalizerRemoval().rescheduleAfter(recheck))
                .orElseGet(DeleteControl::defaultDelete);
    }

    private UpdateControl<RestorePoint> capture(CaptureRun run) {
        RestorePoint point = run.point();
        Optional<WorkBudget.Waiting> waits = queue.enter(point, () -> location(run), run.wake());
        if (waits.isPresent()) {
            runs.remove(run.uid()); // many points may wait
            return queued(point, waits.get());
        }
        run.admitted(queue.admission(point));
        return switch (driver.drive(run, () -> steps(run), CaptureRun.RETRY_BUDGET)) {
            case RunDriver.Waiting(Duration recheck) -> {
                queue.leaveAfterArchive(run.point());
                yield UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(recheck);
            }
            case RunDriver.Retrying(BreakwaterException e, String message, Duration recheck) -> {
                queue.leaveAfterArchive(run.point());
                events.warning(point, e.reason(), message);
                runs.put(run.uid(), new KnownRun(run, Instant.EPOCH)); // what failed may have changed
                yield UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(recheck);
            }
            case RunDriver.Finished() -> {
                succeed(run);
                yield UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(Duration.ofMillis(1));
            }
            case RunDriver.Failed(BreakwaterException e) -> {
                fail(run, e);
                runs.remove(run.uid());
                yield cleanUp(run.point());
            }
        };
    }

    /** Reports once that the point waits: its position changes often, and the metrics of the budget show it. */
    private UpdateControl<RestorePoint> queued(RestorePoint point, WorkBudget.Waiting waits) {
        boolean reported = point.getStatus() != null
                && point.getStatus()
                        .condition(Condition.SUCCEEDED)
                        .filter(c -> Reason.Queued.name().equals(c.reason))
                        .isPresent();
        if (queue.startReport(point) && !reported) {
            writer.update(point, RestorePointStatus.class, s -> {
                s.progress = "queued";
                Conditions.of(s, point.getMetadata().getGeneration(), clock).queued(waits.message());
            });
        }
        return UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(queue.recheck(point));
    }

    /**
     * The location that the point will have; empty if its policy cannot be followed now, which its first step reports. A run that
     * starts now follows what was read here; one that has to wait is forgotten, and reads it again.
     */
    private Optional<BackupLocation> location(CaptureRun run) {
        try {
            follow(run);
            return Optional.ofNullable(run.route().location());
        } catch (BreakwaterException | KubernetesClientException e) {
            return Optional.empty();
        }
    }

    /** Deletes the objects of a failed run, until nothing is left, also those of an earlier process. */
    private UpdateControl<RestorePoint> cleanUp(RestorePoint point) {
        Optional<String> since = SealedCaptureSweep.startOf(point);
        if (since.isEmpty()) {
            return UpdateControl.noUpdate();
        }
        if (!steps.cleanUp(point, since.get(), clock.instant())) {
            return UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(CaptureSteps.RECHECK);
        }
        writer.update(point, RestorePointStatus.class, s -> SealedCaptureSweep.finish(s, clock));
        return UpdateControl.noUpdate();
    }

    private List<Step<CaptureRun>> steps(CaptureRun run) {
        follow(run);
        return steps.all();
    }

    private void follow(CaptureRun run) {
        if (!run.hasRoute()) {
            BackupPolicy policy = policy(run.point());
            run.follow(policy, routes.of(policy));
            Optional.ofNullable(run.route().location()).ifPresent(location -> queue.locate(run.point(), location));
        }
    }

    private BackupPolicy policy(RestorePoint point) {
        String namespace = point.getMetadata().getNamespace();
        String name = point.getSpec().policyRef.name;
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
        if (policy == null) {
            throw BreakwaterException.permanent(
                    Reason.PolicyNotFound,
                    ObjectNames.of(point) + ": BackupPolicy " + name
                            + " of spec.policyRef does not exist in this namespace");
        }
        PolicyReachCheck.check(policy, config.namespace());
        if (policy.template()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    ObjectNames.of(point) + ": BackupPolicy " + name
                            + " of spec.policyRef is a template, which captures nothing itself; create the RestorePoint"
                            + " in the namespace to capture");
        }
        return policy;
    }

    private void succeed(CaptureRun run) {
        run.update(s -> {
            s.progress = "sealed";
            s.duration = seconds(run.point());
            s.transfer = null;
            s.copies = run.route().copies().stream().map(PointCopies::pending).toList();
            s.copiesCompleted = 0;
            SealedCaptureSweep.start(s, clock);
            run.conditions(s).succeeded(Reason.Completed, "sealed in location " + s.location);
        });
        driver.forget(run.uid());
        queue.leave(run.point());
        count(run.point(), "Completed", Reason.Completed);
        events.normal(
                run.point(),
                Reason.Completed,
                "sealed in location " + run.status().location + Warnings.summary(run.status().warnings));
    }

    private void fail(CaptureRun run, BreakwaterException e) {
        steps.cleanUp(run.point(), Conditions.timestamp(clock.instant()), clock.instant());
        run.update(s -> {
            s.progress = "failed";
            s.duration = seconds(run.point());
            s.transfer = null;
            SealedCaptureSweep.start(s, clock);
            run.conditions(s).failed(e.reason(), e.getMessage());
        });
        driver.forget(run.uid());
        queue.leave(run.point());
        count(run.point(), "Failed", e.reason());
        events.warning(run.point(), e.reason(), e.getMessage());
    }

    private Duration age(RestorePoint point) {
        return Duration.between(Instant.parse(point.getMetadata().getCreationTimestamp()), clock.instant());
    }

    private String seconds(RestorePoint point) {
        return age(point).toMillis() / 1000.0 + "s";
    }

    private void count(RestorePoint point, String result, Reason reason) {
        String namespace = point.getMetadata().getNamespace();
        String policy = point.getSpec().policyRef.name;
        meters.count(
                MeterName.RESTORE_POINTS,
                "namespace",
                namespace,
                "policy",
                policy,
                "result",
                result,
                "reason",
                reason.name());
        Duration took = age(point);
        meters.time(MeterName.CAPTURE_DURATION, took, "result", result);
        meters.time(MeterName.RESTORE_POINT_DURATION, took, "namespace", namespace, "policy", policy, "result", result);
    }

    private void wake(RestorePoint point) {
        wake.propagateEvent(ResourceID.fromResource(point));
    }
}
