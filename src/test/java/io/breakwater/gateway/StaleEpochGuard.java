package io.breakwater.gateway;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;

/** Another site has the lease by now, whatever epoch is asked about. */
public final class StaleEpochGuard extends EpochGuard {
    public StaleEpochGuard() {
        super(null);
    }

    @Override
    public void check(Guard guard) {
        throw BreakwaterException.permanent(Reason.LeaseLost, "epoch " + guard.epoch() + " is over");
    }
}
