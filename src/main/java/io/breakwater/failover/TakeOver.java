package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.PointRef;
import io.breakwater.lease.SiteFacts.Handover;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** The steps of the new site: first the data, in a planned failover before it takes the lease, then the pods. */
final class TakeOver {
    /**
     * The objects that the steps share.
     *
     * @param mayRun whether this site holds the lease for certain at this moment
     */
    record Run(PlanSite plan, Lease lease, BooleanSupplier mayRun) {
        String id() {
            return plan.key() + "/e" + lease.epoch();
        }
    }

    /** Kinds that a takeover waits for. It does not wait for DaemonSets and for pods without a controller. */
    private static final Set<String> AWAITED = Set.of("Deployment", "StatefulSet");

    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final PlanPoints points;
    private final Workloads workloads;
    private final TidyWorkloadsStep tidy;
    private final StepRunner runner;
    private final Clock clock;
    private final List<Step<Run>> fill;
    private final List<Step<Run>> promote;
    private final List<Step<Run>> start;

    TakeOver(KubernetesClient client, NamespaceGate gate, PlanPoints points, StepRunner runner, Clock clock) {
        this.client = client;
        this.gate = gate;
        this.points = points;
        this.workloads = new Workloads(client);
        this.runner = runner;
        this.clock = clock;
        this.tidy = new TidyWorkloadsStep(client, gate, clock);
        this.fill = List.of(FailoverStep.AwaitPoint.does(this::awaitPoint), FailoverStep.Restore.does(this::restore));
        this.promote = List.of(
                FailoverStep.AwaitPoint.does(this::awaitPoint),
                FailoverStep.Restore.does(this::restore),
                FailoverStep.Tidy.does(run ->
                        tidy.run(run.plan, find(run).map(Restore::getStatus).orElse(null))));
        this.start = List.of(FailoverStep.Open.does(this::open), FailoverStep.AwaitReady.does(this::awaitReady));
    }

    /** Restores the data of the point if that is not done, and prepares the workloads, while the gate is closed. */
    StepRunner.Result promote(Run run, FailoverJournal journal) {
        return gated(promote, run, journal);
    }

    /** Restores the data of an offered point, before this site takes the lease. */
    StepRunner.Result prepare(PlanSite plan, Lease offer, FailoverJournal journal) {
        return gated(fill, preparation(plan, offer), journal);
    }

    private StepRunner.Result gated(List<Step<Run>> steps, Run run, FailoverJournal journal) {
        gate.close(run.plan.namespace(), run.plan.gateHolder());
        journal.restoreFrom(run.lease.start().digest());
        return runner.run(run.id(), steps, run, journal);
    }

    /** Whether the offered point is restored here, as the cluster shows it. */
    Handover prepared(PlanSite plan, Lease offer) {
        Run run = preparation(plan, offer);
        RestoreStatus status = find(run).map(Restore::getStatus).orElse(null);
        if (status == null) {
            return Handover.PENDING;
        }
        if (status.holds(Condition.SUCCEEDED) || status.awaitsPods()) {
            return new Handover.Complete(offer.proof());
        }
        return status.failure(Condition.SUCCEEDED)
                .<Handover>map(failed -> new Handover.Failed(
                        "site " + plan.site() + " could not restore the final point: " + failed.message))
                .orElse(Handover.PENDING);
    }

    private static Run preparation(PlanSite plan, Lease offer) {
        Lease next = offer.acquired(plan.site(), Fence.Graceful, plan.timing().duration(), offer.proof());
        return new Run(plan, next, () -> false);
    }

    /** Releases the pods, and waits until the application is ready. */
    StepRunner.Result start(Run run, FailoverJournal journal) {
        return runner.run(run.id(), start, run, journal);
    }

    /** Whether the namespace has volumes, whose data a restore would replace. A claim without a volume has none. */
    boolean hasVolumes(PlanSite plan) {
        return client.persistentVolumeClaims().inNamespace(plan.namespace()).list().getItems().stream()
                .anyMatch(claim -> claim.getSpec() != null && claim.getSpec().getVolumeName() != null);
    }

    /** The workloads that are held since the point does not have them, as the end of a message; empty without any. */
    String absent(PlanSite plan) {
        return tidy.absent(plan);
    }

    /** The Restore verifies the seal of the point. An older point with a valid seal would replace newer data. */
    private Outcome awaitPoint(Run run) {
        PointRef ref = run.lease.start();
        points.newerThanStart(run.plan, run.lease, run.plan.location()).ifPresent(newer -> {
            throw BreakwaterException.retryable(
                    Reason.DataLossTooHigh,
                    "the lease names point " + ref.point() + " of " + ref.capturedAt() + ", but point "
                            + newer.point() + " of the same epoch is of " + newer.capturedAt()
                            + "; find out who can write to the rendezvous location, and set spec.activeSite to "
                            + run.plan.peer() + " on site " + run.plan.peer());
        });
        return points.find(run.plan.namespace(), ref)
                .map(point -> Outcome.done(
                        "found RestorePoint " + point.getMetadata().getName() + " for point " + ref.point()))
                .orElseGet(() -> Outcome.waiting("waiting for catalog sync to find point " + ref.point()));
    }

    private Outcome restore(Run run) {
        List<Restore> others = findOthers(run);
        if (!others.isEmpty()) {
            return stop(others);
        }
        Restore restore = find(run).orElseGet(() -> create(run));
        String name = restore.getMetadata().getName();
        if (restore.getStatus() == null) {
            return Outcome.waiting("Restore " + name + " has been created");
        }
        if (restore.getStatus().holds(Condition.SUCCEEDED)) {
            return Outcome.done("Restore " + name + " is complete");
        }
        if (restore.getStatus().awaitsPods()) {
            return Outcome.done("Restore " + name + " is complete, except objects that it retries when the pods run");
        }
        Optional<Condition> failed = restore.getStatus().failure(Condition.SUCCEEDED);
        if (failed.isPresent()) {
            throw BreakwaterException.retryable(
                    Reason.valueOf(failed.get().reason),
                    "Restore " + name + " failed: " + failed.get().message
                            + "; remove the cause and delete the Restore to retry, or set spec.activeSite to the other"
                            + " site on that site");
        }
        return Outcome.waiting("Restore " + name + ": " + restore.getStatus().progress);
    }

    private static String restoreName(Run run) {
        return run.plan.name() + "-e" + run.lease.epoch();
    }

    /** The plan's Restore of the point, for this try. */
    private Optional<Restore> find(Run run) {
        return get(run).filter(restore -> isOwn(run, restore) && isWanted(run, restore));
    }

    /**
     * Restores of the plan that must not write to the namespace any more: each one that is not over and restores for another epoch,
     * and that of this epoch if it is of another point, or failed in an earlier try. One that is complete counts too, since the data
     * of a point that was restored afterwards is not its data.
     */
    private List<Restore> findOthers(Run run) {
        return client.resources(Restore.class).inNamespace(run.plan.namespace()).list().getItems().stream()
                .filter(restore -> isOwn(run, restore))
                .filter(restore -> isOfEpoch(run, restore) ? !isWanted(run, restore) : !restore.isOver())
                .toList();
    }

    /**
     * Deletes Restores, which ends their movers. The gate stays closed for the plan, so no pod starts with what they have written.
     * The next Restore is created when they are gone, so that nothing writes to its volumes.
     */
    private Outcome stop(List<Restore> others) {
        others.stream()
                .filter(other -> other.getMetadata().getDeletionTimestamp() == null)
                .forEach(other -> client.resource(other).delete());
        return Outcome.waiting("waiting for an earlier restore to end: Restore "
                + others.getFirst().getMetadata().getName()
                + " is of another point or of an earlier try, and is deleted");
    }

    /**
     * A user can create a Restore of the name. The plan does not guess whether that user wants to stop the failover.
     *
     * @throws BreakwaterException Conflict, retryable, when another user has created a Restore of the name
     */
    private void requireFreeName(Run run) {
        if (get(run).isPresent()) {
            throw BreakwaterException.retryable(
                    Reason.Conflict,
                    "Restore " + restoreName(run) + " is not one of FailoverPlan " + run.plan.name()
                            + ": another user created it; delete it, and the plan creates its own");
        }
    }

    private Optional<Restore> get(Run run) {
        return Optional.ofNullable(client.resources(Restore.class)
                .inNamespace(run.plan.namespace())
                .withName(restoreName(run))
                .get());
    }

    private static boolean isOfEpoch(Run run, Restore restore) {
        return restore.getMetadata().getName().equals(restoreName(run));
    }

    /** Whether the plan created a Restore: no user may set the label, but every user may name an owner. */
    private static boolean isOwn(Run run, Restore restore) {
        String plan = run.plan.resource().getMetadata().getUid();
        Map<String, String> labels = restore.getMetadata().getLabels();
        return labels != null
                && run.plan.name().equals(labels.get(Api.PLAN))
                && restore.getMetadata().getOwnerReferences().stream().anyMatch(o -> plan.equals(o.getUid()));
    }

    private boolean isWanted(Run run, Restore restore) {
        RestoreSpec spec = restore.getSpec();
        return spec.restorePointRef != null
                && Serialization.asJson(spec).equals(Serialization.asJson(spec(spec.restorePointRef)))
                && restoresStart(run, restore)
                && !(restore.hasFailed() && isOfEarlierTry(run, restore));
    }

    private static boolean isOfEarlierTry(Run run, Restore restore) {
        Map<String, String> annotations = restore.getMetadata().getAnnotations();
        return annotations == null || !tryOf(run).equals(annotations.get(PlanPoints.RUN));
    }

    /** Identity of the present try: a user's edit starts the next one. */
    private static String tryOf(Run run) {
        return run.plan.takeOver().map(r -> r.id).orElseGet(run.plan::request);
    }

    /** Whether a Restore reads, or has read, the point that the site starts from. */
    private boolean restoresStart(Run run, Restore restore) {
        PointRef start = run.lease.start();
        String digest = restore.getStatus() == null ? null : restore.getStatus().digest;
        return digest == null
                ? points.isNamed(run.plan.namespace(), restore.getSpec().restorePointRef.name, start)
                : digest.equals(start.digest());
    }

    /** Contains the defaults of the schema too, so that it equals what the API server stores. */
    private static RestoreSpec spec(NamedRef point) {
        RestoreSpec spec = new RestoreSpec();
        spec.restorePointRef = point;
        spec.onConflict = RestoreSpec.OnConflict.Replace;
        spec.volumes = RestoreSpec.Volumes.Restore;
        spec.dryRun = false;
        return spec;
    }

    private Restore create(Run run) {
        requireFreeName(run);
        RestorePoint point = points.find(run.plan.namespace(), run.lease.start())
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.RestorePointNotFound,
                        "the RestorePoint for point " + run.lease.start().point()
                                + " was deleted; will retry when catalog sync has found the point again"));
        Restore restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withName(restoreName(run))
                .withNamespace(run.plan.namespace())
                .addToLabels(Api.PLAN, run.plan.name())
                .addToAnnotations(PlanPoints.RUN, tryOf(run))
                .addNewOwnerReference()
                .withApiVersion(run.plan.resource().getApiVersion())
                .withKind(run.plan.resource().getKind())
                .withName(run.plan.name())
                .withUid(run.plan.resource().getMetadata().getUid())
                .endOwnerReference()
                .build());
        restore.setSpec(spec(new NamedRef(point.getMetadata().getName())));
        return client.resource(restore).create();
    }

    private Outcome open(Run run) {
        if (!run.mayRun.getAsBoolean()) {
            return Outcome.waiting("waiting for the lease to be renewed");
        }
        gate.open(run.plan.namespace(), run.plan.gateHolder());
        if (!run.mayRun.getAsBoolean()) {
            gate.close(
                    run.plan.namespace(),
                    run.plan.gateHolder(),
                    run.plan.timing().grace());
            return Outcome.waiting("the lease expired in the meantime; waiting for its renewal");
        }
        return Outcome.done("pods may start");
    }

    /** The Restore retries objects while the pods start, so it may end after the site became active. */
    private Optional<Outcome> awaitRestore(Run run) {
        Optional<Restore> restore = find(run);
        RestoreStatus status = restore.map(Restore::getStatus).orElse(null);
        if (status == null) {
            return Optional.empty();
        }
        String name = restore.get().getMetadata().getName();
        status.failure(Condition.SUCCEEDED).ifPresent(failed -> {
            throw BreakwaterException.permanent(
                    Reason.valueOf(failed.reason),
                    "Restore " + name + " failed: " + failed.message
                            + "; this site is active, so remove the cause and create a Restore of the same point with"
                            + " onConflict: Skip");
        });
        return status.awaitsPods()
                ? Optional.of(Outcome.waiting("Restore " + name + ": " + status.progress))
                : Optional.empty();
    }

    private Outcome awaitReady(Run run) {
        Optional<Outcome> restoring = awaitRestore(run);
        if (restoring.isPresent()) {
            return restoring.get();
        }
        List<String> missing = workloads.of(run.plan.namespace()).stream()
                .filter(w -> AWAITED.contains(w.kind()) && !w.isReady())
                .map(Workloads.Workload::name)
                .toList();
        if (missing.isEmpty()) {
            return Outcome.done("all workloads are ready");
        }
        Instant opened = run.plan.status().journal.stream()
                .filter(e -> e.step.equals(FailoverStep.AwaitReady.name()))
                .findFirst()
                .map(e -> Instant.parse(e.startedAt))
                .orElse(clock.instant());
        if (Duration.between(opened, clock.instant()).compareTo(run.plan.readiness()) > 0) {
            throw BreakwaterException.permanent(
                    Reason.InProgress,
                    "not ready within spec.readiness.timeout: " + String.join(", ", missing)
                            + "; this site is active, so check the events of these workloads");
        }
        return Outcome.waiting("waiting for " + String.join(", ", missing));
    }
}
