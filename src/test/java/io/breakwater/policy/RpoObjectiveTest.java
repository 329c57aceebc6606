package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.points.Lineage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** When an objective is met, and until when. */
class RpoObjectiveTest {
    private static final Instant CAPTURED = Instant.parse("2026-11-23T12:00:00Z");

    @Test
    void meetsAnObjectiveUpToItsExactAge() {
        RpoObjective promise = only(policy("15m"), List.of(), good("p1", CAPTURED.toString()));

        assertThat(promise.holds(CAPTURED.plus(Duration.ofMinutes(15)))).isTrue();
        assertThat(promise.holds(CAPTURED.plus(Duration.ofMinutes(15)).plusMillis(1)))
                .isFalse();
        assertThat(promise.breaksAt(CAPTURED)).contains(CAPTURED.plus(Duration.ofMinutes(15)));
        assertThat(promise.breaksAt(CAPTURED.plus(Duration.ofHours(1)))).isEmpty();
    }

    @Test
    void meetsNoObjectiveBeforeTheFirstGoodPoint() {
        RpoObjective promise = only(policy("15m"), List.of(), failed("p1", CAPTURED.toString()));

        assertThat(promise.holds(CAPTURED)).isFalse();
        assertThat(promise.breaksAt(CAPTURED)).isEmpty();
        assertThat(promise).hasToString("RPO 15m: no good RestorePoint yet");
    }

    @Test
    void evaluatesACopyByItsNewestCompletePoint() {
        BackupPolicySpec policy = policy(null, copy("b", "1h"));

        RpoObjective promise = only(
                policy,
                List.of("b"),
                good("old", CAPTURED.toString()).copy("b", CopyState.Completed),
                good("new", CAPTURED.plusSeconds(3600).toString()).copy("b", CopyState.Copying));

        assertThat(promise.location()).contains("b");
        assertThat(promise.newest().map(PointInventory.Good::name)).contains("old");
    }

    @Test
    void createsNoObjectiveForCopiesExceptThoseOfAPlan() {
        BackupPolicySpec policy = policy("15m", copy("b", null));

        List<RpoObjective> objectives =
                RpoObjective.of(policy, List.of("peer", "b"), PointInventory.of(List.of(), Lineage.WITHOUT_PLAN));

        assertThat(objectives)
                .extracting(RpoObjective::location)
                .containsExactly(Optional.empty(), Optional.of("peer"));
        assertThat(objectives).extracting(RpoObjective::rpo).containsOnly(Duration.ofMinutes(15));
    }

    private static RpoObjective only(BackupPolicySpec policy, List<String> copies, PointFixtures... points) {
        List<RpoObjective> objectives = RpoObjective.of(
                policy,
                copies,
                PointInventory.of(Stream.of(points).map(PointFixtures::get).toList(), Lineage.WITHOUT_PLAN));
        assertThat(objectives).hasSize(1);
        return objectives.getFirst();
    }

    private static BackupPolicySpec policy(String rpo, BackupPolicySpec.Copy... copies) {
        BackupPolicySpec spec = new BackupPolicySpec();
        if (rpo != null) {
            spec.objectives = new BackupPolicySpec.Objectives();
            spec.objectives.rpo = rpo;
        }
        spec.copies = new ArrayList<>(List.of(copies));
        return spec;
    }

    private static BackupPolicySpec.Copy copy(String location, String rpo) {
        BackupPolicySpec.Copy copy = new BackupPolicySpec.Copy();
        copy.locationRef = new NamedRef(location);
        copy.rpo = rpo;
        return copy;
    }
}
