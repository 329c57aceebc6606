package io.breakwater.policy.template;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BackupPolicyStatus.Failing;
import io.breakwater.api.BackupPolicyStatus.Namespaces;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.template.TemplateSummary.Place;
import io.breakwater.policy.template.TemplateSummary.State;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Tells how the namespaces of a template stand, all together. */
@ApplicationScoped
public class TemplateReport {
    /** Namespaces that a status names, and those that a condition names. */
    private static final int NAMED = 32;

    private static final int TOLD = 5;
    private static final int LONGEST = 512;

    private final StatusWriter writer;
    private final Meters meters;
    private final Events events;
    private final Clock clock;

    public TemplateReport(StatusWriter writer, Meters meters, Events events, Clock clock) {
        this.writer = writer;
        this.meters = meters;
        this.events = events;
        this.clock = clock;
    }

    /** Writes status and gauges. */
    void write(BackupPolicy template, TemplatePlan plan, Map<String, BreakwaterException> refused) {
        TemplateSummary standing = TemplateSummary.of(plan, refused);
        boolean promised = template.getSpec().objectives != null;
        warn(template, standing);
        if (template.getStatus() == null || template.getStatus().namespaces == null) {
            forget(template); // It may have captured something itself until now.
        }
        writer.update(template, BackupPolicyStatus.class, s -> {
            ofItsOwn(s);
            s.namespaces = counts(standing);
            Conditions conditions = Conditions.of(s, template.getMetadata().getGeneration(), clock);
            conditions.clear(Condition.PROVEN).clear(Condition.RTO_MET);
            ready(conditions, standing);
            if (promised) {
                protection(conditions, standing);
            } else {
                conditions.clear(Condition.PROTECTED);
            }
        });
        gauge(template, "protected", standing.count(State.Protected));
        gauge(template, "waiting", standing.count(State.Waiting));
        gauge(template, "failing", standing.count(State.Failing) - standing.left());
        gauge(template, "left", standing.left());
    }

    private void forget(BackupPolicy template) {
        meters.removeAll(
                "namespace",
                template.getMetadata().getNamespace(),
                "policy",
                template.getMetadata().getName());
    }

    /** Takes away what only a policy that captures something can say. */
    private static void ofItsOwn(BackupPolicyStatus s) {
        s.lastSuccessfulPoint = null;
        s.lastSuccessTime = null;
        s.nextRunTime = null;
        s.points = null;
        s.copies = null;
        s.lastVerification = null;
        s.lastProvenTime = null;
        s.measuredRestoreTime = null;
    }

    /** A template where there may be none: it does nothing, and says so. */
    void misplaced(BackupPolicy template, String operatorNamespace) {
        writer.update(
                template,
                BackupPolicyStatus.class,
                s -> Conditions.of(s, template.getMetadata().getGeneration(), clock)
                        .notReady(BreakwaterException.permanent(
                                Reason.InvalidSpec,
                                "spec.source.namespaces: only a BackupPolicy in namespace " + operatorNamespace
                                        + " names other namespaces; nothing is captured until it is removed")));
    }

    /** An event for each namespace that begins to be left to another policy. */
    private void warn(BackupPolicy template, TemplateSummary standing) {
        Set<String> told = new TreeSet<>();
        if (template.getStatus() != null
                && template.getStatus().namespaces != null
                && template.getStatus().namespaces.failingNamespaces != null) {
            template.getStatus().namespaces.failingNamespaces.forEach(f -> told.add(f.name + f.reason));
        }
        standing.failing().stream()
                .limit(NAMED)
                .filter(p -> p.reason().equals(Reason.PolicyConflict.name()))
                .filter(p -> !told.contains(p.namespace() + p.reason()))
                .forEach(p -> events.warning(
                        template, Reason.PolicyConflict, "namespace " + p.namespace() + ": " + p.message()));
    }

    private static Namespaces counts(TemplateSummary standing) {
        Namespaces n = new Namespaces();
        n.selected = standing.places().size();
        n.covered = standing.count(State.Protected);
        n.failing = standing.count(State.Failing);
        n.summary = n.covered + " of " + n.selected;
        List<Failing> failing = standing.failing().stream()
                .limit(NAMED)
                .map(TemplateReport::told)
                .toList();
        n.failingNamespaces = failing.isEmpty() ? null : failing;
        return n;
    }

    private static Failing told(Place place) {
        Failing f = new Failing();
        f.name = place.namespace();
        f.reason = place.reason();
        String m = place.message();
        f.message = m.length() > LONGEST ? m.substring(0, LONGEST - 1) + "…" : m;
        return f;
    }

    private static void ready(Conditions conditions, TemplateSummary standing) {
        List<Place> broken = standing.broken();
        if (broken.isEmpty()) {
            int all = standing.places().size();
            conditions.ready(
                    Reason.Ready,
                    all == 0
                            ? "no namespace is selected by spec.source.namespaces"
                            : "a policy is kept in " + all + (all == 1 ? " namespace" : " namespaces"));
            return;
        }
        conditions.notReady(BreakwaterException.retryable(
                reason(broken), "not in order: " + list(broken) + "; see status.namespaces"));
    }

    private static void protection(Conditions conditions, TemplateSummary standing) {
        List<Place> open = standing.places().stream()
                .filter(p -> p.state() != State.Protected)
                .toList();
        boolean holds = open.isEmpty() && !standing.places().isEmpty();
        conditions.set(
                Condition.PROTECTED,
                holds,
                holds ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                holds
                        ? "every selected namespace is within its RPO"
                        : open.isEmpty()
                                ? "no namespace is selected by spec.source.namespaces"
                                : "not within the RPO: " + list(open));
    }

    /** The first one's; each has its own in {@code status.namespaces}. */
    private static Reason reason(List<Place> places) {
        try {
            return Reason.valueOf(places.getFirst().reason());
        } catch (IllegalArgumentException e) {
            return Reason.InternalError;
        }
    }

    private static String list(List<Place> places) {
        String first = places.stream()
                .limit(TOLD)
                .map(p -> p.namespace() + " (" + p.reason() + ")")
                .collect(Collectors.joining(", "));
        return first + (places.size() > TOLD ? " and " + (places.size() - TOLD) + " more" : "");
    }

    private void gauge(BackupPolicy template, String state, int value) {
        meters.set(
                MeterName.TEMPLATE_NAMESPACES,
                value,
                "namespace",
                template.getMetadata().getNamespace(),
                "policy",
                template.getMetadata().getName(),
                "state",
                state);
    }
}
