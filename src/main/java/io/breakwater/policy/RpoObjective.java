package io.breakwater.policy;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Durations;
import io.breakwater.policy.PointInventory.Good;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One recovery point objective and the point that meets it.
 *
 * @param location of the copy; empty for the policy as a whole
 * @param newest the point whose age counts
 */
record RpoObjective(Optional<String> location, Duration rpo, Optional<Good> newest) {
    /**
     * The objectives of a policy. A copy has the objective that the policy sets for it; a location that a FailoverPlan
     * adds has the objective of the policy.
     *
     * @param copies names of the further locations
     */
    static List<RpoObjective> of(BackupPolicySpec policy, List<String> copies, PointInventory inventory) {
        List<RpoObjective> objectives = new ArrayList<>();
        Optional<Duration> whole = Optional.ofNullable(policy.objectives).map(o -> Durations.parse(o.rpo));
        whole.ifPresent(rpo -> objectives.add(new RpoObjective(Optional.empty(), rpo, inventory.newest())));
        Map<String, Optional<Duration>> own = policy.copies == null
                ? Map.of()
                : policy.copies.stream()
                        .collect(Collectors.toMap(
                                c -> c.locationRef.name,
                                c -> Optional.ofNullable(c.rpo).map(Durations::parse),
                                (a, b) -> a));
        copies.forEach(name -> own.getOrDefault(name, whole)
                .ifPresent(rpo -> objectives.add(new RpoObjective(Optional.of(name), rpo, inventory.newestAt(name)))));
        return objectives;
    }

    /** Whether the objective is met at a moment. */
    boolean holds(Instant now) {
        return newest.filter(n -> !now.isAfter(n.capturedAt().plus(rpo))).isPresent();
    }

    /** Time at which the objective is missed unless a newer point is completed; empty if it is missed already. */
    Optional<Instant> breaksAt(Instant now) {
        return newest.map(n -> n.capturedAt().plus(rpo)).filter(at -> !now.isAfter(at));
    }

    /** The objective and its newest point, for messages. The text changes only with a new point. */
    @Override
    public String toString() {
        String where = location.map(l -> " in location " + l).orElse("");
        return "RPO " + Durations.format(rpo) + where + ": "
                + newest.map(n -> "newest good RestorePoint " + n.name() + " of " + n.capturedAt())
                        .orElse("no good RestorePoint yet");
    }
}
