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
 * One recovery point objective and what speaks for it.
 *
 * @param location of the copy; empty for the policy as a whole
 * @param newest the point whose age counts
 */
record RpoObjective(Optional<String> location, Duration rpo, Optional<Good> newest) {
    /**
     * What a policy promises. A copy's own objective is the one that the policy gives it; a location that a FailoverPlan
     * adds has the policy's.
     *
     * @param copies names of the further locations
     */
    static List<RpoObjective> of(BackupPolicySpec policy, List<String> copies, PointInventory standing) {
        List<RpoObjective> promises = new ArrayList<>();
        Optional<Duration> whole = Optional.ofNullable(policy.objectives).map(o -> Durations.parse(o.rpo));
        whole.ifPresent(rpo -> promises.add(new RpoObjective(Optional.empty(), rpo, standing.newest())));
        Map<String, Optional<Duration>> own = policy.copies == null
                ? Map.of()
                : policy.copies.stream()
                        .collect(Collectors.toMap(
                                c -> c.locationRef.name,
                                c -> Optional.ofNullable(c.rpo).map(Durations::parse),
                                (a, b) -> a));
        copies.forEach(name -> own.getOrDefault(name, whole)
                .ifPresent(rpo -> promises.add(new RpoObjective(Optional.of(name), rpo, standing.newestAt(name)))));
        return promises;
    }

    /** Whether it is kept at a moment. */
    boolean holds(Instant now) {
        return newest.filter(n -> !now.isAfter(n.capturedAt().plus(rpo))).isPresent();
    }

    /** When it will be broken unless a newer point comes; empty when it is broken already. */
    Optional<Instant> breaksAt(Instant now) {
        return newest.map(n -> n.capturedAt().plus(rpo)).filter(at -> !now.isAfter(at));
    }

    /** What it is about and how it stands, for people; the same words as long as nothing happens. */
    @Override
    public String toString() {
        String where = location.map(l -> " in location " + l).orElse("");
        return "RPO " + Durations.format(rpo) + where + ": "
                + newest.map(n -> "newest good RestorePoint " + n.name() + " of " + n.capturedAt())
                        .orElse("no good RestorePoint yet");
    }
}
