package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import java.time.Duration;

/**
 * What one look at a plan came to.
 *
 * @param role of this site
 * @param health whether somebody should care
 * @param message for people: what is, or what is waited for
 * @param recheck when to look again at the latest
 */
record PlanOutcome(Role role, Health health, Reason reason, String message, Duration recheck) {
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration CALM = Duration.ofSeconds(5);

    /** What the conditions say. */
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

    /** Something was changed: look again at once. */
    static PlanOutcome again(Role role, String message) {
        return new PlanOutcome(role, Health.Working, Reason.FailingOver, message, Duration.ofMillis(10));
    }
}
