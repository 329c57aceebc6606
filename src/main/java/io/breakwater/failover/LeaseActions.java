package io.breakwater.failover;

import io.breakwater.lease.LeaseAction;
import io.breakwater.lease.LeaseRules;

/**
 * Carries out the decision of {@link LeaseRules}: first the gate, then the journal, then the lease with one write. The action
 * alone determines whether pods of the namespace may run.
 */
final class LeaseActions {
    private final HolderActions holder;
    private final LeaseWrites writes;
    private final StandbyActions standby;

    LeaseActions(HolderActions holder, LeaseWrites writes, StandbyActions standby) {
        this.holder = holder;
        this.writes = writes;
        this.standby = standby;
    }

    /** Carries out one action. */
    PlanOutcome perform(LeaseAction action, ActionContext context) {
        return switch (action) {
            case LeaseAction.Holding holding -> holder.perform(holding, context);
            case LeaseAction.Write write -> writes.perform(write, context);
            case LeaseAction.Standby waiting -> standby.perform(waiting, context);
        };
    }
}
