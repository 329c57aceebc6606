package io.breakwater.gateway;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.concurrent.atomic.AtomicInteger;

/** Simulates that another site takes the lease after some checks of this one. */
public final class LostLeaseGuard extends EpochGuard {
    private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);

    public LostLeaseGuard() {
        super(null);
    }

    /** @param checks how many checks pass before the lease is lost */
    public void passes(int checks) {
        left.set(checks);
    }

    @Override
    public void check(Guard guard) {
        if (left.getAndDecrement() <= 0) {
            throw BreakwaterException.permanent(Reason.LeaseLost, "epoch " + guard.epoch() + " is over");
        }
    }
}
