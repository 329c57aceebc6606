package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Kind;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverPlanStatus.Run;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Carries out what {@link LeaseRules} decided: the gate first, the journal before the lease, the lease by one write. */
final class LeaseActions {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final TakeOver takeOver;
    private final DivergentCapture divergent;
    private final PlanReport report;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    LeaseActions(
            NamespaceGate gate,
            LeaseKeepers keepers,
            TakeOver takeOver,
            DivergentCapture divergent,
            PlanReport report,
            StatusWriter writer,
            Events events,
            Clock clock) {
        this.gate = gate;
        this.keepers = keepers;
        this.takeOver = takeOver;
        this.divergent = divergent;
        this.report = report;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    /** Makes a move; what the namespace may do follows from it and from nothing else. */
    PlanOutcome make(LeaseAction move, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        return switch (move) {
            case LeaseAction.Serve m -> serve(p, seen.orElseThrow().lease(), log);
            case LeaseAction.Promote m -> promote(p, seen.orElseThrow(), log);
            case LeaseAction.HandOver m -> PlanOutcome.working(Role.Demoting, Reason.FailingOver, lastStep(p));
            case LeaseAction.Write w -> write(w, p, seen, log);
            default -> standBy(move, p, seen, log);
        };
    }

    // ---- as holder --------------------------------------------------------------------------------------------------

    private PlanOutcome serve(PlanSite p, Lease lease, FailoverJournal log) {
        if (!keepers.mayRun(p.key())) {
            return PlanOutcome.working(
                    Role.Promoting, Reason.WaitingForLease, "waiting for the first renewal of the lease");
        }
        Optional<Run> run = log.running().filter(r -> p.site().equals(r.to));
        if (run.isPresent()) {
            return start(p, lease, run.get(), log);
        }
        log.running().ifPresent(r -> log.end(State.Failed, "undone: this site is active still"));
        gate.open(p.namespace(), p.holder());
        if (!keepers.mayRun(p.key())) {
            gate.close(p.namespace(), p.holder(), p.timing().grace());
            return PlanOutcome.working(Role.Unknown, Reason.LeaseLost, "the lease ran out; the namespace is gated");
        }
        markSettled(p);
        return PlanOutcome.ready(Role.Active, Reason.Active, "this site is active in epoch " + lease.epoch());
    }

    private PlanOutcome start(PlanSite p, Lease lease, Run run, FailoverJournal log) {
        try {
            TakeOver.Run now = new TakeOver.Run(p, lease, () -> keepers.mayRun(p.key()));
            if (takeOver.start(now, log) instanceof StepRunner.Result.Waiting w) {
                return PlanOutcome.working(Role.Promoting, Reason.FailingOver, w.step() + ": " + w.message());
            }
            Duration took = Duration.between(Instant.parse(run.startedAt), clock.instant());
            log.edit(r -> r.achievedRto = Durations.format(took));
            log.end(State.Done, "this site is active since " + clock.instant());
            report.finished(p.plan(), run, "Completed");
            events.normal(
                    p.plan(),
                    Reason.Active,
                    "site " + p.site() + " is active in epoch " + lease.epoch() + " after " + Durations.format(took)
                            + ", lost at most " + run.dataLoss);
        } catch (BreakwaterException e) {
            log.end(State.Failed, e.getMessage());
            report.finished(p.plan(), run, "NotReady");
            events.warning(p.plan(), e.reason(), e.getMessage());
        }
        markSettled(p);
        return PlanOutcome.again(Role.Active, "this site is active in epoch " + lease.epoch());
    }

    private PlanOutcome promote(PlanSite p, LeaseVersion seen, FailoverJournal log) {
        TakeOver.Run run = new TakeOver.Run(p, seen.lease(), () -> keepers.mayRun(p.key()));
        try {
            if (takeOver.fill(run, log) instanceof StepRunner.Result.Waiting w) {
                return PlanOutcome.working(Role.Promoting, Reason.FailingOver, w.step() + ": " + w.message());
            }
        } catch (BreakwaterException e) {
            return PlanOutcome.stalled(Role.Promoting, e.reason(), e.getMessage());
        }
        log.note(FailoverStep.Serve, State.Running, "telling the lease that this site is active");
        if (p.store().write(seen.lease().serving(), Optional.of(seen)).isPresent()) {
            log.note(
                    FailoverStep.Serve,
                    State.Done,
                    "active in epoch " + seen.lease().epoch());
        }
        return PlanOutcome.again(Role.Promoting, "the data is here");
    }

    // ---- writes of the lease
    // ------------------------------------------------------------------------------------------

    private PlanOutcome write(LeaseAction.Write w, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        return switch (w) {
            case LeaseAction.Create m -> {
                remember(p, 0);
                if (writeLease(w, p, seen)) {
                    events.normal(p.plan(), Reason.Active, "first lease written: site " + p.site() + " is active");
                }
                yield PlanOutcome.again(Role.Unknown, "the first lease was written");
            }
            case LeaseAction.Adopt m -> {
                remember(p, m.lease().epoch());
                writeLease(w, p, seen);
                yield PlanOutcome.again(Role.Unknown, "the lease was taken up again");
            }
            case LeaseAction.Ask m -> ask(m, p, seen, log);
            case LeaseAction.Withdraw m -> {
                closeGate(p);
                if (writeLease(w, p, seen)) {
                    log.running().ifPresent(r -> log.end(State.Failed, "withdrawn: spec.activeSite was changed back"));
                }
                yield PlanOutcome.again(Role.Passive, "the request was withdrawn");
            }
            case LeaseAction.Honour m -> honour(m, p, seen, log);
            case LeaseAction.RollBack m -> rollBack(m, p, seen, log);
            case LeaseAction.Release m -> release(m, p, seen, log);
            case LeaseAction.Acquire m -> acquire(m, p, seen, log);
        };
    }

    private PlanOutcome ask(LeaseAction.Ask m, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        closeGate(p);
        log.begin(p.request(), Kind.Planned, seen.orElseThrow().lease().holder(), p.site());
        log.note(FailoverStep.Request, State.Running, "asking site " + p.peer() + " to hand over");
        if (writeLease(m, p, seen)) {
            log.note(FailoverStep.Request, State.Done, "the lease carries the request");
            events.normal(p.plan(), Reason.FailingOver, "asked site " + p.peer() + " to hand over to " + p.site());
        }
        return PlanOutcome.again(Role.Passive, "asked site " + p.peer() + " to hand over");
    }

    private PlanOutcome honour(LeaseAction.Honour m, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        log.begin(m.lease().request().id(), Kind.Planned, p.site(), p.peer());
        log.note(FailoverStep.Honour, State.Running, "site " + p.peer() + " asks to take over");
        if (writeLease(m, p, seen)) {
            log.note(FailoverStep.Honour, State.Done, "handing over to site " + p.peer());
            events.normal(p.plan(), Reason.FailingOver, "handing over to site " + p.peer());
        }
        return PlanOutcome.again(Role.Demoting, "handing over to site " + p.peer());
    }

    private PlanOutcome rollBack(LeaseAction.RollBack m, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        if (writeLease(m, p, seen)) {
            log.running().ifPresent(r -> log.end(State.Failed, "rolled back: " + m.message()));
            events.warning(p.plan(), Reason.RolledBack, "site " + p.site() + " stays active: " + m.message());
        }
        return PlanOutcome.again(Role.Demoting, "rolled back: " + m.message());
    }

    private PlanOutcome release(LeaseAction.Release m, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        closeGate(p);
        String point = m.lease().proof().point();
        log.note(FailoverStep.Release, State.Running, "giving the lease up, final point " + point);
        if (writeLease(m, p, seen)) {
            keepers.stop(p.key());
            log.note(FailoverStep.Release, State.Done, "released with proof " + point);
            log.running().ifPresent(r -> {
                log.edit(x -> x.point = point);
                log.end(State.Done, "handed over to site " + p.peer());
            });
            events.normal(p.plan(), Reason.Standby, "handed over to site " + p.peer() + " with point " + point);
            markSettled(p);
        }
        return PlanOutcome.again(Role.Passive, "handed over to site " + p.peer());
    }

    private PlanOutcome acquire(LeaseAction.Acquire m, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        closeGate(p);
        Lease lease = seen.orElseThrow().lease();
        Optional<String> kept = divergent.pending(p, lease);
        if (kept.isPresent()) {
            return PlanOutcome.working(Role.Demoting, Reason.FailingOver, kept.get());
        }
        boolean planned = m.lease().fence() == Fence.Graceful;
        if (log.running().filter(r -> p.site().equals(r.to)).isEmpty()) {
            log.begin(p.request(), Kind.Planned, lease.holder(), p.site());
        }
        log.edit(r -> {
            r.kind = planned ? Kind.Planned : Kind.Unplanned;
            r.dataLoss = Durations.format(m.loss());
            r.point = m.lease().start().point();
        });
        log.note(
                FailoverStep.Acquire,
                State.Running,
                "taking the lease for epoch " + m.lease().epoch());
        remember(p, m.lease().epoch());
        if (writeLease(m, p, seen)) {
            String how =
                    planned ? "it was handed over" : "it ran out; at most " + Durations.format(m.loss()) + " are lost";
            log.note(FailoverStep.Acquire, State.Done, "epoch " + m.lease().epoch() + ": " + how);
            events.normal(
                    p.plan(),
                    Reason.FailingOver,
                    "took the lease for epoch " + m.lease().epoch() + ": " + how);
        }
        return PlanOutcome.again(
                Role.Promoting, "took the lease for epoch " + m.lease().epoch());
    }

    /** A write that lost against another one is no error: the next look decides anew. */
    private boolean writeLease(LeaseAction.Write w, PlanSite p, Optional<LeaseVersion> seen) {
        return p.store().write(w.lease(), seen).isPresent();
    }

    // ---- beside the holder
    // ----------------------------------------------------------------------------------------------

    private PlanOutcome standBy(LeaseAction move, PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        closeGate(p);
        Optional<String> kept = seen.flatMap(s -> divergent.pending(p, s.lease()));
        if (kept.isPresent()) {
            return PlanOutcome.working(Role.Demoting, Reason.FailingOver, kept.get());
        }
        seen.filter(s -> !s.lease().heldBy(p.site()))
                .ifPresent(s -> remember(p, Math.max(known(p), s.lease().epoch())));
        return switch (move) {
            case LeaseAction.AwaitRelease m ->
                waiting(Kind.Planned, Reason.FailingOver, "site " + p.peer() + " is handing over", log);
            case LeaseAction.AwaitExpiry m ->
                waiting(
                        Kind.Unplanned,
                        Reason.WaitingForLease,
                        "site " + p.peer() + " is silent; its lease runs out in " + Durations.format(m.remaining()),
                        log);
            case LeaseAction.TooMuchLoss m ->
                refused(
                        Reason.DataLossTooHigh,
                        "up to " + Durations.format(m.loss()) + " would be lost, spec.maxDataLoss allows "
                                + Durations.format(p.maxDataLoss()) + "; raise it to go ahead",
                        log);
            case LeaseAction.NothingToStartFrom m ->
                refused(
                        Reason.RestorePointNotFound,
                        "no point of this epoch is complete in location " + p.location(),
                        log);
            case LeaseAction.Rejected m -> {
                log.running().ifPresent(r -> log.end(State.Failed, m.message()));
                markSettled(p);
                yield PlanOutcome.stalled(Role.Passive, Reason.RolledBack, "the failover was undone: " + m.message());
            }
            case LeaseAction.Unguarded m ->
                PlanOutcome.stalled(
                        Role.Passive,
                        Reason.Standby,
                        "the plan was deleted on site " + p.peer()
                                + ", where the application runs on; apply it there again");
            case LeaseAction.Missing m ->
                PlanOutcome.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the lease of epoch " + known(p) + " is gone from the rendezvous; restore the object, or create"
                                + " a FailoverPlan of another name");
            case LeaseAction.Amnesia m ->
                PlanOutcome.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the lease names this site, and this cluster does not know that it was active: it was rebuilt;"
                                + " let site " + p.peer() + " take over by naming it in spec.activeSite there");
            default -> follow(p, seen, log);
        };
    }

    private PlanOutcome follow(PlanSite p, Optional<LeaseVersion> seen, FailoverJournal log) {
        log.running().ifPresent(r -> log.end(State.Failed, "site " + p.peer() + " holds the lease"));
        markSettled(p);
        return PlanOutcome.ready(
                Role.Passive,
                Reason.Standby,
                seen.map(s -> "site " + s.lease().holder() + " is active in epoch "
                                + s.lease().epoch())
                        .orElse("waiting for site " + p.plan().getSpec().activeSite + " to write the first lease"));
    }

    private PlanOutcome waiting(Kind kind, Reason reason, String message, FailoverJournal log) {
        log.running()
                .ifPresent(r -> log.edit(x -> {
                    x.kind = kind;
                    x.message = message;
                }));
        return PlanOutcome.working(Role.Passive, reason, message);
    }

    private PlanOutcome refused(Reason reason, String message, FailoverJournal log) {
        log.running().ifPresent(r -> log.edit(x -> x.message = message));
        return PlanOutcome.stalled(Role.Passive, reason, message);
    }

    private void closeGate(PlanSite p) {
        gate.close(p.namespace(), p.holder());
    }

    private void remember(PlanSite p, long epoch) {
        writer.update(p.plan(), FailoverPlanStatus.class, s -> s.epoch = epoch);
    }

    private static long known(PlanSite p) {
        return p.status().epoch == null ? 0 : p.status().epoch;
    }

    /** The plan is at rest: from here on, a change of spec.activeSite is a request. */
    private void markSettled(PlanSite p) {
        writer.update(p.plan(), FailoverPlanStatus.class, s -> {
            s.settledActiveSite = p.plan().getSpec().activeSite;
            s.handledGeneration = p.plan().getMetadata().getGeneration();
        });
    }

    private static String lastStep(PlanSite p) {
        return p.status().journal == null || p.status().journal.isEmpty()
                ? Condition.RECONCILING
                : p.status().journal.getLast().step + ": " + p.status().journal.getLast().message;
    }
}
