package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.store.CallLimit;
import java.time.Duration;
import java.util.Optional;

/**
 * Whether the store of a location answers this process in time, by the calls of the last minutes. The message has no numbers, so
 * that it changes only together with the finding.
 *
 * @param reason {@code Ready}, {@code Throttled}, or {@code StoreUnavailable}
 */
record CallFinding(Reason reason, String message) {
    /** Time after which an answer does not count any more. A location is probed more often. */
    private static final Duration RECENT = Duration.ofMinutes(3);

    static CallFinding of(CallLimit.State calls) {
        if (isRecent(calls.sinceThrottled())) {
            return new CallFinding(
                    Reason.Throttled,
                    "the store asks for fewer requests (429 or 503), so calls to it wait; raise its request limits, or"
                            + " spread the schedules of the policies that use it");
        }
        if (isRecent(calls.sinceUnanswered())) {
            return new CallFinding(
                    Reason.StoreUnavailable,
                    "the store did not answer some calls in time, so fewer are sent at the same time; check the store and the"
                            + " network");
        }
        return new CallFinding(Reason.Ready, "the store answers in time");
    }

    private static boolean isRecent(Optional<Duration> since) {
        return since.isPresent() && since.get().compareTo(RECENT) < 0;
    }

    /** Whether the store answers in time. */
    boolean holds() {
        return reason == Reason.Ready;
    }

    /** Whether the location reports another reason now. */
    boolean changes(BackupLocation location) {
        String known = Optional.ofNullable(location.getStatus())
                .flatMap(s -> s.condition(Condition.RESPONSIVE))
                .map(c -> c.reason)
                .orElse(Reason.Ready.name());
        return !known.equals(reason.name());
    }

    void set(Conditions conditions) {
        conditions.set(Condition.RESPONSIVE, holds(), reason, message);
    }
}
