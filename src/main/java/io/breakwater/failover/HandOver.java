package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.failover.SiteFacts.Handover;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What the old site does between honouring a request and giving the lease up. */
final class HandOver {
    /** What the steps share. */
    record Run(PlanSite p, Lease lease) {}

    private final NamespaceGate gate;
    private final PlanPoints points;
    private final StepRunner runner;
    private final List<Step<Run>> steps;

    HandOver(NamespaceGate gate, PlanPoints points, StepRunner runner) {
        this.gate = gate;
        this.points = points;
        this.runner = runner;
        this.steps =
                List.of(step(FailoverStep.GatePods, this::gatePods), step(FailoverStep.FinalPoint, this::finalPoint));
    }

    /** Goes on with handing over. */
    Handover advance(PlanSite p, Lease lease, FailoverJournal log) {
        Run run = new Run(p, lease);
        try {
            return switch (runner.run(lease.request().id(), steps, run, log)) {
                case StepRunner.Result.Waiting w -> Handover.PENDING;
                case StepRunner.Result.Finished f -> complete(run);
            };
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                return Handover.PENDING;
            }
            return new Handover.Failed(e.getMessage());
        }
    }

    /** Looks again at what the steps found: the journal says that they are done, the cluster has to agree. */
    private Handover complete(Run run) {
        boolean quiet = gate.endStragglers(run.p.namespace());
        return quiet && finalPoint(run) instanceof Outcome.Done
                ? new Handover.Complete(PlanPoints.ref(point(run)))
                : Handover.PENDING;
    }

    private Outcome gatePods(Run run) {
        gate.close(run.p.namespace(), run.p.holder());
        return gate.endStragglers(run.p.namespace())
                ? Outcome.done("nothing of the application runs on this site")
                : Outcome.waiting("waiting for pods to end");
    }

    private Outcome finalPoint(Run run) {
        RestorePoint point = point(run);
        Optional<String> failure = PlanPoints.failure(point);
        if (failure.isPresent()) {
            throw BreakwaterException.permanent(Reason.RolledBack, failure.get());
        }
        String name = point.getMetadata().getName();
        if (!point.isSealed()) {
            return Outcome.waiting("RestorePoint " + name + " is being captured");
        }
        return PlanPoints.liesIn(point, run.p.peerLocation())
                ? Outcome.done("RestorePoint " + name + " is complete in location " + run.p.peerLocation())
                : Outcome.waiting("RestorePoint " + name + " is being copied to location " + run.p.peerLocation());
    }

    private RestorePoint point(Run run) {
        return points.ensureFinal(run.p, run.lease.epoch(), run.lease.request().id());
    }

    static <C> Step<C> step(FailoverStep phase, Function<C, Outcome> action) {
        return new Step<>() {
            @Override
            public String name() {
                return phase.name();
            }

            @Override
            public Outcome run(C run, int attempt) {
                return action.apply(run);
            }
        };
    }
}
