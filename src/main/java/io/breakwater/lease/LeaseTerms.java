package io.breakwater.lease;

import io.breakwater.api.FailoverPlanSpec.OnLoss;
import java.util.Optional;

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

    /** The terms that a lease states; empty before the first renewal of an epoch. */
    static Optional<LeaseTerms> of(Lease lease) {
        return Optional.ofNullable(lease.onLoss())
                .filter(terms -> lease.duration().compareTo(LeaseTiming.SHORTEST) >= 0)
                .map(terms -> new LeaseTerms(LeaseTiming.of(lease.duration()), terms));
    }

    boolean servesOn() {
        return onLoss == OnLoss.KeepServing;
    }

    /** Whether a lease states the same for both. It has whole seconds. */
    boolean isSame(LeaseTerms other) {
        return onLoss == other.onLoss
                && timing.duration().toSeconds() == other.timing.duration().toSeconds();
    }
}
