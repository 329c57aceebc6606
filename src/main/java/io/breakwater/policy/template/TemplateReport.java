package io.breakwater.policy.template;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BackupPolicyStatus.Failing;
import io.breakwater.api.BackupPolicyStatus.Namespaces;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
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

/** Reports the state of the namespaces of a template. */
@ApplicationScoped
public class TemplateReport {
    /** Number of namespaces that a status names; a condition names fewer. */
    private static final int NAMED = 32;

    private static final int LISTED = 5;
    private static final int LONGEST = 512;

    private final StatusWriter writer;
    private final Meters meters;
    private final Events events;
    private final CoverageSurvey coverage;
    private final Clock clock;

    public TemplateReport(StatusWriter writer, Meters meters, Events events, CoverageSurvey coverage, Clock clock) {
        this.writer = writer;
        this.meters = meters;
        this.events = events;
        this.coverage = coverage;
        this.clock = clock;
    }

    /** Writes status and gauges. */
    void write(BackupPolicy template, TemplatePlan plan, Map<String, BreakwaterException> refused) {
        TemplateSummary summary = TemplateSummary.of(plan, refused);
        boolean hasObjectives = template.getSpec().objectives != null;
        warn(template, summary);
        if (template.getStatus() == null || template.getStatus().namespaces == null) {
            removeMeters(template); // Until now it may have been a policy that captures.
        }
        writer.update(template, BackupPolicyStatus.class, s -> {
            clearPointFields(s);
            s.namespaces = counts(summary, s.namespaces);
            Conditions conditions = Conditions.of(s, template.getMetadata().getGeneration(), clock);
            conditions.clear(Condition.LAST_POINT_GOOD).clear(Condition.PROVEN).clear(Condition.RTO_MET);
            ready(conditions, summary);
            if (hasObjectives) {
                protection(conditions, summary);
            } else {
                conditions.clear(Condition.PROTECTED);
            }
        });
        gauge(template, "protected", summary.count(State.Protected));
        gauge(template, "waiting", summary.count(State.Waiting));
        gauge(template, "failing", summary.count(State.Failing) - summary.left());
        gauge(template, "left", summary.left());
    }

    private void removeMeters(BackupPolicy template) {
        meters.removeAll(
                "namespace",
                template.getMetadata().getNamespace(),
                "policy",
                template.getMetadata().getName());
    }

    /** Clears the fields that only a policy with points has. */
    private static void clearPointFields(BackupPolicyStatus s) {
        s.lastSuccessfulPoint = null;
        s.lastSuccessTime = null;
        s.nextRunTime = null;
        s.points = null;
        s.copies = null;
        s.copiesSummary = null;
        s.lastVerification = null;
        s.lastProvenTime = null;
        s.measuredRestoreTime = null;
    }

    /** Reports a template outside the operator's namespace, which has no effect. */
    void writeMisplaced(BackupPolicy template, String operatorNamespace) {
        writer.update(
                template,
                BackupPolicyStatus.class,
                s -> Conditions.of(s, template.getMetadata().getGeneration(), clock)
                        .notReady(BreakwaterException.permanent(
                                Reason.InvalidSpec,
                                "spec.source.namespaces is allowed only in namespace " + operatorNamespace
                                        + "; nothing is captured until it is removed")));
    }

    /** Sends an event for each namespace that is new in the status with another policy. */
    private void warn(BackupPolicy template, TemplateSummary summary) {
        Set<String> reported = new TreeSet<>();
        if (template.getStatus() != null
                && template.getStatus().namespaces != null
                && template.getStatus().namespaces.failingNamespaces != null) {
            template.getStatus().namespaces.failingNamespaces.forEach(f -> reported.add(f.name + f.reason));
        }
        summary.failing().stream()
                .limit(NAMED)
                .filter(p -> p.reason().equals(Reason.PolicyConflict.name()))
                .filter(p -> !reported.contains(p.namespace() + p.reason()))
                .forEach(p -> events.warning(
                        template, Reason.PolicyConflict, "namespace " + p.namespace() + ": " + p.message()));
    }

    /** The counts of a template. Until the first count of uncovered namespaces, the earlier one stays. */
    private Namespaces counts(TemplateSummary summary, Namespaces before) {
        Namespaces n = new Namespaces();
        n.uncovered = before == null ? null : before.uncovered;
        n.uncoveredNamespaces = before == null ? null : before.uncoveredNamespaces;
        coverage.latest().ifPresent(c -> c.setIn(n));
        n.selected = summary.places().size();
        n.covered = summary.count(State.Protected);
        n.failing = summary.count(State.Failing);
        n.summary = n.covered + " of " + n.selected;
        List<Failing> failing = summary.failing().stream()
                .limit(NAMED)
                .map(TemplateReport::entry)
                .toList();
        n.failingNamespaces = failing.isEmpty() ? null : failing;
        return n;
    }

    private static Failing entry(Place place) {
        Failing f = new Failing();
        f.name = place.namespace();
        f.reason = place.reason();
        f.message = Texts.cut(place.message(), LONGEST);
        return f;
    }

    private static void ready(Conditions conditions, TemplateSummary summary) {
        List<Place> broken = summary.broken();
        if (broken.isEmpty()) {
            int all = summary.places().size();
            conditions.ready(
                    Reason.Ready,
                    all == 0
                            ? "no namespace is selected by spec.source.namespaces"
                            : "a policy is managed in " + all + (all == 1 ? " namespace" : " namespaces"));
            return;
        }
        conditions.notReady(BreakwaterException.retryable(
                reason(broken), "namespaces with a problem: " + list(broken) + "; see status.namespaces"));
    }

    private static void protection(Conditions conditions, TemplateSummary summary) {
        List<Place> open = summary.places().stream()
                .filter(p -> p.state() != State.Protected)
                .toList();
        boolean holds = open.isEmpty() && !summary.places().isEmpty();
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

    /** The reason of the first one; all others are in {@code status.namespaces}. */
    private static Reason reason(List<Place> places) {
        try {
            return Reason.valueOf(places.getFirst().reason());
        } catch (IllegalArgumentException e) {
            return Reason.InternalError;
        }
    }

    private static String list(List<Place> places) {
        return Texts.first(
                places.stream()
                        .map(p -> p.namespace() + " (" + p.reason() + ")")
                        .toList(),
                LISTED);
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
