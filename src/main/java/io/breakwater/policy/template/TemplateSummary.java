package io.breakwater.policy.template;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.policy.template.TemplatePlan.Member;
import io.breakwater.policy.template.TemplatePlan.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** State of the namespaces of a template, by name. */
record TemplateSummary(List<Place> places) {
    /** State of a namespace. */
    enum State {
        /** Its policy is ready and meets its objectives. Without objectives: it is ready, and its newest point is good. */
        Protected,
        /** There is no problem, and no point yet. */
        Waiting,
        /** There is a problem. */
        Failing
    }

    /**
     * A namespace.
     *
     * @param broken whether the policy itself has a problem, and not only its objectives
     * @param left whether the namespace has no policy of the template
     */
    record Place(String namespace, State state, boolean broken, boolean left, String reason, String message) {}

    static TemplateSummary of(TemplatePlan plan, Map<String, BreakwaterException> refused) {
        return new TemplateSummary(plan.members().stream()
                .map(m -> place(m, Optional.ofNullable(refused.get(m.namespace()))))
                .toList());
    }

    int count(State state) {
        return (int) places.stream().filter(p -> p.state() == state).count();
    }

    List<Place> failing() {
        return places.stream().filter(p -> p.state() == State.Failing).toList();
    }

    List<Place> broken() {
        return places.stream().filter(Place::broken).toList();
    }

    /** Number of namespaces without a policy of the template; no other status or metric reports them. */
    int left() {
        return (int) places.stream().filter(Place::left).count();
    }

    private static Place place(Member member, Optional<BreakwaterException> refused) {
        String namespace = member.namespace();
        if (refused.isPresent()) {
            return new Place(
                    namespace,
                    State.Failing,
                    true,
                    member.managed().isEmpty(),
                    refused.get().reason().name(),
                    refused.get().getMessage());
        }
        if (member.step() instanceof Step.Yield(BackupPolicy other)) {
            return new Place(
                    namespace,
                    State.Failing,
                    true,
                    true,
                    Reason.PolicyConflict.name(),
                    ObjectNames.of(other)
                            + other.managedBy().map(t -> " of template " + t).orElse(" of the namespace itself")
                            + " takes precedence; delete it to use the policy of this template instead, or add the"
                            + " namespace to spec.source.namespaces.exclude");
        }
        return member.managed()
                .map(p -> managed(namespace, p))
                .orElseGet(() -> waiting(namespace, "the policy was just created"));
    }

    private static Place managed(String namespace, BackupPolicy policy) {
        if (policy.getMetadata().getDeletionTimestamp() != null) {
            return failing(
                    namespace,
                    Reason.PolicyConflict.name(),
                    "BackupPolicy " + policy.getMetadata().getName()
                            + " is being deleted, and one of its finalizers holds it; it is created again after the"
                            + " deletion");
        }
        BackupPolicyStatus status = policy.getStatus();
        Optional<Condition> ready = status == null ? Optional.empty() : status.condition(Condition.READY);
        if (ready.isEmpty()) {
            return waiting(namespace, "the policy was just created");
        }
        if (!ready.get().holds()) {
            return failing(namespace, ready.get().reason, ready.get().message);
        }
        Optional<Condition> objective = status.condition(Condition.PROTECTED);
        if (objective.isPresent() && !objective.get().holds()) {
            Condition c = objective.get();
            return status.lastSuccessfulPoint == null && isYoung(status)
                    ? waiting(namespace, c.message)
                    : new Place(namespace, State.Failing, false, false, c.reason, c.message);
        }
        Optional<Condition> last = status.failure(Condition.LAST_POINT_GOOD);
        if (objective.isEmpty() && last.isPresent()) {
            Condition c = last.get();
            return new Place(namespace, State.Failing, false, false, c.reason, c.message);
        }
        return objective.isPresent() || status.lastSuccessfulPoint != null
                ? new Place(namespace, State.Protected, false, false, Reason.Ready.name(), "")
                : waiting(namespace, "no good RestorePoint yet");
    }

    /** Whether no scheduled time has passed since the policy was created. */
    private static boolean isYoung(BackupPolicyStatus status) {
        return status.lastScheduleTime == null;
    }

    private static Place failing(String namespace, String reason, String message) {
        return new Place(namespace, State.Failing, true, false, reason, message == null ? "" : message);
    }

    private static Place waiting(String namespace, String message) {
        return new Place(namespace, State.Waiting, false, false, Reason.Pending.name(), message);
    }
}
