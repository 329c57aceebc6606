package io.breakwater.verify;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationResolver;
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
import io.breakwater.steps.Activities;
import io.breakwater.steps.RunDriver;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.IdentityRule;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.watch.ObjectCache;
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
import java.util.stream.Collectors;

/** Runs the steps of a Verification, once, and deletes its sandbox afterwards. */
@ControllerConfiguration(
        name = "verification",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class VerificationReconciler implements Reconciler<Verification>, Cleaner<Verification> {
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** Longest time that a restored copy stays. */
    private static final Duration LONGEST = Duration.ofHours(24);

    private final ObjectCache objects;
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final Sandbox sandbox;
    private final SandboxDeletion deletion;
    private final MoverJobs movers;
    private final VerificationRecord records;
    private final RunDriver driver;
    private final List<Step<VerifyRun>> steps;
    private final SimpleInboundEventSource<Verification> wake = new SimpleInboundEventSource<>("wake");

    VerificationReconciler(
            KubernetesClient client,
            BreakwaterConfig config,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock,
            Sandbox sandbox,
            LocationResolver locations,
            Catalog catalog,
            MoverJobs movers,
            KeptSnapshots snapshots,
            AuthorReview authors,
            IdentityRule rule,
            ObjectCache objects) {
        this.objects = objects;
        this.client = client;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.sandbox = sandbox;
        this.deletion = new SandboxDeletion(client, config);
        this.movers = movers;
        this.records = new VerificationRecord(client);
        this.driver = new RunDriver(clock);
        Activities activities = new Activities();
        this.steps = List.of(
                new ChoosePointStep(client, objects, deletion),
                new VerifyObjectsStep(client, locations, rule, catalog, activities),
                new ReadVolumesStep(client, config, locations, catalog, movers, snapshots, rule),
                new RestoreToSandboxStep(client, sandbox, locations, rule),
                new RunChecksStep(client, activities, authors));
    }

    @Override
    public List<EventSource<?, Verification>> prepareEventSources(EventSourceContext<Verification> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<Verification> reconcile(Verification cached, Context<Verification> context) {
        if (cached.isOver() && cached.getStatus().sandbox == null) {
            return UpdateControl.noUpdate(); // It stays as it is, so a start reads none of these.
        }
        Verification verification = client.resource(cached).get();
        if (verification == null) {
            return UpdateControl.noUpdate();
        }
        if (verification.isOver()) {
            return deleteSandbox(verification);
        }
        BackupPolicy policy = policyOf(verification);
        VerifyRun run = new VerifyRun(
                verification, policy, writer, clock, () -> wake.propagateEvent(ResourceID.fromResource(verification)));
        return switch (driver.drive(run, () -> steps(run), VerifyRun.RETRY_BUDGET)) {
            case RunDriver.Waiting(Duration recheck) ->
                UpdateControl.<Verification>noUpdate().rescheduleAfter(recheck);
            case RunDriver.Retrying(BreakwaterException e, String message, Duration recheck) ->
                UpdateControl.<Verification>noUpdate().rescheduleAfter(recheck);
            case RunDriver.Finished() -> {
                finish(run, Reason.Proven, evidence(run));
                yield UpdateControl.<Verification>noUpdate().rescheduleAfter(LOOK);
            }
            case RunDriver.Failed(BreakwaterException e) -> {
                finish(run, e.reason(), e.getMessage());
                yield UpdateControl.<Verification>noUpdate().rescheduleAfter(LOOK);
            }
        };
    }

    @Override
    public DeleteControl cleanup(Verification verification, Context<Verification> context) {
        driver.forget(verification.getMetadata().getUid());
        movers.delete(config.namespace(), VerifyRun.label(verification));
        VerificationStatus s = verification.getStatus();
        boolean gone = s == null || s.sandbox == null || sandbox.close(verification, s.sandbox);
        return gone || isReleased(verification)
                ? DeleteControl.defaultDelete()
                : DeleteControl.noFinalizerRemoval().rescheduleAfter(LOOK);
    }

    /**
     * Whether the Verification may go before its sandbox. Otherwise finalizers of other controllers in the sandbox would also block the
     * deletion of the namespace of the Verification.
     */
    private boolean isReleased(Verification verification) {
        Optional<SandboxDeletion.State> state = reportObstacle(verification);
        if (state.isEmpty() || !state.get().isOverdue()) {
            return false;
        }
        events.warning(
                verification,
                Reason.Deleting,
                "sandbox " + verification.getStatus().sandbox + " is still being deleted after "
                        + SandboxDeletion.USUAL.toMinutes()
                        + " min, so the deletion of the Verification does not wait for"
                        + " it: " + state.get().cause());
        return true;
    }

    private Optional<SandboxDeletion.State> reportObstacle(Verification verification) {
        Optional<SandboxDeletion.State> state = deletion.state(verification, clock.instant());
        state.filter(SandboxDeletion.State::isNoticeable).ifPresent(s -> report(verification, s.cause()));
        return state;
    }

    /** Deletes the sandbox after {@code spec.verification.keepFor} of the policy; at once without a policy. */
    private UpdateControl<Verification> deleteSandbox(Verification verification) {
        VerificationStatus s = verification.getStatus();
        if (s.sandbox == null) {
            return UpdateControl.noUpdate();
        }
        BackupPolicy policy = policyOf(verification);
        Duration keep = keepFor(policy);
        Duration left =
                Duration.between(clock.instant(), Instant.parse(s.finishedAt).plus(keep));
        if (left.isPositive()) {
            return UpdateControl.<Verification>noUpdate().rescheduleAfter(left);
        }
        if (!sandbox.close(verification, s.sandbox)) {
            reportObstacle(verification);
            return UpdateControl.<Verification>noUpdate().rescheduleAfter(LOOK);
        }
        writer.update(verification, VerificationStatus.class, status -> status.sandbox = null);
        return UpdateControl.noUpdate();
    }

    private BackupPolicy policyOf(Verification verification) {
        String name = verification.getSpec().policyRef.name;
        return objects.read(BackupPolicy.class, verification.getMetadata().getNamespace(), name);
    }

    /** A policy can be older than the check of its fields. */
    static Duration keepFor(BackupPolicy policy) {
        if (policy == null || policy.getSpec().verification == null) {
            return Duration.ZERO;
        }
        Duration asked = Durations.parse(policy.getSpec().verification.keepFor, Duration.ZERO);
        return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    }

    /** Reports once that a sandbox is not deleted. */
    private void report(Verification verification, String obstacle) {
        VerificationStatus s = verification.getStatus();
        String start = "namespace " + s.sandbox + " is not deleted";
        if (s.warnings == null || s.warnings.stream().noneMatch(w -> w.startsWith(start))) {
            String warning = start + ": " + obstacle + "; delete or repair the objects that it names";
            writer.update(
                    verification,
                    VerificationStatus.class,
                    status -> status.warnings = Warnings.merged(status.warnings, List.of(warning)));
            events.warning(verification, Reason.Deleting, warning);
        }
    }

    private List<Step<VerifyRun>> steps(VerifyRun run) {
        // The webhook does not check a policy that is being deleted.
        if (run.policy() == null || run.policy().getMetadata().getDeletionTimestamp() != null) {
            throw BreakwaterException.permanent(
                    Reason.PolicyNotFound,
                    "BackupPolicy " + run.verification().getSpec().policyRef.name
                            + " of spec.policyRef does not exist in this namespace, or is being deleted");
        }
        return steps;
    }

    private static String evidence(VerifyRun run) {
        VerificationStatus s = run.status();
        String found = s.journal.stream()
                .filter(e -> e.step.equals(VerifyObjectsStep.NAME)
                        || e.step.equals(ReadVolumesStep.NAME) && !run.includes(Level.Restored)
                        || e.step.equals(RestoreToSandboxStep.NAME) && run.includes(Level.Restored)
                        || e.step.equals(RunChecksStep.NAME) && run.includes(Level.Queried))
                .map(e -> e.message)
                .collect(Collectors.joining("; "));
        return "RestorePoint " + s.restorePoint + " is proven: " + found;
    }

    private void finish(VerifyRun run, Reason reason, String message) {
        boolean proven = reason == Reason.Proven;
        AuditUser author = sandbox.user(run.verification());
        Instant now = clock.instant();
        movers.delete(config.namespace(), VerifyRun.label(run.verification()));
        // The point is updated before the run is over, because a run that is over is not retried.
        records.record(run, proven, message, now);
        run.update(s -> {
            s.progress = reason.name();
            s.finishedAt = Conditions.timestamp(now);
            s.failure = proven ? null : message;
            Conditions conditions = run.conditions(s);
            if (proven) {
                conditions.succeeded(reason, message);
            } else {
                conditions.failed(reason, message);
            }
        });
        driver.forget(run.uid());
        AuditEntry entry = proven
                ? AuditEntry.of(AuditAction.Verify, AuditResult.Finished)
                : AuditEntry.failure(AuditAction.Verify, reason);
        events.audited(
                run.verification(),
                reason,
                message,
                entry.by(author).between(run.status().restorePoint, run.status().sandbox));
        meters.time(
                MeterName.VERIFICATION_DURATION,
                Duration.between(
                        Optional.ofNullable(run.status().startedAt)
                                .map(Instant::parse)
                                .orElse(now),
                        now),
                "level",
                run.verification().getSpec().level.name(),
                "result",
                proven ? "Completed" : "Failed");
        meters.count(
                MeterName.VERIFICATIONS,
                "namespace",
                run.namespace(),
                "policy",
                run.verification().getSpec().policyRef.name,
                "level",
                run.verification().getSpec().level.name(),
                "result",
                proven ? "Completed" : "Failed",
                "reason",
                reason.name());
    }
}
