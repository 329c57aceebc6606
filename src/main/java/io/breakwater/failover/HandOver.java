package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.SiteFacts.Handover;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The steps of the old site between the start of the hand-over and the release of the lease. */
final class HandOver {
    /** The objects that the steps share. */
    record Run(PlanSite plan, Lease lease) {}

    private final NamespaceGate gate;
    private final PlanPoints points;
    private final StepRunner runner;
    private final Clock clock;
    private final List<Step<Run>> steps;

    HandOver(NamespaceGate gate, PlanPoints points, StepRunner runner, Clock clock) {
        this.gate = gate;
        this.points = points;
        this.runner = runner;
        this.clock = clock;
        this.steps =
                List.of(FailoverStep.GatePods.does(this::gatePods), FailoverStep.FinalPoint.does(this::finalPoint));
    }

    /** Continues the hand-over. It fails at its deadline, whatever it waits for. */
    Handover advance(PlanSite plan, Lease lease, FailoverJournal journal) {
        Run run = new Run(plan, lease);
        try {
            return switch (runner.run(lease.request().id(), steps, run, journal)) {
                case StepRunner.Result.Waiting waiting ->
                    pending(plan, journal, waiting.step() + ": " + waiting.message());
                case StepRunner.Result.Finished _ -> complete(run, journal);
            };
        } catch (BreakwaterException e) {
            return e.isRetryable() ? pending(plan, journal, e.getMessage()) : new Handover.Failed(e.getMessage());
        }
    }

    /** Whether the deadline of a hand-over is over. It is in the status, so a restart does not extend it. */
    Optional<String> lateness(PlanSite plan, FailoverJournal journal) {
        return journal.running()
                .filter(run -> run.deadline != null && !clock.instant().isBefore(Instant.parse(run.deadline)))
                .map(run -> "the hand-over did not complete within spec.handOver.timeout ("
                        + Durations.format(plan.handOverTimeout()) + ")");
    }

    private Handover pending(PlanSite plan, FailoverJournal journal, String waiting) {
        return lateness(plan, journal)
                .<Handover>map(late -> new Handover.Failed(late + "; it was waiting for " + waiting))
                .orElse(Handover.PENDING);
    }

    /**
     * The state of an offer of this site: failed at the deadline, or when a pod was seen after the cut of the final point. The lease
     * of a site that has not served has no final point of its own.
     */
    Handover offered(PlanSite plan, Lease lease, FailoverJournal journal) {
        Optional<String> seen = lease.request() == null || lease.offersStart()
                ? Optional.empty()
                : gate.seenSinceCut(plan.namespace(), lease.request().id());
        return seen.or(() -> lateness(plan, journal)
                        .map(late -> late + "; site " + plan.peer() + " has not restored the final point yet"))
                .<Handover>map(Handover.Failed::new)
                .orElse(Handover.PENDING);
    }

    /** Checks the cluster again, since the journal only records that the steps were done once. */
    private Handover complete(Run run, FailoverJournal journal) {
        return finalPoint(run) instanceof Outcome.Done
                ? new Handover.Complete(PlanPoints.ref(point(run)))
                : pending(run.plan, journal, "the final point");
    }

    private Outcome gatePods(Run run) {
        String namespace = run.plan.namespace();
        gate.close(namespace, run.plan.gateHolder());
        Instant before = clock.instant();
        if (!gate.endStragglers(namespace)) {
            return Outcome.waiting("waiting for pods to end");
        }
        gate.recordCut(namespace, run.lease.request().id(), before);
        return Outcome.done("all pods of the application on this site have ended");
    }

    /** @throws BreakwaterException permanent, when a pod was seen after the cut: the application may have written newer data */
    private Outcome finalPoint(Run run) {
        gate.seenSinceCut(run.plan.namespace(), run.lease.request().id()).ifPresent(cause -> {
            throw BreakwaterException.permanent(Reason.RolledBack, cause);
        });
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
