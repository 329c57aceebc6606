package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.policy.PointInventory.Good;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The gauges of policies, and the first values of their counters. Ages and lags are computed at the time of the scrape, and are absent while there is nothing
 * to measure.
 */
@ApplicationScoped
class PolicyMeters {
    private final Meters meters;
    private final Clock clock;
    private final Map<String, Set<String>> locations = new ConcurrentHashMap<>();

    /** The state of each policy at the time of the call. */
    private final Map<String, Supplier<String>> states = new ConcurrentHashMap<>();

    PolicyMeters(Meters meters, Clock clock) {
        this.meters = meters;
        this.clock = clock;
    }

    /**
     * Sets the gauges of a policy.
     *
     * @param copies locations that points are copied to from this site; empty if the policy does not run here
     */
    void set(
            String namespace,
            String policy,
            PointInventory inventory,
            List<RpoObjective> objectives,
            List<String> copies) {
        countPolicy(namespace + "/" + policy, inventory.newest().isPresent(), objectives);
        String[] tags = {"namespace", namespace, "policy", policy};
        age(MeterName.POLICY_RPO_AGE, inventory.newest().map(Good::capturedAt), tags);
        inventory
                .newest()
                .ifPresentOrElse(
                        n -> meters.set(
                                MeterName.POLICY_LAST_SUCCESS, n.capturedAt().toEpochMilli() / 1000.0, tags),
                        () -> meters.remove(MeterName.POLICY_LAST_SUCCESS, tags));
        objective(objectives, Optional.empty(), MeterName.POLICY_RPO, tags);
        objectives.stream()
                .filter(p -> p.location().isEmpty())
                .findFirst()
                .ifPresentOrElse(
                        p -> meters.gauge(MeterName.POLICY_RPO_MET, () -> p.holds(clock.instant()) ? 1 : 0, tags),
                        () -> meters.remove(MeterName.POLICY_RPO_MET, tags));
        Set<String> stale = new HashSet<>(locations.getOrDefault(namespace + "/" + policy, Set.of()));
        locations.put(namespace + "/" + policy, Set.copyOf(copies));
        for (String copy : copies) {
            String[] at = copyTags(namespace, policy, copy);
            age(MeterName.REPLICATION_LAG, inventory.newestAt(copy).map(Good::capturedAt), at);
            objective(objectives, Optional.of(copy), MeterName.REPLICATION_RPO, at);
            optional(
                    MeterName.REPLICATION_LAST_COPY_GOOD,
                    inventory.lastCopyGood(copy).map(good -> good ? 1.0 : 0.0),
                    at);
            stale.remove(copy);
        }
        for (String copy : stale) {
            meters.remove(MeterName.REPLICATION_LAG, copyTags(namespace, policy, copy));
            meters.remove(MeterName.REPLICATION_RPO, copyTags(namespace, policy, copy));
            meters.remove(MeterName.REPLICATION_LAST_COPY_GOOD, copyTags(namespace, policy, copy));
        }
    }

    /** Counts a policy in the gauges of the fleet. They depend on no policy, so they exist without series of policies too. */
    private void countPolicy(String key, boolean hasPoint, List<RpoObjective> objectives) {
        states.put(
                key,
                () -> !hasPoint
                        ? "unprotected"
                        : objectives.stream().allMatch(o -> o.holds(clock.instant())) ? "protected" : "late");
        for (String state : List.of("protected", "late", "unprotected")) {
            meters.gauge(
                    MeterName.POLICIES,
                    () -> states.values().stream()
                            .filter(s -> s.get().equals(state))
                            .count(),
                    "state",
                    state);
        }
    }

    /** Sets the gauge of the last point; absent without a check, and while there is nothing to check. */
    void setLastPoint(BackupPolicy policy, Optional<LastPointCheck> last) {
        String[] tags = {
            "namespace",
            policy.getMetadata().getNamespace(),
            "policy",
            policy.getMetadata().getName()
        };
        last.filter(check -> check.at(clock.instant()).isPresent())
                .ifPresentOrElse(
                        check -> meters.gauge(
                                MeterName.POLICY_LAST_POINT_GOOD,
                                () -> check.at(clock.instant())
                                        .map(a -> a.good() ? 1.0 : 0.0)
                                        .orElse(Double.NaN),
                                tags),
                        () -> meters.remove(MeterName.POLICY_LAST_POINT_GOOD, tags));
    }

    /** Registers the counters of a policy, so that the first event is an increase. Reasons of failures are not known before. */
    void startCounters(BackupPolicy policy, List<String> copies) {
        String namespace = policy.getMetadata().getNamespace();
        String name = policy.getMetadata().getName();
        String[] completed = {"result", "Completed", "reason", Reason.Completed.name()};
        meters.start(MeterName.RESTORE_POINTS, with(completed, "namespace", namespace, "policy", name));
        for (String result : List.of("Completed", "Failed")) {
            meters.start(MeterName.RETENTION_REMOVED, "namespace", namespace, "policy", name, "result", result);
        }
        for (String copy : copies) {
            meters.start(MeterName.REPLICATION_COPIES, with(completed, copyTags(namespace, name, copy)));
            meters.start(MeterName.REPLICATION_BYTES, copyTags(namespace, name, copy));
        }
    }

    private static String[] with(String[] tags, String... more) {
        return Stream.concat(Stream.of(more), Stream.of(tags)).toArray(String[]::new);
    }

    /**
     * Sets the gauges of verifications; absent while there are no results.
     *
     * @param runs whether the schedule of verifications runs on this site, so that a proof can be overdue here
     */
    void setProof(BackupPolicy policy, VerificationSummary proof, boolean runs) {
        String[] tags = {
            "namespace",
            policy.getMetadata().getNamespace(),
            "policy",
            policy.getMetadata().getName()
        };
        optional(
                MeterName.VERIFICATION_LAST_SUCCESS,
                proof.success().map(v -> Instant.parse(v.getStatus().finishedAt).toEpochMilli() / 1000.0),
                tags);
        optional(
                MeterName.POLICY_PROVEN,
                proof.newest().map(v -> v.getStatus().holds(Condition.SUCCEEDED) ? 1.0 : 0.0),
                tags);
        if (runs) {
            meters.gauge(MeterName.VERIFICATION_OVERDUE, () -> proof.isOverdue(policy, clock.instant()) ? 1 : 0, tags);
        } else {
            meters.remove(MeterName.VERIFICATION_OVERDUE, tags);
        }
        optional(MeterName.POLICY_RESTORE, proof.restoreTime().map(d -> (double) d.toSeconds()), tags);
        optional(
                MeterName.POLICY_RTO,
                Optional.ofNullable(policy.getSpec().objectives).map(o -> o.rto).map(rto ->
                        (double) Durations.parse(rto).toSeconds()),
                tags);
    }

    private void optional(MeterName name, Optional<Double> value, String... tags) {
        value.ifPresentOrElse(v -> meters.set(name, v, tags), () -> meters.remove(name, tags));
    }

    /** Counts a point that retention deleted. */
    void countDeleted(RestorePoint point) {
        meters.count(
                MeterName.RETENTION_REMOVED,
                "namespace",
                point.getMetadata().getNamespace(),
                "policy",
                point.getSpec().policyRef.name,
                "result",
                point.isSealed() ? "Completed" : "Failed");
    }

    /** Removes all series of a policy. */
    void remove(String namespace, String policy) {
        locations.remove(namespace + "/" + policy);
        states.remove(namespace + "/" + policy);
        meters.removeAll("namespace", namespace, "policy", policy);
    }

    private void age(MeterName name, Optional<Instant> since, String... tags) {
        since.ifPresentOrElse(at -> meters.age(name, at, tags), () -> meters.remove(name, tags));
    }

    private void objective(List<RpoObjective> objectives, Optional<String> location, MeterName name, String... tags) {
        objectives.stream()
                .filter(p -> p.location().equals(location))
                .findFirst()
                .ifPresentOrElse(p -> meters.set(name, p.rpo().toSeconds(), tags), () -> meters.remove(name, tags));
    }

    private static String[] copyTags(String namespace, String policy, String location) {
        return new String[] {"namespace", namespace, "policy", policy, "location", location};
    }
}
