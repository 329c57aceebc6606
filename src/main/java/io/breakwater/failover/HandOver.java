package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.SiteFacts.Handover;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import java.util.List;
import java.util.Optional;

/** The steps of the old site between the start of the hand-over and the release of the lease. */
final class HandOver {
    /** The objects that the steps share. */
    record Run(PlanSite plan, Lease lease) {}

    private final NamespaceGate gate;
    private final PlanPoints points;
    private final StepRunner runner;
    private final List<Step<Run>> steps;

    HandOver(NamespaceGate gate, PlanPoints points, StepRunner runner) {
        this.gate = gate;
        this.points = points;
        this.runner = runner;
        this.steps =
                List.of(FailoverStep.GatePods.does(this::gatePods), FailoverStep.FinalPoint.does(this::finalPoint));
    }

    /** Continues the hand-over. */
    Handover advance(PlanSite plan, Lease lease, FailoverJournal journal) {
        Run run = new Run(plan, lease);
        try {
            return switch (runner.run(lease.request().id(), steps, run, journal)) {
                case StepRunner.Result.Waiting _ -> Handover.PENDING;
                case StepRunner.Result.Finished _ -> complete(run);
            };
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                return Handover.PENDING;
            }
            return new Handover.Failed(e.getMessage());
        }
    }

    /** Checks the cluster again, since the journal only records that the steps were done once. */
    private Handover complete(Run run) {
        boolean quiet = gate.endStragglers(run.plan.namespace());
        return quiet && finalPoint(run) instanceof Outcome.Done
                ? new Handover.Complete(PlanPoints.ref(point(run)))
                : Handover.PENDING;
    }

    private Outcome gatePods(Run run) {
        gate.close(run.plan.namespace(), run.plan.gateHolder());
        return gate.endStragglers(run.plan.namespace())
                ? Outcome.done("all pods of the application on this site have ended")
                : Outcome.waiting("waiting for pods to end");
    }

    private Outcome finalPoint(Run run) {
        RestorePoint point = point(run);
        Optional<String> failure = PlanPoints.failure(point);
        if (failure.isPresent()) {
            throw BreakwaterException.permanent(Reason.RolledBack, failure.get());
        }
        String name = "RestorePoint " + point.getMetadata().getName();
        String location = "location " + run.plan.peerLocation();
        if (!point.isSealed()) {
            return Outcome.waiting(name + " is being captured");
        }
        return PlanPoints.isCompleteIn(point, run.plan.peerLocation())
                ? Outcome.done(name + " is complete in " + location)
                : Outcome.waiting(name + " is being copied to " + location);
    }

    private RestorePoint point(Run run) {
        return points.ensureFinal(
                run.plan, run.lease.epoch(), run.lease.request().id());
    }
}
