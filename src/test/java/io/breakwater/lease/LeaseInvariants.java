package io.breakwater.lease;

import static io.breakwater.lease.ModelState.OLD;
import static io.breakwater.lease.ModelState.ago;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.lease.LeaseModel.Limits;
import io.breakwater.lease.ModelState.Flight;
import java.time.Duration;

/** The invariants I1 to I4 of the lease, which hold in every state of {@link LeaseModel}. */
final class LeaseInvariants {
    /** A history that breaks an invariant. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }

    private final Limits limits;

    LeaseInvariants(Limits limits) {
        this.limits = limits;
    }

    /** I1. Pods that no operator could gate in time are the only exception, and are never those of the holder. */
    static void check(ModelState s) {
        if (s.east.attended() && s.west.attended()) {
            throw new Violation("I1: pods run on both sites");
        }
    }

    /** I1 to I4 for a write that takes effect. */
    void checkWrite(ModelState s, Lease before, Flight write) {
        Lease after = write.document();
        if (after.epoch() < before.epoch()) {
            throw new Violation("I2: the epoch decreases from " + before.epoch() + " to " + after.epoch());
        }
        if (after.epoch() == before.epoch() && !after.holder().equals(before.holder())) {
            throw new Violation("I1: two holders in epoch " + after.epoch());
        }
        if (before.state() == Lease.State.Offered
                && after.epoch() > before.epoch()
                && !after.start().digest().equals(before.proof().digest())) {
            throw new Violation("I3: takes point " + after.start() + ", but " + before.proof() + " was offered");
        }
        if (write.action() instanceof LeaseAction.TakeInPlace && !s.site(after.holder()).filled) {
            throw new Violation("I4: an empty namespace takes the lease in place");
        }
        if (before.state() == Lease.State.Vacated
                && s.site(before.holder()).filled
                && after.holder().equals(before.holder())
                && !(write.action() instanceof LeaseAction.TakeInPlace)) {
            throw new Violation("I5: a restore replaces the volumes that a user has filled");
        }
        if (after.epoch() > before.epoch() && !(write.action() instanceof LeaseAction.TakeInPlace)) {
            checkLoss(s, write);
        }
    }

    private void checkLoss(ModelState s, Flight write) {
        PointRef start = write.document().start();
        Duration lost = s.served == OLD
                ? Duration.ZERO
                : Duration.between(start.capturedAt().minus(limits.skewOf(start.site())), ago(s.served));
        if (write.document().fence() == Fence.Graceful && lost.isPositive()) {
            throw new Violation("I3: " + lost + " lost in a planned failover");
        }
        Duration reported = write.action() instanceof LeaseAction.Acquire acquire ? acquire.loss() : Duration.ZERO;
        if (lost.compareTo(reported) > 0 || reported.compareTo(limits.maxDataLoss()) > 0) {
            throw new Violation(
                    "I4: " + lost + " lost, " + reported + " reported, " + limits.maxDataLoss() + " allowed");
        }
    }
}
