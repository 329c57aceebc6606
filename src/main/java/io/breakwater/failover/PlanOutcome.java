package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import java.time.Duration;

/**
 * The result of one reconciliation of a plan.
 *
 * @param role role of this site
 * @param health state that the conditions show
 * @param message the state, or the reason to wait
 * @param recheck time of the next reconciliation at the latest
 */
record PlanOutcome(Role role, Health health, Reason reason, String message, Duration recheck) {
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration CALM = Duration.ofSeconds(5);

    /** The state that the conditions show. */
    enum Health {
        Ready,
        Working,
        Stalled
    }

    static PlanOutcome ready(Role role, Reason reason, String message) {
        return new PlanOutcome(role, Health.Ready, reason, message, CALM);
    }

    static PlanOutcome working(Role role, Reason reason, String message) {
        return new PlanOutcome(role, Health.Working, reason, message, SOON);
    }

    static PlanOutcome stalled(Role role, Reason reason, String message) {
        return new PlanOutcome(role, Health.Stalled, reason, message, CALM);
    }

    /** The reconciliation changed something: the next one follows at once. */
    static PlanOutcome again(Role role, String message) {
        return new PlanOutcome(role, Health.Working, Reason.FailingOver, message, Duration.ofMillis(10));
    }
}
