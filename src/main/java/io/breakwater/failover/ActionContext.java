package io.breakwater.failover;

import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseVersion;
import java.util.Optional;

/**
 * The objects that an action works on.
 *
 * @param plan the plan on this site
 * @param seen the lease as just read; empty when the store has none
 * @param journal journal of the run that this reconciliation belongs to
 */
record ActionContext(PlanSite plan, Optional<LeaseVersion> seen, FailoverJournal journal) {
    /** The lease, for actions that need one. */
    Lease lease() {
        return seen.orElseThrow().lease();
    }
}
