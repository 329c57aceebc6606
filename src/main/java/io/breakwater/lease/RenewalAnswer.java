package io.breakwater.lease;

/** The result of one call of a keeper. */
sealed interface RenewalAnswer {
    /**
     * @param startedAt monotonic time at which the renewal started
     * @param terms that the renewal wrote
     */
    record Renewed(long startedAt, LeaseTerms terms) implements RenewalAnswer {}

    /**
     * @param startedAt monotonic time at which the question started
     * @param served whether the application has run without a break since the last renewal that is known
     */
    record Asked(long startedAt, boolean served) implements RenewalAnswer {}

    record Retired() implements RenewalAnswer {}

    /** This site does not hold the lease any more. */
    record NotHeld(String cause) implements RenewalAnswer {}

    /** It is not known whether this site still holds the lease. */
    record Failed(String cause) implements RenewalAnswer {}

    /**
     * The gate was closed, or closing it failed.
     *
     * @param cause the cause for gating
     */
    record Gated(String cause, boolean done) implements RenewalAnswer {}
}
