package io.breakwater.lease;

import java.util.Optional;

/**
 * The last renewal that a site has seen. What the other site writes, such as a request, does not change it.
 *
 * @param epoch of the lease
 * @param renewals number of writes by a holder
 */
public record RenewalCounter(long epoch, long renewals) {
    /** The counter in an attestation; empty for a text that is not a valid counter. */
    public static Optional<RenewalCounter> parse(String text) {
        return LeaseCounter.parse(text).map(parsed -> new RenewalCounter(parsed.epoch(), parsed.writes()));
    }

    /** The counter of the last renewal of a lease. */
    public static RenewalCounter of(Lease lease) {
        return new RenewalCounter(lease.epoch(), lease.renewals());
    }

    /** The form of the attestation, such as {@code 3.1042}. */
    @Override
    public String toString() {
        return epoch + "." + renewals;
    }
}
