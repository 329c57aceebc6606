package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** What the new site does once it has the lease: first its data, then its pods. */
final class TakeOver {
    /**
     * What the steps share.
     *
     * @param mayRun whether the lease is proven at this moment
     */
    record Run(PlanSite p, Lease lease, BooleanSupplier mayRun) {
        String id() {
            return p.key() + "/e" + lease.epoch();
        }
    }

    /** What the other site's answer depends on; pods of their own and DaemonSets are not waited for. */
    private static final Set<String> AWAITED = Set.of("Deployment", "StatefulSet");

    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final PlanPoints points;
    private final Workloads workloads;
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
        this.fill = List.of(
                HandOver.step(FailoverStep.AwaitPoint, this::awaitPoint),
                HandOver.step(FailoverStep.Restore, this::restore));
        this.start = List.of(
                HandOver.step(FailoverStep.Open, this::open), HandOver.step(FailoverStep.AwaitReady, this::awaitReady));
    }

    /** Brings the data of the point here, behind a closed gate. */
    StepRunner.Result fill(Run run, FailoverJournal log) {
        gate.close(run.p.namespace(), run.p.holder());
        return runner.run(run.id(), fill, run, log);
    }

    /** Lets the application run, and waits until it is up. */
    StepRunner.Result start(Run run, FailoverJournal log) {
        return runner.run(run.id(), start, run, log);
    }

    private Outcome awaitPoint(Run run) {
        PointRef ref = run.lease.start();
        return points.find(run.p.namespace(), ref)
                .map(x -> Outcome.done(
                        "RestorePoint " + x.getMetadata().getName() + " stands for " + ref.point() + " here"))
                .orElseGet(() -> Outcome.waiting("waiting for the catalog to list " + ref.point()));
    }

    private Outcome restore(Run run) {
        String name = run.p.name() + "-e" + run.lease.epoch();
        Restore restore = Optional.ofNullable(client.resources(Restore.class)
                        .inNamespace(run.p.namespace())
                        .withName(name)
                        .get())
                .orElseGet(() -> create(run, name));
        if (restore.getStatus() == null) {
            return Outcome.waiting("Restore " + name + " has been created");
        }
        if (restore.getStatus().holds(Condition.SUCCEEDED)) {
            return Outcome.done("Restore " + name + " is complete");
        }
        Optional<Condition> failed = restore.getStatus().failure(Condition.SUCCEEDED);
        if (failed.isPresent()) {
            throw BreakwaterException.retryable(
                    Reason.valueOf(failed.get().reason),
                    "Restore " + name + " failed: " + failed.get().message
                            + "; remove the cause and delete the Restore to try again, or name the other site in"
                            + " spec.activeSite there");
        }
        return Outcome.waiting("Restore " + name + ": " + restore.getStatus().progress);
    }

    private Restore create(Run run, String name) {
        RestorePoint point = points.find(run.p.namespace(), run.lease.start())
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.RestorePointNotFound,
                        "the RestorePoint for " + run.lease.start().point() + " is gone again"));
        Restore x = new Restore();
        x.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(run.p.namespace())
                .addToLabels(Api.PLAN, run.p.name())
                .build());
        x.setSpec(new RestoreSpec());
        x.getSpec().restorePointRef = new NamedRef(point.getMetadata().getName());
        x.getSpec().onConflict = RestoreSpec.OnConflict.Replace;
        return client.resource(x).create();
    }

    private Outcome open(Run run) {
        if (!run.mayRun.getAsBoolean()) {
            return Outcome.waiting("waiting for the lease to be renewed");
        }
        gate.open(run.p.namespace(), run.p.holder());
        if (!run.mayRun.getAsBoolean()) {
            gate.close(run.p.namespace(), run.p.holder(), run.p.timing().grace());
            return Outcome.waiting("the lease ran out meanwhile");
        }
        return Outcome.done("pods may start");
    }

    private Outcome awaitReady(Run run) {
        List<String> missing = workloads.of(run.p.namespace()).stream()
                .filter(w -> AWAITED.contains(w.kind()) && !w.isReady())
                .map(Workloads.Workload::name)
                .toList();
        if (missing.isEmpty()) {
            return Outcome.done("all workloads are ready");
        }
        Instant opened = run.p.status().journal.stream()
                .filter(e -> e.step.equals(FailoverStep.AwaitReady.name()))
                .findFirst()
                .map(e -> Instant.parse(e.startedAt))
                .orElse(clock.instant());
        if (Duration.between(opened, clock.instant()).compareTo(run.p.readiness()) > 0) {
            throw BreakwaterException.permanent(
                    Reason.InProgress,
                    "not ready within spec.readiness.timeout: " + String.join(", ", missing)
                            + "; this site is active, look at the events of these workloads");
        }
        return Outcome.waiting("waiting for " + String.join(", ", missing));
    }
}
