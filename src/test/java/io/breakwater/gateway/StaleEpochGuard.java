package io.breakwater.gateway;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;

/** Simulates that another site has taken the lease: every epoch, or every one before a given one, is old. */
public final class StaleEpochGuard extends EpochGuard {
    private final long current;

    public StaleEpochGuard() {
        this(Long.MAX_VALUE);
    }

    /** @param current the only epoch that is not old */
    public StaleEpochGuard(long current) {
        super(null);
        this.current = current;
    }

    @Override
    public void check(Guard guard) {
        if (guard.epoch() == current) {
            return;
        }
        throw BreakwaterException.permanent(Reason.LeaseLost, "epoch " + guard.epoch() + " is over");
    }
}
