package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import io.fabric8.kubernetes.client.KubernetesClient;
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

/** Captures what a RestorePoint asks for, copies what was sealed, removes what is deleted. */
@ControllerConfiguration(
        name = "restorepoint",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class RestorePointReconciler implements Reconciler<RestorePoint>, Cleaner<RestorePoint> {
    /** How long a step may fail in ways that trying again may cure. */
    private static final Duration RETRY_BUDGET = Duration.ofMinutes(5);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final PointRoutes routes;
    private final CaptureSteps steps;
    private final PointCopies copies;
    private final PointDeletion removal;
    private final StepRunner runner;
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
            PointDeletion removal) {
        this.client = client;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.routes = routes;
        this.steps = steps;
        this.copies = copies;
        this.removal = removal;
        this.runner = new StepRunner(clock);
    }

    @Override
    public List<EventSource<?, RestorePoint>> prepareEventSources(EventSourceContext<RestorePoint> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<RestorePoint> reconcile(RestorePoint cached, Context<RestorePoint> context) {
        RestorePoint point = client.resource(cached).get();
        if (point == null || point.getSpec().trigger == Trigger.Imported) {
            return UpdateControl.noUpdate();
        }
        if (point.hasFailed()) {
            return UpdateControl.noUpdate();
        }
        if (point.isSealed()) {
            return copies.push(point, () -> wake(point))
                    .map(again -> UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(again))
                    .orElseGet(UpdateControl::noUpdate);
        }
        return capture(point);
    }

    @Override
    public DeleteControl cleanup(RestorePoint cached, Context<RestorePoint> context) {
        runner.forget(cached.getMetadata().getUid());
        return removal.remove(cached)
                .map(again -> DeleteControl.noFinalizerRemoval().rescheduleAfter(again))
                .orElseGet(DeleteControl::defaultDelete);
    }

    private UpdateControl<RestorePoint> capture(RestorePoint point) {
        CaptureRun run = null;
        try {
            BackupPolicy policy = policy(point);
            PointRoute route = routes.of(policy);
            run = new CaptureRun(point, policy, route, config.site(), writer, clock, () -> wake(point));
            List<Step<CaptureRun>> todo = steps.all();
            return switch (runner.run(run.uid(), todo, run, run)) {
                case StepRunner.Result.Waiting w ->
                    UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(w.recheck());
                case StepRunner.Result.Finished f -> {
                    succeed(run);
                    yield UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(Duration.ofMillis(1));
                }
            };
        } catch (BreakwaterException e) {
            if (e.isRetryable() && !exhausted(point)) {
                note(point, e);
                return UpdateControl.<RestorePoint>noUpdate().rescheduleAfter(Duration.ofSeconds(5));
            }
            fail(point, e);
            return UpdateControl.noUpdate();
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
                    "RestorePoint " + namespace + "/" + point.getMetadata().getName() + ": BackupPolicy " + name
                            + " of spec.policyRef does not exist in this namespace");
        }
        if (policy.template()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "RestorePoint " + namespace + "/" + point.getMetadata().getName() + ": BackupPolicy " + name
                            + " of spec.policyRef is a template and captures nothing itself; create the RestorePoint"
                            + " in the namespace that is to be captured");
        }
        return policy;
    }

    private boolean exhausted(RestorePoint point) {
        List<io.breakwater.api.JournalEntry> journal =
                point.getStatus() == null ? List.of() : point.getStatus().journal;
        Instant since = journal.isEmpty()
                ? Instant.parse(point.getMetadata().getCreationTimestamp())
                : Instant.parse(journal.getLast().startedAt);
        return clock.instant().isAfter(since.plus(RETRY_BUDGET));
    }

    private void note(RestorePoint point, BreakwaterException e) {
        writer.update(
                point,
                RestorePointStatus.class,
                s -> Conditions.of(s, point.getMetadata().getGeneration(), clock)
                        .running(e.reason() + ": " + e.getMessage() + "; trying again"));
        events.warning(point, e.reason(), e.getMessage());
    }

    private void succeed(CaptureRun run) {
        run.update(s -> {
            s.progress = "sealed";
            s.transfer = null;
            s.copies = run.route().copies().stream().map(PointCopies::pending).toList();
            s.copiesCompleted = 0;
            Conditions.of(s, run.point().getMetadata().getGeneration(), clock)
                    .succeeded(Reason.Completed, "sealed in location " + s.location);
        });
        runner.forget(run.uid());
        finished(run.point(), "Completed", Reason.Completed);
        events.normal(run.point(), Reason.Completed, "sealed in location " + run.status().location);
    }

    private void fail(RestorePoint point, BreakwaterException e) {
        steps.abandon(point);
        writer.update(point, RestorePointStatus.class, s -> {
            s.progress = "failed";
            s.transfer = null;
            Conditions.of(s, point.getMetadata().getGeneration(), clock).failed(e.reason(), e.getMessage());
        });
        runner.forget(point.getMetadata().getUid());
        finished(point, "Failed", e.reason());
        events.warning(point, e.reason(), e.getMessage());
    }

    private void finished(RestorePoint point, String result, Reason reason) {
        String namespace = point.getMetadata().getNamespace();
        String policy = point.getSpec().policyRef.name;
        meters.count(
                "breakwater.restore.points",
                "namespace",
                namespace,
                "policy",
                policy,
                "result",
                result,
                "reason",
                reason.name());
        meters.time(
                "breakwater.restore.point.duration",
                Duration.between(Instant.parse(point.getMetadata().getCreationTimestamp()), clock.instant()),
                "namespace",
                namespace,
                "policy",
                policy,
                "result",
                result);
    }

    private void wake(RestorePoint point) {
        wake.propagateEvent(ResourceID.fromResource(point));
    }
}
