package io.breakwater.policy.template;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.policy.template.TemplatePlan.Member;
import io.breakwater.policy.template.TemplatePlan.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the namespaces of a template stand, by name. */
record TemplateSummary(List<Place> places) {
    /** How a namespace stands. */
    enum State {
        /** Its policy is ready, and keeps its promise or, where nothing was promised, has a good point. */
        Protected,
        /** Nothing is wrong, and there is no point yet. */
        Waiting,
        /** Something is wrong. */
        Failing
    }

    /**
     * A namespace.
     *
     * @param broken whether the policy itself is in trouble, and not only its promise
     * @param left whether the template could keep no policy there
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

    /** Namespaces in which the template could keep no policy; no other policy's status or metric tells of them. */
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
                    member.kept().isEmpty(),
                    refused.get().reason().name(),
                    refused.get().getMessage());
        }
        if (member.step() instanceof Step.Yield(BackupPolicy other)) {
            String name = other.getMetadata().getName();
            return new Place(
                    namespace,
                    State.Failing,
                    true,
                    true,
                    Reason.PolicyConflict.name(),
                    "BackupPolicy " + namespace + "/" + name
                            + other.keptBy().map(t -> " of template " + t).orElse(", which is the namespace's own,")
                            + " is left alone; delete it to have this one instead, or list the namespace in"
                            + " spec.source.namespaces.exclude");
        }
        return member.kept()
                .map(k -> kept(namespace, k))
                .orElseGet(() -> waiting(namespace, "the policy was just written"));
    }

    private static Place kept(String namespace, BackupPolicy policy) {
        if (policy.getMetadata().getDeletionTimestamp() != null) {
            return failing(
                    namespace,
                    Reason.PolicyConflict.name(),
                    "BackupPolicy " + policy.getMetadata().getName()
                            + " is being deleted, and one of its finalizers holds it; the next one comes when it is"
                            + " gone");
        }
        BackupPolicyStatus status = policy.getStatus();
        Optional<Condition> ready = status == null ? Optional.empty() : status.condition(Condition.READY);
        if (ready.isEmpty()) {
            return waiting(namespace, "the policy was just written");
        }
        if (!ready.get().holds()) {
            return failing(namespace, ready.get().reason, ready.get().message);
        }
        Optional<Condition> promise = status.condition(Condition.PROTECTED);
        if (promise.isPresent() && !promise.get().holds()) {
            Condition c = promise.get();
            return status.lastSuccessfulPoint == null && isYoung(status)
                    ? waiting(namespace, c.message)
                    : new Place(namespace, State.Failing, false, false, c.reason, c.message);
        }
        return promise.isPresent() || status.lastSuccessfulPoint != null
                ? new Place(namespace, State.Protected, false, false, Reason.Ready.name(), "")
                : waiting(namespace, "no good RestorePoint yet");
    }

    /** Whether the schedule has not come round yet since the policy was made. */
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
