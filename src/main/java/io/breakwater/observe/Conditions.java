package io.breakwater.observe;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.Reason;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Builds the conditions of one status in one pass. The transition time of a condition changes only with its status. Each
 * condition gets the generation that it describes.
 */
public final class Conditions {
    private final ConditionedStatus status;
    private final Long generation;
    private final Clock clock;

    private Conditions(ConditionedStatus status, Long generation, Clock clock) {
        this.status = status;
        this.generation = generation;
        this.clock = clock;
        status.observedGeneration = generation;
    }

    /** Conditions for the given generation; sets {@code observedGeneration} too. */
    public static Conditions of(ConditionedStatus status, Long generation, Clock clock) {
        return new Conditions(status, generation, clock);
    }

    /** Sets one condition to True or False. */
    public Conditions set(String type, boolean holds, Reason reason, String message) {
        return set(type, holds ? "True" : "False", reason, message);
    }

    /** Sets one condition to True, False or Unknown. */
    public Conditions set(String type, String value, Reason reason, String message) {
        Condition c = status.condition(type).orElseGet(() -> {
            Condition added = new Condition();
            added.type = type;
            status.conditions().add(added);
            return added;
        });
        if (!value.equals(c.status)) {
            c.lastTransitionTime = timestamp(clock.instant());
        }
        c.status = value;
        c.reason = reason.name();
        c.message = message == null ? "" : message;
        c.observedGeneration = generation;
        return this;
    }

    /** Removes a condition. kstatus expects Reconciling and Stalled to be absent when they do not apply. */
    public Conditions clear(String type) {
        status.conditions().removeIf(c -> c.type.equals(type));
        return this;
    }

    /** A long-lived object is ready. */
    public Conditions ready(Reason reason, String message) {
        return set(Condition.READY, true, reason, message)
                .clear(Condition.RECONCILING)
                .clear(Condition.STALLED);
    }

    /** A long-lived object is not ready. An error that a retry does not solve also sets Stalled. */
    public Conditions notReady(BreakwaterException e) {
        set(Condition.READY, false, e.reason(), e.getMessage()).clear(Condition.RECONCILING);
        return e.isRetryable() ? clear(Condition.STALLED) : set(Condition.STALLED, true, e.reason(), e.getMessage());
    }

    /** A run is in progress. */
    public Conditions running(String message) {
        return unfinished(Reason.InProgress, message);
    }

    /** A run waits for its start. */
    public Conditions queued(String message) {
        return unfinished(Reason.Queued, message);
    }

    private Conditions unfinished(Reason reason, String message) {
        return set(Condition.SUCCEEDED, "Unknown", reason, message)
                .set(Condition.FINISHED, false, reason, message)
                .set(Condition.READY, false, reason, message)
                .set(Condition.RECONCILING, true, reason, message)
                .clear(Condition.STALLED);
    }

    /** A run ended with success. */
    public Conditions succeeded(Reason reason, String message) {
        return set(Condition.SUCCEEDED, true, reason, message)
                .set(Condition.FINISHED, true, reason, message)
                .set(Condition.READY, true, reason, message)
                .clear(Condition.RECONCILING)
                .clear(Condition.STALLED);
    }

    /** A run failed and is not retried. */
    public Conditions failed(Reason reason, String message) {
        return set(Condition.SUCCEEDED, false, reason, message)
                .set(Condition.FINISHED, true, reason, message)
                .set(Condition.READY, false, reason, message)
                .set(Condition.STALLED, true, reason, message)
                .clear(Condition.RECONCILING);
    }

    /** An instant in the format of statuses: RFC 3339, UTC, whole milliseconds. */
    public static String timestamp(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
