package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Epoch;
import io.breakwater.api.FailoverPlanStatus.Start;
import io.breakwater.lease.EpochRecord;
import io.breakwater.lease.Lease;
import io.breakwater.lease.PointRef;
import io.breakwater.points.Lineage;
import java.util.List;

/** The epochs of a lease as the status of a plan shows them. */
final class PlanHistory {
    private PlanHistory() {}

    /** The epochs, oldest first. */
    static List<Epoch> of(Lease lease) {
        return lease.terms().stream().map(PlanHistory::epoch).toList();
    }

    static Lineage lineage(Lease lease) {
        return new Lineage(of(lease));
    }

    private static Epoch epoch(EpochRecord term) {
        Epoch epoch = new Epoch();
        epoch.epoch = term.epoch();
        epoch.site = term.holder();
        epoch.since = term.since() == null ? null : term.since().toString();
        epoch.start = term.start() == null ? null : start(term.start());
        return epoch;
    }

    private static Start start(PointRef point) {
        Start start = new Start();
        start.digest = point.digest();
        start.capturedAt = point.capturedAt().toString();
        start.epoch = point.epoch();
        start.sequence = point.sequence();
        return start;
    }
}
