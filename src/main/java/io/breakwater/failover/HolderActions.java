package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverPlanStatus.Run;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseAction;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Actions of the site that holds the lease: restores the data, runs the application, or hands over. */
final class HolderActions {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final TakeOver takeOver;
    private final ServedEpochStore served;
    private final PlanMemory memory;
    private final Events events;
    private final Clock clock;

    HolderActions(
            NamespaceGate gate,
            LeaseKeepers keepers,
            TakeOver takeOver,
            ServedEpochStore served,
            PlanMemory memory,
            Events events,
            Clock clock) {
        this.gate = gate;
        this.keepers = keepers;
        this.takeOver = takeOver;
        this.served = served;
        this.memory = memory;
        this.events = events;
        this.clock = clock;
    }

    PlanOutcome perform(LeaseAction.Holding action, ActionContext context) {
        return switch (action) {
            case LeaseAction.Serve _ -> serve(context);
            case LeaseAction.Promote _ -> promote(context);
            case LeaseAction.HandOver _ ->
                PlanOutcome.working(Role.Demoting, Reason.FailingOver, lastStep(context.plan()));
        };
    }

    private PlanOutcome serve(ActionContext context) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        if (!keepers.mayRun(plan.key())) {
            return PlanOutcome.working(
                    Role.Promoting,
                    Reason.WaitingForLease,
                    "waiting for the first renewal of the lease"
                            + keepers.of(plan.key())
                                    .flatMap(LeaseKeeper::failure)
                                    .map(cause -> ", which failed: " + cause)
                                    .orElse(""));
        }
        served.record(plan.namespace(), context.lease().epoch());
        Optional<Run> run = journal.running().filter(r -> plan.site().equals(r.to));
        if (run.isPresent()) {
            return start(context, run.get());
        }
        journal.end(FailoverResult.RolledBack, "failover cancelled: this site is still active");
        gate.open(plan.namespace(), plan.gateHolder());
        if (!keepers.mayRun(plan.key())) {
            gate.close(
                    plan.namespace(),
                    plan.gateHolder(),
                    plan.timing().within(context.lease().duration()).grace());
            return PlanOutcome.working(Role.Unknown, Reason.LeaseLost, "the lease expired; the namespace is gated");
        }
        memory.markSettled(plan);
        List<String> holders = new ArrayList<>(gate.holders(plan.namespace()));
        String absent = holders.remove(TidyWorkloadsStep.absentHolder(plan)) ? takeOver.absent(plan) : "";
        return holders.isEmpty()
                ? PlanOutcome.ready(Role.Active, Reason.Active, activeIn(context) + absent)
                : PlanOutcome.working(
                        Role.Active,
                        Reason.WorkloadsNotReady,
                        activeIn(context) + ", but pods are held: the gate of the namespace is closed for "
                                + Texts.first(holders, 5));
    }

    private PlanOutcome start(ActionContext context, Run run) {
        PlanSite plan = context.plan();
        FailoverJournal journal = context.journal();
        try {
            if (takeOver.start(takeOverRun(context), journal) instanceof StepRunner.Result.Waiting waiting) {
                return PlanOutcome.working(Role.Promoting, Reason.FailingOver, progress(waiting));
            }
            Duration took = Duration.between(Instant.parse(run.startedAt), clock.instant());
            journal.edit(r -> r.achievedRto = Durations.format(took));
            journal.end(FailoverResult.Completed, "this site has been active since " + clock.instant());
            events.audited(
                    plan.resource(),
                    Reason.Active,
                    "site " + plan.site() + " is active in epoch "
                            + context.lease().epoch() + " after " + Durations.format(took)
                            + "; lost at most " + run.dataLoss + " of data",
                    AuditEntry.of(AuditAction.TakeOver, AuditResult.Finished).between(run.from, run.to));
        } catch (BreakwaterException e) {
            journal.end(FailoverResult.NotReady, e.getMessage());
            events.audited(
                    plan.resource(),
                    e.reason(),
                    e.getMessage(),
                    AuditEntry.failure(AuditAction.TakeOver, e.reason()).between(run.from, run.to));
        }
        memory.markSettled(plan);
        return PlanOutcome.again(Role.Active, activeIn(context));
    }

    private PlanOutcome promote(ActionContext context) {
        FailoverJournal journal = context.journal();
        Lease lease = context.lease();
        try {
            if (takeOver.promote(takeOverRun(context), journal) instanceof StepRunner.Result.Waiting waiting) {
                return PlanOutcome.working(Role.Promoting, Reason.FailingOver, progress(waiting));
            }
        } catch (BreakwaterException e) {
            return PlanOutcome.stalled(Role.Promoting, e.reason(), e.getMessage());
        }
        journal.note(FailoverStep.Serve, State.Running, "writing to the lease that this site is active");
        if (context.plan().store().write(lease.serving(), context.seen()).isPresent()) {
            journal.note(FailoverStep.Serve, State.Done, "active in epoch " + lease.epoch());
        }
        return PlanOutcome.again(Role.Promoting, "data restored");
    }

    private TakeOver.Run takeOverRun(ActionContext context) {
        PlanSite plan = context.plan();
        return new TakeOver.Run(plan, context.lease(), () -> keepers.mayRun(plan.key()));
    }

    private static String activeIn(ActionContext context) {
        return "this site is active in epoch " + context.lease().epoch();
    }

    private static String progress(StepRunner.Result.Waiting waiting) {
        return waiting.step() + ": " + waiting.message();
    }

    private static String lastStep(PlanSite plan) {
        List<JournalEntry> journal = plan.status().journal;
        return journal == null || journal.isEmpty()
                ? Condition.RECONCILING
                : journal.getLast().step + ": " + journal.getLast().message;
    }
}
