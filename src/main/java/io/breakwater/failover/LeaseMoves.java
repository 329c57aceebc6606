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
final class LeaseMoves {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final TakeOver takeOver;
    private final Divergent divergent;
    private final PlanReport report;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    LeaseMoves(
            NamespaceGate gate,
            LeaseKeepers keepers,
            TakeOver takeOver,
            Divergent divergent,
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
    Look make(Move move, PlanSite p, Optional<Seen> seen, RunLog log) {
        return switch (move) {
            case Move.Serve m -> serve(p, seen.orElseThrow().lease(), log);
            case Move.Promote m -> promote(p, seen.orElseThrow(), log);
            case Move.HandOver m -> Look.working(Role.Demoting, Reason.FailingOver, lastStep(p));
            case Move.Write w -> write(w, p, seen, log);
            default -> standBy(move, p, seen, log);
        };
    }

    // ---- as holder --------------------------------------------------------------------------------------------------

    private Look serve(PlanSite p, Lease lease, RunLog log) {
        if (!keepers.mayRun(p.key())) {
            return Look.working(Role.Promoting, Reason.WaitingForLease, "waiting for the first renewal of the lease");
        }
        Optional<Run> run = log.running().filter(r -> p.site().equals(r.to));
        if (run.isPresent()) {
            return start(p, lease, run.get(), log);
        }
        log.running().ifPresent(r -> log.end(State.Failed, "undone: this site is active still"));
        gate.open(p.namespace(), p.holder());
        if (!keepers.mayRun(p.key())) {
            gate.close(p.namespace(), p.holder(), p.timing().grace());
            return Look.working(Role.Unknown, Reason.LeaseLost, "the lease ran out; the namespace is gated");
        }
        settle(p);
        return Look.ready(Role.Active, Reason.Active, "this site is active in epoch " + lease.epoch());
    }

    private Look start(PlanSite p, Lease lease, Run run, RunLog log) {
        try {
            TakeOver.Run now = new TakeOver.Run(p, lease, () -> keepers.mayRun(p.key()));
            if (takeOver.start(now, log) instanceof StepRunner.Result.Waiting w) {
                return Look.working(Role.Promoting, Reason.FailingOver, w.step() + ": " + w.message());
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
        settle(p);
        return Look.again(Role.Active, "this site is active in epoch " + lease.epoch());
    }

    private Look promote(PlanSite p, Seen seen, RunLog log) {
        TakeOver.Run run = new TakeOver.Run(p, seen.lease(), () -> keepers.mayRun(p.key()));
        try {
            if (takeOver.fill(run, log) instanceof StepRunner.Result.Waiting w) {
                return Look.working(Role.Promoting, Reason.FailingOver, w.step() + ": " + w.message());
            }
        } catch (BreakwaterException e) {
            return Look.stalled(Role.Promoting, e.reason(), e.getMessage());
        }
        log.note(Phase.Serve, State.Running, "telling the lease that this site is active");
        if (p.store().write(seen.lease().serving(), Optional.of(seen)).isPresent()) {
            log.note(Phase.Serve, State.Done, "active in epoch " + seen.lease().epoch());
        }
        return Look.again(Role.Promoting, "the data is here");
    }

    // ---- writes of the lease
    // ------------------------------------------------------------------------------------------

    private Look write(Move.Write w, PlanSite p, Optional<Seen> seen, RunLog log) {
        return switch (w) {
            case Move.Create m -> {
                remember(p, 0);
                if (store(w, p, seen)) {
                    events.normal(p.plan(), Reason.Active, "first lease written: site " + p.site() + " is active");
                }
                yield Look.again(Role.Unknown, "the first lease was written");
            }
            case Move.Adopt m -> {
                remember(p, m.lease().epoch());
                store(w, p, seen);
                yield Look.again(Role.Unknown, "the lease was taken up again");
            }
            case Move.Ask m -> ask(m, p, seen, log);
            case Move.Withdraw m -> {
                closed(p);
                if (store(w, p, seen)) {
                    log.running().ifPresent(r -> log.end(State.Failed, "withdrawn: spec.activeSite was changed back"));
                }
                yield Look.again(Role.Passive, "the request was withdrawn");
            }
            case Move.Honour m -> honour(m, p, seen, log);
            case Move.RollBack m -> rollBack(m, p, seen, log);
            case Move.Release m -> release(m, p, seen, log);
            case Move.Acquire m -> acquire(m, p, seen, log);
        };
    }

    private Look ask(Move.Ask m, PlanSite p, Optional<Seen> seen, RunLog log) {
        closed(p);
        log.begin(p.request(), Kind.Planned, seen.orElseThrow().lease().holder(), p.site());
        log.note(Phase.Request, State.Running, "asking site " + p.peer() + " to hand over");
        if (store(m, p, seen)) {
            log.note(Phase.Request, State.Done, "the lease carries the request");
            events.normal(p.plan(), Reason.FailingOver, "asked site " + p.peer() + " to hand over to " + p.site());
        }
        return Look.again(Role.Passive, "asked site " + p.peer() + " to hand over");
    }

    private Look honour(Move.Honour m, PlanSite p, Optional<Seen> seen, RunLog log) {
        log.begin(m.lease().request().id(), Kind.Planned, p.site(), p.peer());
        log.note(Phase.Honour, State.Running, "site " + p.peer() + " asks to take over");
        if (store(m, p, seen)) {
            log.note(Phase.Honour, State.Done, "handing over to site " + p.peer());
            events.normal(p.plan(), Reason.FailingOver, "handing over to site " + p.peer());
        }
        return Look.again(Role.Demoting, "handing over to site " + p.peer());
    }

    private Look rollBack(Move.RollBack m, PlanSite p, Optional<Seen> seen, RunLog log) {
        if (store(m, p, seen)) {
            log.running().ifPresent(r -> log.end(State.Failed, "rolled back: " + m.message()));
            events.warning(p.plan(), Reason.RolledBack, "site " + p.site() + " stays active: " + m.message());
        }
        return Look.again(Role.Demoting, "rolled back: " + m.message());
    }

    private Look release(Move.Release m, PlanSite p, Optional<Seen> seen, RunLog log) {
        closed(p);
        String point = m.lease().proof().point();
        log.note(Phase.Release, State.Running, "giving the lease up, final point " + point);
        if (store(m, p, seen)) {
            keepers.stop(p.key());
            log.note(Phase.Release, State.Done, "released with proof " + point);
            log.running().ifPresent(r -> {
                log.edit(x -> x.point = point);
                log.end(State.Done, "handed over to site " + p.peer());
            });
            events.normal(p.plan(), Reason.Standby, "handed over to site " + p.peer() + " with point " + point);
            settle(p);
        }
        return Look.again(Role.Passive, "handed over to site " + p.peer());
    }

    private Look acquire(Move.Acquire m, PlanSite p, Optional<Seen> seen, RunLog log) {
        closed(p);
        Lease lease = seen.orElseThrow().lease();
        Optional<String> kept = divergent.pending(p, lease);
        if (kept.isPresent()) {
            return Look.working(Role.Demoting, Reason.FailingOver, kept.get());
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
                Phase.Acquire,
                State.Running,
                "taking the lease for epoch " + m.lease().epoch());
        remember(p, m.lease().epoch());
        if (store(m, p, seen)) {
            String how =
                    planned ? "it was handed over" : "it ran out; at most " + Durations.format(m.loss()) + " are lost";
            log.note(Phase.Acquire, State.Done, "epoch " + m.lease().epoch() + ": " + how);
            events.normal(
                    p.plan(),
                    Reason.FailingOver,
                    "took the lease for epoch " + m.lease().epoch() + ": " + how);
        }
        return Look.again(
                Role.Promoting, "took the lease for epoch " + m.lease().epoch());
    }

    /** A write that lost against another one is no error: the next look decides anew. */
    private boolean store(Move.Write w, PlanSite p, Optional<Seen> seen) {
        return p.store().write(w.lease(), seen).isPresent();
    }

    // ---- beside the holder
    // ----------------------------------------------------------------------------------------------

    private Look standBy(Move move, PlanSite p, Optional<Seen> seen, RunLog log) {
        closed(p);
        Optional<String> kept = seen.flatMap(s -> divergent.pending(p, s.lease()));
        if (kept.isPresent()) {
            return Look.working(Role.Demoting, Reason.FailingOver, kept.get());
        }
        seen.filter(s -> !s.lease().heldBy(p.site()))
                .ifPresent(s -> remember(p, Math.max(known(p), s.lease().epoch())));
        return switch (move) {
            case Move.AwaitRelease m ->
                waiting(Kind.Planned, Reason.FailingOver, "site " + p.peer() + " is handing over", log);
            case Move.AwaitExpiry m ->
                waiting(
                        Kind.Unplanned,
                        Reason.WaitingForLease,
                        "site " + p.peer() + " is silent; its lease runs out in " + Durations.format(m.remaining()),
                        log);
            case Move.TooMuchLoss m ->
                refused(
                        Reason.DataLossTooHigh,
                        "up to " + Durations.format(m.loss()) + " would be lost, spec.maxDataLoss allows "
                                + Durations.format(p.maxDataLoss()) + "; raise it to go ahead",
                        log);
            case Move.NothingToStartFrom m ->
                refused(
                        Reason.RestorePointNotFound,
                        "no point of this epoch is complete in location " + p.location(),
                        log);
            case Move.Rejected m -> {
                log.running().ifPresent(r -> log.end(State.Failed, m.message()));
                settle(p);
                yield Look.stalled(Role.Passive, Reason.RolledBack, "the failover was undone: " + m.message());
            }
            case Move.Unguarded m ->
                Look.stalled(
                        Role.Passive,
                        Reason.Standby,
                        "the plan was deleted on site " + p.peer()
                                + ", where the application runs on; apply it there again");
            case Move.Missing m ->
                Look.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the lease of epoch " + known(p) + " is gone from the rendezvous; restore the object, or create"
                                + " a FailoverPlan of another name");
            case Move.Amnesia m ->
                Look.stalled(
                        Role.Unknown,
                        Reason.LeaseLost,
                        "the lease names this site, and this cluster does not know that it was active: it was rebuilt;"
                                + " let site " + p.peer() + " take over by naming it in spec.activeSite there");
            default -> follow(p, seen, log);
        };
    }

    private Look follow(PlanSite p, Optional<Seen> seen, RunLog log) {
        log.running().ifPresent(r -> log.end(State.Failed, "site " + p.peer() + " holds the lease"));
        settle(p);
        return Look.ready(
                Role.Passive,
                Reason.Standby,
                seen.map(s -> "site " + s.lease().holder() + " is active in epoch "
                                + s.lease().epoch())
                        .orElse("waiting for site " + p.plan().getSpec().activeSite + " to write the first lease"));
    }

    private Look waiting(Kind kind, Reason reason, String message, RunLog log) {
        log.running()
                .ifPresent(r -> log.edit(x -> {
                    x.kind = kind;
                    x.message = message;
                }));
        return Look.working(Role.Passive, reason, message);
    }

    private Look refused(Reason reason, String message, RunLog log) {
        log.running().ifPresent(r -> log.edit(x -> x.message = message));
        return Look.stalled(Role.Passive, reason, message);
    }

    private void closed(PlanSite p) {
        gate.close(p.namespace(), p.holder());
    }

    private void remember(PlanSite p, long epoch) {
        writer.update(p.plan(), FailoverPlanStatus.class, s -> s.epoch = epoch);
    }

    private static long known(PlanSite p) {
        return p.status().epoch == null ? 0 : p.status().epoch;
    }

    /** The plan is at rest: from here on, a change of spec.activeSite is a request. */
    private void settle(PlanSite p) {
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
