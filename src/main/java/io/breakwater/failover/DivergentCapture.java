package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.failover.ServedEpochStore.Served;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.EpochRecord;
import io.breakwater.lease.Lease;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * Backs up the data that exists only on this site. A site that lost its lease without handing over may have acknowledged more
 * writes than the other site started from. Before that data is overwritten here, it is captured into one divergent point for
 * each lost epoch.
 */
final class DivergentCapture {
    static final String DISCARD = Api.DISCARD_DIVERGENT;

    private final NamespaceGate gate;
    private final PlanPoints points;
    private final ServedEpochStore served;
    private final StatusWriter writer;
    private final Events events;
    private final PlanReport report;
    private final Clock clock;

    DivergentCapture(
            NamespaceGate gate,
            PlanPoints points,
            ServedEpochStore served,
            StatusWriter writer,
            Events events,
            PlanReport report,
            Clock clock) {
        this.gate = gate;
        this.points = points;
        this.served = served;
        this.writer = writer;
        this.events = events;
        this.report = report;
        this.clock = clock;
    }

    /**
     * Advances the backup. The namespace remembers the epoch that this site served, and the plan its last epoch in status.epoch. Both
     * change only after the backup.
     *
     * @return the reason to wait; empty when no backup is needed, or it is complete
     */
    Optional<String> pending(PlanSite plan, Lease lease) {
        if (lease.holder().equals(plan.site())) {
            return Optional.empty();
        }
        Optional<Served> owed = served.find(plan.namespace())
                .filter(s -> !isHandedOver(lease, plan.site(), s.epoch()) || gate.isPodSeenSinceCut(plan.namespace()));
        Optional<Long> lost =
                owed.map(Served::epoch).or(() -> lease.lostBy(plan.site()).filter(epoch -> remembers(plan, epoch)));
        if (lost.isEmpty()) {
            return Optional.empty();
        }
        if (isDiscarded(plan, lost.get())) {
            events.audited(
                    plan.resource(),
                    Reason.Completed,
                    "discarded the data of epoch " + lost.get() + " that exists only on this site, by annotation "
                            + DISCARD,
                    AuditEntry.of(AuditAction.DiscardDivergent, AuditResult.Finished));
            return Optional.empty();
        }
        if (!gate.endStragglers(plan.namespace())) {
            return Optional.of("waiting for pods to end: this site lost epoch " + lost.get());
        }
        FailoverJournal journal = new FailoverJournal(plan, lease.epoch(), writer, report, clock);
        // The run that a user wants now continues after the backup.
        boolean continues = plan.isWanted()
                && journal.running().filter(r -> r.id.equals(plan.request())).isPresent();
        if (!continues) {
            journal.end(FailoverResult.Failed, "site " + lease.holder() + " took over the lease");
        }
        String run =
                lease.id() + "/e" + lost.get() + owed.map(s -> "-" + s.id()).orElse("");
        RestorePoint point = points.ensureDivergent(plan, lost.get(), run);
        String name = point.getMetadata().getName();
        Optional<String> failure = PlanPoints.failure(point);
        if (failure.isPresent()) {
            String message = "could not back up the data that exists only on this site: " + failure.get()
                    + "; delete the RestorePoint to retry. To discard that data, annotate the plan with " + DISCARD
                    + "=" + lost.get();
            if (journal.note(FailoverStep.Divergent, State.Failed, message)) {
                report.finishedDivergent(plan.resource(), FailoverResult.Failed);
            }
            return Optional.of(message);
        }
        if (!point.isSealed()) {
            String waiting = "backing up the data that exists only on this site to RestorePoint " + name;
            journal.note(FailoverStep.Divergent, State.Running, waiting);
            return Optional.of(waiting);
        }
        String message = "RestorePoint " + name + " holds the data that existed only on this site";
        if (journal.note(FailoverStep.Divergent, State.Done, message)) {
            report.finishedDivergent(plan.resource(), FailoverResult.Completed);
        }
        return Optional.empty();
    }

    /** The data of this site is not needed any more. Call it once status.epoch has been raised. */
    void settle(PlanSite plan) {
        served.clear(plan.namespace());
    }

    /** Whether the site released the lease of an epoch, after which no pod ran. */
    private static boolean isHandedOver(Lease lease, String site, long epoch) {
        List<EpochRecord> terms = lease.terms();
        for (int i = 1; i < terms.size(); i++) {
            EpochRecord before = terms.get(i - 1);
            if (before.epoch() == epoch && before.holder().equals(site)) {
                return terms.get(i).fence() == Fence.Graceful;
            }
        }
        return false;
    }

    private static boolean remembers(PlanSite plan, long lost) {
        long known = plan.knownEpoch().orElse(0);
        return known > 0 && known <= lost;
    }

    /** Whether a user discards the data that exists only on this site, of an epoch. */
    static boolean isDiscarded(PlanSite plan, long lost) {
        return PlanSite.isDecided(plan.resource(), DISCARD, lost);
    }
}
