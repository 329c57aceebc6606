package io.breakwater.lease;

import io.breakwater.api.FailoverPlanSpec.OnLoss;

/**
 * What a renewal says to the other site. A holder may rely on longer or weaker terms only after a renewal with them succeeded, and
 * must keep shorter or stronger ones from the start of the first attempt, since an attempt without an answer may have succeeded.
 *
 * @param timing the arithmetic of the duration
 * @param onLoss what the holder does when it cannot renew
 */
public record LeaseTerms(LeaseTiming timing, OnLoss onLoss) {
    /** The terms of a holder that gates its pods when it cannot renew. */
    public static LeaseTerms gating(LeaseTiming timing) {
        return new LeaseTerms(timing, OnLoss.Gate);
    }

    boolean servesOn() {
        return onLoss == OnLoss.KeepServing;
    }
}
