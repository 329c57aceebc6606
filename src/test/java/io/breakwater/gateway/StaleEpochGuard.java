package io.breakwater.gateway;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;

/** Simulates that another site has taken the lease: every epoch is old. */
public final class StaleEpochGuard extends EpochGuard {
    public StaleEpochGuard() {
        super(null);
    }

    @Override
    public void check(Guard guard) {
        throw BreakwaterException.permanent(Reason.LeaseLost, "epoch " + guard.epoch() + " is over");
    }
}
