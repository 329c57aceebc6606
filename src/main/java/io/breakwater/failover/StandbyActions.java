package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Kind;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseAction;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.lease.LeaseVersion;
import io.breakwater.lease.RenewalCounter;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.steps.StepRunner;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Actions of a site without the lease: closes the gate, backs up divergent data, and reports the reason to wait. */
final class StandbyActions {
    private final NamespaceGate gate;
    private final PlanHolders holders;
    private final DivergentCapture divergent;
    private final TakeOver takeOver;
    private final ServedEpochStore served;
    private final PlanMemory memory;
    private final Events events;

    StandbyActions(
            NamespaceGate gate,
            PlanHolders holders,
            DivergentCapture divergent,
            TakeOver takeOver,
            ServedEpochStore served,
            PlanMemory memory,
            Events events) {
        this.gate = gate;
        this.holders = holders;
        this.divergent = divergent;
        this.takeOver = takeOver;
        this.served = served;
        this.memory = memory;
        this.events = events;
    }

    PlanOutcome perform(LeaseAction.Standby action, ActionContext context) {
        PlanSite plan = context.plan();
        boolean unproven = action instanceof LeaseAction.Missing || action instanceof LeaseAction.Amnesia;
        if (unproven && holders.openForUser(plan.resource())) {
            return report(action, context);
        }
        gate.close(plan.namespace(), plan.gateHolder(), LeaseTiming.LOST_GRACE);
        if (!unproven) {
            holders.refuseOpening(plan);
        }
        Optional<String> pending = context.seen().flatMap(seen -> divergent.pending(plan, seen.lease()));
        if (pending.isPresent()) {
            return PlanOutcome.working(Role.Demoting, Reason.FailingOver, pending.get());
        }
        context.seen()
                .map(LeaseVersion::lease)
                .filter(lease -> !lease.holder().equals(plan.site()))
                .ifPresent(lease -> {
                    memory.recordEpoch(plan, Math.max(plan.knownEpoch().orElse(0), lease.epoch()));
                    divergent.settle(plan);
                });
        return report(action, context);
    }

    private PlanOutcome report(LeaseAction.Standby action, ActionContext context) {
        PlanSite plan = context.plan();
        return switch (action) {
            case LeaseAction.AwaitRelease await ->
                waiting(Kind.Planned, Reason.FailingOver, awaited(await, context), context);
            case LeaseAction.AwaitExpiry await ->
                waiting(
                        Kind.Unplanned,
                        Reason.WaitingForLease,
                        "site " + plan.peer()
                                + " does not renew its lease; unless it does, this site can take it over in "
                                + Durations.format(roundedUp(await.remaining())),
                        context);
            case LeaseAction.Prepare _ -> prepare(context);
            case LeaseAction.AwaitTake _ -> awaitTake(context);
            case LeaseAction.AwaitAttestation await -> attestationNeeded(await, context);
            case LeaseAction.ConfirmAttestation confirm ->
                waiting(
                        Kind.Unplanned,
                        Reason.WaitingForLease,
                        "site " + plan.peer()
                                + " is attested to be off; this site takes over if it sees no renewal of the lease for"
                                + " another " + Durations.format(roundedUp(confirm.remaining())),
                        context);
            case LeaseAction.Contradicted contradicted -> contradicted(contradicted, context);
            case LeaseAction.TooMuchLoss loss -> refused(Reason.DataLossTooHigh, tooMuch(loss, plan), context);
            case LeaseAction.NothingToStartFrom _ ->
                refused(
                        Reason.RestorePointNotFound,
                        "cannot take over: no RestorePoint of this epoch is complete in location " + plan.location(),
                        context);
            case LeaseAction.Rejected rejected -> rejected(rejected.message(), context);
            case LeaseAction.Follow _ -> follow(context);
            case LeaseAction.Unguarded unguarded ->
                PlanOutcome.stalled(
                        Role.Passive,
                        Reason.Standby,
                        "the plan was deleted on site " + plan.peer()
                                + ", where the application still runs; apply the plan there again. If the site is off,"
                                + " create a FailoverRequest with " + attestation(plan, unguarded.renewal()));
            case LeaseAction.AwaitOrder await -> awaitOrder(await, context);
            case LeaseAction.Missing _ ->
                PlanOutcome.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the rendezvous location has no lease of epoch "
                                + plan.knownEpoch().orElse(0)
                                + " any more; restore the object, or create a FailoverPlan with another name");
            case LeaseAction.Amnesia _ ->
                PlanOutcome.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the lease names this site, but this cluster was rebuilt and has no record of being active;"
                                + " set spec.activeSite to " + plan.peer() + " on site " + plan.peer()
                                + " to fail over");
        };
    }

    /** Says what is known: the other site may be dead, or work without its API server. */
    private static String awaited(LeaseAction.AwaitRelease await, ActionContext context) {
        String peer = "site " + context.plan().peer();
        if (await.isSilent()) {
            return "waiting for " + peer + ", which renews its lease, but its last heartbeat is older than a lease: its"
                    + " API server may not answer; repair it there, or stop the pods and the guard on " + peer
                    + " so that the lease expires";
        }
        LeaseVersion seen = context.seen().orElseThrow();
        String renewed =
                "; its lease was renewed " + Durations.format(seen.age().truncatedTo(ChronoUnit.SECONDS)) + " ago";
        return seen.lease().state() == Lease.State.Held
                ? "asked " + peer + " to hand over; it has not started yet" + renewed
                : peer + " is handing over" + renewed;
    }

    private PlanOutcome attestationNeeded(LeaseAction.AwaitAttestation await, ActionContext context) {
        PlanSite plan = context.plan();
        return refused(
                Reason.AttestationNeeded,
                "site " + plan.peer() + " does not renew its lease, and its plan keeps serving without it"
                        + " (spec.lease.onLoss), so the application may still run there; if the site is off, create a"
                        + " FailoverRequest with " + attestation(plan, await.renewal())
                        + ", which is valid for 15 minutes",
                context);
    }

    private static String attestation(PlanSite plan, RenewalCounter renewal) {
        return "spec.attestation {siteOff: " + plan.peer() + ", lease: \"" + renewal + "\"}";
    }

    private PlanOutcome contradicted(LeaseAction.Contradicted action, ActionContext context) {
        PlanSite plan = context.plan();
        String message = "site " + plan.peer() + " renewed its lease after " + plan.source()
                + " attested that the site is off; the last renewal was " + Durations.format(action.ago())
                + " ago, so the site is not off";
        FailoverJournal journal = context.journal();
        journal.start(plan.request(), Kind.Unplanned, plan.peer(), plan.site());
        journal.edit(run -> run.reason = Reason.AttestationContradicted.name());
        journal.end(FailoverResult.Failed, message);
        events.audited(
                plan.resource(),
                Reason.AttestationContradicted,
                message,
                AuditEntry.failure(AuditAction.TakeOver, Reason.AttestationContradicted)
                        .between(plan.peer(), plan.site()));
        return PlanOutcome.stalled(Role.Passive, Reason.AttestationContradicted, message);
    }

    private PlanOutcome rejected(String message, ActionContext context) {
        PlanSite plan = context.plan();
        String rolledBack = "failover rolled back: " + message;
        context.journal().end(FailoverResult.RolledBack, message);
        events.audited(
                plan.resource(),
                Reason.RolledBack,
                rolledBack,
                AuditEntry.of(AuditAction.TakeOver, AuditResult.Failed).between(plan.peer(), plan.site()));
        memory.markSettled(plan);
        return PlanOutcome.stalled(Role.Passive, Reason.RolledBack, rolledBack);
    }

    /** Everything that can fail happens before this site takes the lease: until then, the other site can serve again. */
    private PlanOutcome prepare(ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        journal.startTakeOver(plan.peer());
        try {
            return switch (takeOver.prepare(plan, context.lease(), journal)) {
                case StepRunner.Result.Waiting waiting -> {
                    String message = waiting.step() + ": " + waiting.message();
                    journal.await(message);
                    yield PlanOutcome.working(Role.Promoting, Reason.FailingOver, message);
                }
                case StepRunner.Result.Finished _ -> PlanOutcome.again(Role.Promoting, "data restored");
            };
        } catch (BreakwaterException e) {
            journal.await(e.getMessage());
            return PlanOutcome.stalled(Role.Promoting, e.reason(), e.getMessage());
        }
    }

    private PlanOutcome awaitTake(ActionContext context) {
        PlanSite plan = context.plan();
        String message = "waiting for site " + plan.peer() + " to restore the final point and to take the lease"
                + context.journal()
                        .running()
                        .filter(run -> run.deadline != null)
                        .map(run -> "; this site serves again at " + run.deadline + " if it has not")
                        .orElse("");
        context.journal().await(message);
        memory.markSettled(plan);
        return PlanOutcome.working(Role.Demoting, Reason.FailingOver, message);
    }

    private void endRun(ActionContext context) {
        PlanSite plan = context.plan();
        Optional<Lease> taken = context.seen()
                .map(LeaseVersion::lease)
                .filter(lease -> lease.heldBy(plan.peer()) && lease.fence() == Fence.Graceful);
        boolean given = context.journal()
                .running()
                .filter(run -> plan.site().equals(run.from))
                .isPresent();
        if (taken.isEmpty() || !given) {
            context.journal().end(FailoverResult.Failed, "site " + plan.peer() + " holds the lease");
            return;
        }
        String handedOver = "handed over to site " + plan.peer();
        warnOfLatePod(context);
        context.journal().end(FailoverResult.Completed, handedOver);
        events.audited(
                plan.resource(),
                Reason.Standby,
                handedOver + " with final point " + taken.get().start().point(),
                AuditEntry.of(AuditAction.HandOver, AuditResult.Finished).between(plan.site(), plan.peer()));
    }

    /** The other site can take the lease in the moment in which a pod is seen here, before this site takes its offer back. */
    private void warnOfLatePod(ActionContext context) {
        PlanSite plan = context.plan();
        boolean cut = context.journal().entries().stream().anyMatch(e -> e.step.equals(FailoverStep.FinalPoint.name()));
        context.journal()
                .running()
                .filter(run -> cut)
                .flatMap(run -> gate.seenSinceCut(plan.namespace(), run.id))
                .ifPresent(cause -> events.warning(
                        plan.resource(),
                        Reason.Standby,
                        "site " + plan.peer() + " took the lease, but " + cause
                                + "; what it wrote is only in the volumes of this site: save it before the next"
                                + " failover to this site"));
    }

    private PlanOutcome follow(ActionContext context) {
        PlanSite plan = context.plan();
        endRun(context);
        memory.markSettled(plan);
        return PlanOutcome.ready(
                Role.Passive,
                Reason.Standby,
                context.seen()
                        .map(LeaseVersion::lease)
                        .map(lease -> "site " + lease.holder() + " is active in epoch " + lease.epoch())
                        .orElse("waiting for site " + plan.activeSite() + " to write the first lease"));
    }

    private PlanOutcome awaitOrder(LeaseAction.AwaitOrder await, ActionContext context) {
        PlanSite plan = context.plan();
        memory.markSettled(plan);
        if (await.hasVolumes()) {
            long epoch = context.lease().epoch();
            // If another site takes the lease, their data is backed up before anything replaces it.
            served.record(plan.namespace(), epoch);
            return PlanOutcome.stalled(
                    Role.Passive,
                    Reason.VolumesPresent,
                    "the namespace was deleted and created again, and has volumes: to run the application with their"
                            + " data, annotate the FailoverPlan with " + Api.IN_PLACE + "=" + epoch
                            + "; to restore the newest point over them instead, annotate it with "
                            + Api.DISCARD_DIVERGENT + "=" + epoch);
        }
        return PlanOutcome.stalled(
                Role.Passive,
                Reason.Standby,
                "the namespace was deleted on site " + context.lease().holder()
                        + ", so the application runs nowhere; to run it here, set spec.activeSite to " + plan.site()
                        + " and spec.maxDataLoss to the data that may be lost");
    }

    private static PlanOutcome waiting(Kind kind, Reason reason, String message, ActionContext context) {
        context.journal().await(kind, message);
        return PlanOutcome.working(Role.Passive, reason, message);
    }

    private static PlanOutcome refused(Reason reason, String message, ActionContext context) {
        context.journal().await(message);
        return PlanOutcome.stalled(Role.Passive, reason, message);
    }

    private static Duration roundedUp(Duration remaining) {
        return Duration.ofSeconds(remaining.plusMillis(999).toSeconds());
    }

    private static String tooMuch(LeaseAction.TooMuchLoss action, PlanSite plan) {
        return "failover would lose up to " + Durations.format(action.loss()) + " of data, but spec.maxDataLoss allows "
                + Durations.format(plan.maxDataLoss()) + "; raise spec.maxDataLoss, or create a FailoverRequest with a"
                + " higher one, to continue";
    }
}
