package io.breakwater.trust;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.trust.AuthorReview.Objection;
import io.fabric8.kubernetes.api.model.HasMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/**
 * Reports on a policy or a location whether its author still has the rights that it needs: a condition, an event when the answer
 * changes, and a gauge for an alert. So the loss of a right is seen before commands are skipped.
 */
@ApplicationScoped
public class AuthorReport {
    private static final String OK = "the author has all rights that this object needs";

    private final AuthorReview review;
    private final Events events;
    private final Meters meters;

    public AuthorReport(AuthorReview review, Events events, Meters meters) {
        this.review = review;
        this.events = events;
        this.meters = meters;
    }

    /**
     * An answer of the API server.
     *
     * @param known whether the API server answered; otherwise the report of the last answer stays
     * @param needed whether the object needs any right
     */
    public record Answer(boolean known, boolean needed, Optional<Objection> objection) {
        /** Sets or clears the condition. */
        public void set(Conditions conditions) {
            if (known && !needed) {
                conditions.clear(Condition.AUTHORIZED);
            } else if (known) {
                conditions.set(
                        Condition.AUTHORIZED,
                        objection.isEmpty(),
                        objection.isEmpty() ? Reason.Ready : Reason.AuthorLacksRight,
                        objection.map(Objection::message).orElse(OK));
            }
        }
    }

    /** Asks for the rights of the author; does not fail. */
    public Answer ask(HasMetadata object) {
        boolean needed = !AuthorPowers.needs(object).isEmpty();
        try {
            return new Answer(true, needed, review.of(object));
        } catch (BreakwaterException e) {
            return new Answer(false, needed, Optional.empty());
        }
    }

    /**
     * Publishes an answer as gauge, and as event if it is news.
     *
     * @param before the status before the answer; null if there is none
     */
    public void publish(HasMetadata object, ConditionedStatus before, Answer answer) {
        if (!answer.known) {
            return;
        }
        if (!answer.needed) {
            forget(object);
            return;
        }
        meters.set(meter(object), answer.objection.isPresent() ? 1 : 0, labels(object));
        String message = answer.objection.map(Objection::message).orElse("");
        String reported = Optional.ofNullable(before)
                .flatMap(s -> s.condition(Condition.AUTHORIZED))
                .filter(c -> !c.holds())
                .map(c -> c.message)
                .orElse("");
        if (!message.isEmpty() && !message.equals(reported)) {
            events.warning(object, Reason.AuthorLacksRight, message);
        }
    }

    /** Removes the gauge of an object that is gone. */
    public void forget(HasMetadata object) {
        meters.remove(meter(object), labels(object));
    }

    private static MeterName meter(HasMetadata object) {
        return object instanceof BackupPolicy
                ? MeterName.POLICY_AUTHOR_LACKS_RIGHT
                : MeterName.LOCATION_AUTHOR_LACKS_RIGHT;
    }

    private static String[] labels(HasMetadata object) {
        return new String[] {
            "namespace",
            object.getMetadata().getNamespace(),
            object instanceof BackupPolicy ? "policy" : "location",
            object.getMetadata().getName()
        };
    }
}
