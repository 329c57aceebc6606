package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Kind;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseAction;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import java.util.Optional;
import java.util.UUID;

/**
 * Actions that write the lease. A write that loses against another one is not an error: the next reconciliation decides
 * again.
 */
final class LeaseWrites {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final DivergentCapture divergent;
    private final ServedEpochStore served;
    private final PlanMemory memory;
    private final PlanSites sites;
    private final Events events;

    LeaseWrites(
            NamespaceGate gate,
            LeaseKeepers keepers,
            DivergentCapture divergent,
            ServedEpochStore served,
            PlanMemory memory,
            PlanSites sites,
            Events events) {
        this.gate = gate;
        this.keepers = keepers;
        this.divergent = divergent;
        this.served = served;
        this.memory = memory;
        this.sites = sites;
        this.events = events;
    }

    PlanOutcome perform(LeaseAction.Write action, ActionContext context) {
        return switch (action) {
            case LeaseAction.Create create -> create(create, context);
            case LeaseAction.Adopt adopt -> adopt(adopt, context);
            case LeaseAction.Ask ask -> ask(ask, context);
            case LeaseAction.Withdraw withdraw -> withdraw(withdraw, context);
            case LeaseAction.Honour honour -> honour(honour, context);
            case LeaseAction.RollBack rollBack -> rollBack(rollBack, context);
            case LeaseAction.Offer offer -> offer(offer, context);
            case LeaseAction.Decline decline -> decline(decline, context);
            case LeaseAction.Acquire acquire -> acquire(acquire, context);
            case LeaseAction.TakeInPlace take -> takeInPlace(take, context);
        };
    }

    private PlanOutcome create(LeaseAction.Create action, ActionContext context) {
        PlanSite plan = context.plan();
        memory.recordEpoch(plan, 0);
        Lease first = action.lease().identified(UUID.randomUUID().toString());
        if (write(new LeaseAction.Create(first), context)) {
            events.normal(plan.resource(), Reason.Active, "wrote the first lease: site " + plan.site() + " is active");
        }
        return PlanOutcome.again(Role.Unknown, "wrote the first lease");
    }

    private PlanOutcome adopt(LeaseAction.Adopt action, ActionContext context) {
        memory.recordEpoch(context.plan(), action.lease().epoch());
        write(action, context);
        return PlanOutcome.again(Role.Unknown, "resumed the lease");
    }

    private PlanOutcome ask(LeaseAction.Ask action, ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        closeGate(plan);
        Optional<String> problem =
                sites.problemOf(plan.resource(), PlanRoles.own(plan.resource(), plan.site()).locationRef);
        if (problem.isPresent()) {
            return PlanOutcome.stalled(
                    Role.Passive,
                    Reason.LocationNotReady,
                    "not asking site " + plan.peer() + " to hand over yet, will retry: this site cannot restore: "
                            + problem.get());
        }
        journal.start(plan.request(), Kind.Planned, context.lease().holder(), plan.site());
        journal.note(FailoverStep.Request, State.Running, "asking site " + plan.peer() + " to hand over");
        if (write(action, context)) {
            journal.note(FailoverStep.Request, State.Done, "wrote the request to the lease");
            events.audited(
                    plan.resource(),
                    Reason.FailingOver,
                    "asked site " + plan.peer() + " to hand over to " + plan.site(),
                    takeOver(AuditResult.Requested, plan));
        }
        return PlanOutcome.again(Role.Passive, "asked site " + plan.peer() + " to hand over");
    }

    private PlanOutcome withdraw(LeaseAction.Withdraw action, ActionContext context) {
        closeGate(context.plan());
        if (write(action, context)) {
            String withdrawn =
                    "request withdrawn: spec.activeSite was changed back, or the FailoverRequest was deleted or has"
                            + " expired";
            context.journal().end(FailoverResult.RolledBack, withdrawn);
            events.audited(
                    context.plan().resource(),
                    Reason.RolledBack,
                    withdrawn,
                    takeOver(AuditResult.Failed, context.plan()));
        }
        return PlanOutcome.again(Role.Passive, "request withdrawn");
    }

    private PlanOutcome honour(LeaseAction.Honour action, ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        String handingOver = "handing over to site " + plan.peer();
        journal.start(action.lease().request().id(), Kind.Planned, plan.site(), plan.peer());
        journal.limit(plan.handOverTimeout());
        journal.note(FailoverStep.Honour, State.Running, "site " + plan.peer() + " asks to take over");
        if (write(action, context)) {
            journal.note(FailoverStep.Honour, State.Done, handingOver);
            events.audited(plan.resource(), Reason.FailingOver, handingOver, handOver(AuditResult.Requested, plan));
        }
        return PlanOutcome.again(Role.Demoting, handingOver);
    }

    private PlanOutcome rollBack(LeaseAction.RollBack action, ActionContext context) {
        PlanSite plan = context.plan();
        String rolledBack = "failover rolled back: " + action.message();
        if (write(action, context)) {
            endHandOver(action, rolledBack, context);
            events.audited(
                    plan.resource(),
                    Reason.RolledBack,
                    "site " + plan.site() + " stays active: " + action.message(),
                    handOver(AuditResult.Failed, plan));
        }
        boolean served = context.lease().state() == Lease.State.Held;
        return PlanOutcome.again(served ? Role.Active : Role.Demoting, rolledBack);
    }

    /** A site that took its offer back before it has ever served continues its own run, which has no deadline. */
    private static void endHandOver(LeaseAction.RollBack action, String message, ActionContext context) {
        FailoverJournal journal = context.journal();
        boolean continues = action.lease().state() == Lease.State.Taken
                && journal.running()
                        .filter(run -> context.plan().site().equals(run.to))
                        .isPresent();
        if (continues) {
            journal.edit(run -> run.deadline = null);
            journal.await(message);
        } else {
            journal.end(FailoverResult.RolledBack, message);
        }
    }

    private PlanOutcome offer(LeaseAction.Offer action, ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        String point = action.lease().proof().point();
        String offered = "offered the lease to site " + plan.peer() + " with final point " + point;
        closeGate(plan);
        limitOffer(action, context);
        journal.note(FailoverStep.Offer, State.Running, "offering the lease with final point " + point);
        // From now on only an edit after this one makes the site want the lease again, and take its offer back.
        memory.markSettled(plan);
        if (write(action, context)) {
            keepers.stop(plan.key());
            journal.note(FailoverStep.Offer, State.Done, offered);
            journal.running().ifPresent(run -> journal.edit(r -> r.point = point));
            events.normal(plan.resource(), Reason.FailingOver, offered);
        }
        return PlanOutcome.again(Role.Demoting, offered);
    }

    /**
     * A site that has not served in this epoch offers its lease without a hand-over before. The offer has a deadline too. Its own run
     * continues if the other site does not take the lease.
     */
    private static void limitOffer(LeaseAction.Offer action, ActionContext context) {
        if (context.lease().state() != Lease.State.Taken) {
            return;
        }
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        if (journal.running().isEmpty()) {
            journal.start(action.lease().request().id(), Kind.Planned, plan.site(), plan.peer());
        }
        journal.limitFromNow(plan.handOverTimeout());
    }

    /** The holder serves again, and the next reconciliation here ends the run. */
    private PlanOutcome decline(LeaseAction.Decline action, ActionContext context) {
        closeGate(context.plan());
        write(action, context);
        return PlanOutcome.again(Role.Passive, action.message());
    }

    private PlanOutcome acquire(LeaseAction.Acquire action, ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        Lease before = context.lease();
        Lease next = action.lease();
        closeGate(plan);
        Optional<String> pending = divergent.pending(plan, before);
        if (pending.isPresent()) {
            return PlanOutcome.working(Role.Demoting, Reason.FailingOver, pending.get());
        }
        boolean planned = next.fence() == Fence.Graceful;
        journal.startTakeOver(before.holder());
        journal.edit(run -> {
            run.kind = planned ? Kind.Planned : Kind.Unplanned;
            run.dataLoss = Durations.format(action.loss());
            run.point = next.start().point();
        });
        journal.note(FailoverStep.Acquire, State.Running, "taking the lease for epoch " + next.epoch());
        memory.recordEpoch(plan, next.epoch());
        if (write(action, context)) {
            String cause = switch (next.fence()) {
                case Initial, Graceful -> "it was handed over";
                case Expired -> "it expired; " + lost(action);
                case Attested -> plan.source() + " attested that site " + plan.peer() + " is off; " + lost(action);
                case Vacated -> "its namespace was deleted; " + lost(action);
            };
            journal.note(FailoverStep.Acquire, State.Done, "epoch " + next.epoch() + ": " + cause);
            events.normal(
                    plan.resource(), Reason.FailingOver, "took the lease for epoch " + next.epoch() + ": " + cause);
        }
        return PlanOutcome.again(Role.Promoting, "took the lease for epoch " + next.epoch());
    }

    /** The pods that run already keep running: no site has the lease, and the write decides whether this one gets it. */
    private PlanOutcome takeInPlace(LeaseAction.TakeInPlace action, ActionContext context) {
        PlanSite plan = context.plan();
        long epoch = action.lease().epoch();
        // If another site takes the lease first, what the pods have written is backed up before anything replaces it.
        served.record(plan.namespace(), context.lease().epoch());
        memory.recordEpoch(plan, epoch);
        if (write(action, context)) {
            String taken = "took the vacated lease for epoch " + epoch + " with the data that namespace "
                    + plan.namespace() + " has, by annotation " + Api.IN_PLACE;
            context.journal().end(FailoverResult.Completed, taken);
            events.audited(plan.resource(), Reason.Active, taken, takeOver(AuditResult.Finished, plan));
        }
        return PlanOutcome.again(Role.Promoting, "took the lease for epoch " + epoch);
    }

    private static String lost(LeaseAction.Acquire action) {
        return "at most " + Durations.format(action.loss()) + " of data is lost";
    }

    /** @return whether the lease was still as it had been read */
    private static boolean write(LeaseAction.Write action, ActionContext context) {
        return context.plan().store().write(action.lease(), context.seen()).isPresent();
    }

    private static AuditEntry takeOver(AuditResult result, PlanSite plan) {
        return AuditEntry.of(AuditAction.TakeOver, result).between(plan.peer(), plan.site());
    }

    private static AuditEntry handOver(AuditResult result, PlanSite plan) {
        return AuditEntry.of(AuditAction.HandOver, result).between(plan.site(), plan.peer());
    }

    private void closeGate(PlanSite plan) {
        gate.close(plan.namespace(), plan.gateHolder());
    }
}
