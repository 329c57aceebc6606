package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.PointRef;
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
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** The steps of the new site once it has the lease: first the data, then the pods. */
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
    private final List<Step<Run>> start;

    TakeOver(KubernetesClient client, NamespaceGate gate, PlanPoints points, StepRunner runner, Clock clock) {
        this.client = client;
        this.gate = gate;
        this.points = points;
        this.workloads = new Workloads(client);
        this.runner = runner;
        this.clock = clock;
        this.tidy = new TidyWorkloadsStep(client, gate, clock);
        this.fill = List.of(
                FailoverStep.AwaitPoint.does(this::awaitPoint),
                FailoverStep.Restore.does(this::restore),
                FailoverStep.Tidy.does(run ->
                        tidy.run(run.plan, find(run).map(Restore::getStatus).orElse(null))));
        this.start = List.of(FailoverStep.Open.does(this::open), FailoverStep.AwaitReady.does(this::awaitReady));
    }

    /** Restores the data of the point, while the gate is closed. */
    StepRunner.Result fill(Run run, FailoverJournal journal) {
        gate.close(run.plan.namespace(), run.plan.gateHolder());
        return runner.run(run.id(), fill, run, journal);
    }

    /** Releases the pods, and waits until the application is ready. */
    StepRunner.Result start(Run run, FailoverJournal journal) {
        return runner.run(run.id(), start, run, journal);
    }

    /** The workloads that are held since the point does not have them, as the end of a message; empty without any. */
    String absent(PlanSite plan) {
        return tidy.absent(plan);
    }

    /** Releases the holder of workloads that do not exist any more. */
    void refreshAbsent(PlanSite plan) {
        tidy.refreshAbsent(plan);
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
        String name = restoreName(run);
        Restore restore = find(run).orElseGet(() -> create(run, name));
        requireOwn(run, restore);
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

    private Optional<Restore> find(Run run) {
        return Optional.ofNullable(client.resources(Restore.class)
                .inNamespace(run.plan.namespace())
                .withName(restoreName(run))
                .get());
    }

    /** A user can create a Restore of this name. It would restore another point, or nothing, and the site would start on that. */
    private void requireOwn(Run run, Restore restore) {
        String plan = run.plan.resource().getMetadata().getUid();
        boolean owned = restore.getMetadata().getOwnerReferences().stream().anyMatch(o -> plan.equals(o.getUid()));
        RestoreSpec spec = restore.getSpec();
        boolean wanted = spec.restorePointRef != null
                && Serialization.asJson(spec).equals(Serialization.asJson(spec(spec.restorePointRef)));
        if (!owned || !wanted || !restoresStart(run, restore)) {
            throw BreakwaterException.retryable(
                    Reason.Conflict,
                    "Restore " + restore.getMetadata().getName() + " is not one of FailoverPlan " + run.plan.name()
                            + ": another user created it, or it restores another point; delete it, and the plan creates"
                            + " its own");
        }
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

    private Restore create(Run run, String name) {
        RestorePoint point = points.find(run.plan.namespace(), run.lease.start())
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.RestorePointNotFound,
                        "the RestorePoint for point " + run.lease.start().point()
                                + " was deleted; will retry when catalog sync has found the point again"));
        Restore restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(run.plan.namespace())
                .addToLabels(Api.PLAN, run.plan.name())
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
        RestoreStatus status = find(run).map(Restore::getStatus).orElse(null);
        if (status == null) {
            return Optional.empty();
        }
        status.failure(Condition.SUCCEEDED).ifPresent(failed -> {
            throw BreakwaterException.permanent(
                    Reason.valueOf(failed.reason),
                    "Restore " + restoreName(run) + " failed: " + failed.message
                            + "; this site is active, so remove the cause and create a Restore of the same point with"
                            + " onConflict: Skip");
        });
        return status.awaitsPods()
                ? Optional.of(Outcome.waiting("Restore " + restoreName(run) + ": " + status.progress))
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
