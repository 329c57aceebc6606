package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.AuditUser;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.RunDriver;
import io.breakwater.steps.Warnings;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.volume.KeptSnapshots;
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
import java.util.Optional;
import java.util.function.Consumer;

/** Runs the steps of a Restore, once. */
@ControllerConfiguration(
        name = "restore",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class RestoreReconciler implements Reconciler<Restore>, Cleaner<Restore> {
    private static final int SHOWN = 5;

    private static final Duration STOPPING = Duration.ofSeconds(1);

    private final KubernetesClient client;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final PointResolver points;
    private final PointArchive archives;
    private final RestoreSteps steps;
    private final NamespaceGate gate;
    private final MoverJobs movers;
    private final KeptSnapshots snapshots;
    private final AuthorStamps stamps;
    private final Availability availability;
    private final RunDriver driver;
    private final SimpleInboundEventSource<Restore> wake = new SimpleInboundEventSource<>("wake");

    RestoreReconciler(
            KubernetesClient client,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock,
            PointResolver points,
            PointArchive archives,
            RestoreSteps steps,
            NamespaceGate gate,
            MoverJobs movers,
            KeptSnapshots snapshots,
            AuthorStamps stamps) {
        this.client = client;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.points = points;
        this.archives = archives;
        this.steps = steps;
        this.gate = gate;
        this.movers = movers;
        this.snapshots = snapshots;
        this.stamps = stamps;
        this.availability = new Availability(client, events, clock);
        this.driver = new RunDriver(clock);
    }

    @Override
    public List<EventSource<?, Restore>> prepareEventSources(EventSourceContext<Restore> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<Restore> reconcile(Restore cached, Context<Restore> context) {
        Restore restore = client.resource(cached).get();
        if (restore == null) {
            return UpdateControl.noUpdate();
        }
        RestoreRun run = new RestoreRun(
                        restore,
                        writer,
                        clock,
                        () -> points.reopen(restore),
                        () -> wake.propagateEvent(ResourceID.fromResource(restore)))
                .askedBy(() -> archives.isOfOperator(restore));
        if (restore.isOver()) {
            return availability
                    .follow(run)
                    .map(recheck -> UpdateControl.<Restore>noUpdate().rescheduleAfter(recheck))
                    .orElseGet(UpdateControl::noUpdate);
        }
        return answer(run, driver.drive(run, () -> steps.of(restore), RestoreRun.RETRY_BUDGET));
    }

    private UpdateControl<Restore> answer(RestoreRun run, RunDriver.Progress progress) {
        return switch (progress) {
            case RunDriver.Waiting(Duration recheck) ->
                UpdateControl.<Restore>noUpdate().rescheduleAfter(recheck);
            case RunDriver.Retrying(BreakwaterException e, String message, Duration recheck) -> {
                events.warning(run.restore(), e.reason(), message);
                yield UpdateControl.<Restore>noUpdate().rescheduleAfter(recheck);
            }
            case RunDriver.Finished() -> complete(run);
            case RunDriver.Failed(BreakwaterException e) -> {
                fail(run, e);
                yield UpdateControl.noUpdate();
            }
        };
    }

    private UpdateControl<Restore> complete(RestoreRun run) {
        try {
            succeed(run);
        } catch (BreakwaterException e) {
            return answer(run, driver.afterError(run, e, RestoreRun.RETRY_BUDGET));
        }
        // From now on the availability of the application is observed.
        return UpdateControl.<Restore>noUpdate().rescheduleAfter(Duration.ofSeconds(1));
    }

    /** Stops the run. The Restore is gone, and the gate is open, only after the last write of its movers and of this process. */
    @Override
    public DeleteControl cleanup(Restore restore, Context<Restore> context) {
        String target = RestoreRun.target(restore);
        String uid = restore.getMetadata().getUid();
        String label = RestoreRun.label(restore);
        movers.delete(target, label);
        if (movers.anyPod(target, label) || steps.activities().isRunning(uid)) {
            return DeleteControl.noFinalizerRemoval().rescheduleAfter(STOPPING);
        }
        driver.forget(uid);
        steps.forget(uid);
        snapshots.removeImports(target, label);
        if (client.namespaces().withName(target).get() != null) {
            gate.open(target, RestoreRun.holder(restore));
        }
        return DeleteControl.defaultDelete();
    }

    private void succeed(RestoreRun run) {
        RestoreStatus s = run.status();
        String message = s.report == null
                ? "restored " + s.restorePoint + " into namespace " + run.target()
                : "dry run of " + s.restorePoint + " into namespace " + run.target() + ": "
                        + run.entries().getLast().message + "; ConfigMap " + s.report
                        + " has the details of each object";
        Consumer<RestoreStatus> available = availability.first(run);
        AuditUser author = author(run.restore());
        finish(run, Reason.Completed, available, status -> status.succeeded(Reason.Completed, message));
        events.audited(
                run.restore(),
                Reason.Completed,
                message + Warnings.summary(run.status().warnings),
                AuditEntry.of(AuditAction.Restore, AuditResult.Finished)
                        .by(author)
                        .between(s.restorePoint, run.target()));
        count(run, "Completed", Reason.Completed);
    }

    private void fail(RestoreRun run, BreakwaterException e) {
        movers.delete(run.target(), RestoreRun.label(run.restore()));
        snapshots.removeImports(run.target(), RestoreRun.label(run.restore()));
        String message = e.getMessage();
        String holder = RestoreRun.holder(run.restore());
        if (hasHalfFilledVolumes(run) && gate.closedBy(run.target(), holder)) {
            message += "; " + stopped(run.target(), gate.limit(run.target(), holder))
                    + " because this Restore stopped half-way: create a Restore with spec.onConflict: Replace, or"
                    + " delete this one to resume";
        } else if (client.namespaces().withName(run.target()).get() != null) {
            gate.open(run.target(), holder);
        }
        String full = message;
        AuditUser author = author(run.restore());
        finish(run, e.reason(), s -> {}, status -> status.failed(e.reason(), full));
        events.audited(
                run.restore(),
                e.reason(),
                full,
                AuditEntry.failure(AuditAction.Restore, e.reason())
                        .by(author)
                        .between(run.status() == null ? null : run.status().restorePoint, run.target()));
        count(run, "Failed", e.reason());
    }

    private AuditUser author(Restore restore) {
        return stamps.read(restore, restore.getSpec())
                .map(author -> AuditUser.of(author.userInfo()))
                .orElse(AuditUser.UNKNOWN);
    }

    /** Effects of the closed gate, which last until a user acts. */
    private static String stopped(String namespace, Optional<List<String>> limit) {
        if (limit.isEmpty()) {
            return "the pods of namespace " + namespace + " are held";
        }
        return limit.get().isEmpty()
                ? "backups of namespace " + namespace + " are paused"
                : "the pods of " + Texts.first(limit.get(), SHOWN) + " in namespace " + namespace + " are held";
    }

    /** Whether a volume may be half filled. */
    private static boolean hasHalfFilledVolumes(RestoreRun run) {
        return run.entries().stream().anyMatch(j -> j.step.equals(FillVolumesStep.NAME))
                && run.volumes().stream().anyMatch(v -> !Boolean.TRUE.equals(v.filled));
    }

    private void finish(RestoreRun run, Reason reason, Consumer<RestoreStatus> more, Consumer<Conditions> result) {
        Instant now = clock.instant();
        run.update(s -> {
            s.progress = reason.name();
            s.transfer = null;
            s.finishedAt = Conditions.timestamp(now);
            s.startedAt = s.startedAt == null ? s.finishedAt : s.startedAt;
            more.accept(s);
            s.duration = Duration.between(Instant.parse(s.startedAt), now).toMillis() / 1000.0 + "s";
            result.accept(run.conditions(s));
        });
        driver.forget(run.uid());
        steps.forget(run.uid());
    }

    /** Dry runs do not count, because they restore nothing. */
    void count(RestoreRun run, String result, Reason reason) {
        if (run.restore().getSpec().dryRun()) {
            return;
        }
        String namespace = run.namespace();
        meters.count(MeterName.RESTORES, "namespace", namespace, "result", result, "reason", reason.name());
        Duration took = Duration.between(Instant.parse(run.status().startedAt), Instant.parse(run.status().finishedAt));
        meters.time(MeterName.RESTORE_DURATION, took, "namespace", namespace, "result", result);
    }
}
