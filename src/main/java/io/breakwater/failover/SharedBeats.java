package io.breakwater.failover;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The heartbeats that this site wrote. All plans with the same rendezvous write the same object, so one of them writes it for all.
 * Only a successful write counts, so the next plan tries again after an error.
 */
final class SharedBeats {
    /** A lease lasts so many beats at least. With a lease of one minute a beat follows after four seconds. */
    private static final int BEATS = 15;

    private final LongSupplier nanos;
    private final Map<String, Long> written = new ConcurrentHashMap<>();

    /** @param nanos a monotonic clock */
    SharedBeats(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Whether no plan has written the heartbeat for a part of the duration of this plan's lease. */
    boolean isDue(PlanSite plan) {
        Long last = written.get(rendezvous(plan));
        Duration pause = plan.timing().duration().dividedBy(BEATS);
        return last == null || nanos.getAsLong() - last >= pause.toNanos();
    }

    void wrote(PlanSite plan) {
        written.put(rendezvous(plan), nanos.getAsLong());
    }

    /** A rendezvous is a location of the operator's namespace, so its name identifies it. */
    private static String rendezvous(PlanSite plan) {
        return plan.resource().getSpec().rendezvousRef.name;
    }
}
