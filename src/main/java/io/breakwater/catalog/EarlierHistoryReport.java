package io.breakwater.catalog;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.trust.AdoptionIndex;
import io.breakwater.watch.ObjectCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Reports in the BackupPolicies of a namespace that points of an earlier namespace of the same name exist, which the namespace
 * does not adopt. A policy has the condition {@value Condition#EARLIER_HISTORY} only while there are such points in its first
 * location.
 */
@ApplicationScoped
class EarlierHistoryReport {
    private final ObjectCache objects;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    EarlierHistoryReport(
            ObjectCache objects, BreakwaterConfig config, StatusWriter writer, Events events, Clock clock) {
        this.objects = objects;
        this.config = config;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    /**
     * Writes or removes the condition of the policies that use a location.
     *
     * @param hidden number of points of earlier namespaces, by the name of the namespace
     * @param uses whether the name of the location refers to it in a namespace
     */
    void publish(BackupLocation location, Map<String, Integer> hidden, AdoptionIndex index, Predicate<String> uses) {
        String name = location.getMetadata().getName();
        objects
                .all(
                        BackupPolicy.class,
                        policy -> !policy.template()
                                && policy.getMetadata().getDeletionTimestamp() == null
                                && name.equals(policy.getSpec().locationRef.name)
                                && (hidden.containsKey(policy.getMetadata().getNamespace()) || has(policy)))
                .stream()
                .filter(policy -> uses.test(policy.getMetadata().getNamespace()))
                .forEach(policy -> publish(policy, hidden, index));
    }

    private void publish(BackupPolicy policy, Map<String, Integer> hidden, AdoptionIndex index) {
        String namespace = policy.getMetadata().getNamespace();
        int count = hidden.getOrDefault(namespace, 0);
        boolean reported = has(policy);
        String message = message(namespace, count, index.isUnchecked(namespace));
        writer.update(policy, BackupPolicyStatus.class, s -> {
            Conditions conditions = Conditions.of(s, s.observedGeneration(), clock);
            if (count == 0) {
                conditions.clear(Condition.EARLIER_HISTORY);
            } else {
                conditions.set(Condition.EARLIER_HISTORY, true, Reason.EarlierHistory, message);
            }
        });
        if (count > 0 && !reported) {
            events.warning(policy, Reason.EarlierHistory, message);
        }
    }

    private String message(String namespace, int count, boolean unchecked) {
        String command =
                "kubectl annotate namespace " + namespace + " " + Api.ADOPT + "=" + config.site() + "/" + namespace;
        return count + (count == 1 ? " point" : " points") + " of an earlier namespace " + namespace
                + (count == 1 ? " is" : " are") + " not shown; "
                + (unchecked
                        ? "the webhook did not review annotation " + Api.ADOPT
                                + "; to use the points, an administrator deletes the annotation and runs: "
                        : "to use them here, an administrator runs: ")
                + command;
    }

    private static boolean has(BackupPolicy policy) {
        return policy.getStatus() != null
                && policy.getStatus().condition(Condition.EARLIER_HISTORY).isPresent();
    }
}
