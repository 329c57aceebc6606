package io.breakwater.points;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Epoch;
import io.breakwater.api.FailoverPlanStatus.Start;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The points of the present history, and their order. */
class LineageTest {
    /** East was lost after its second point, from which west started; the third one never left east in time. */
    private final RestorePoint first = point("first", "east", 1, 1L, "2026-11-30T10:00:00Z");

    private final RestorePoint second = point("second", "east", 1, 2L, "2026-11-30T10:10:00Z");
    private final RestorePoint late = point("late", "east", 1, 3L, "2026-11-30T10:20:00Z");
    private final RestorePoint divergent = point("divergent", "east", 2, null, "2026-11-30T10:40:00Z");
    private final RestorePoint west = point("west", "west", 2, 1L, "2026-11-30T10:30:00Z");
    private final Lineage lineage = new Lineage(List.of(epoch(1, "east", null), epoch(2, "west", second)));

    @Test
    void continuesWithThePointThatTheNextEpochStartedFrom() {
        assertThat(Stream.of(first, second, late, west).filter(lineage::contains))
                .containsExactly(first, second, west);
    }

    @Test
    void excludesDivergentPointsAlsoAfterTheirImport() {
        divergent.getSpec().trigger = Trigger.Imported;
        divergent.getStatus().trigger = Trigger.Divergent;
        divergent.getStatus().site = "west";

        assertThat(lineage.contains(divergent)).isFalse();
        assertThat(Lineage.WITHOUT_PLAN.contains(divergent)).isFalse();
        assertThat(lineage.newest(Stream.of(west, divergent, late, first))).contains(west);
    }

    /** A site that lost its lease captures in the epoch of the other one, or in its own. */
    @Test
    void excludesPointsOfASiteWithoutTheLease() {
        assertThat(lineage.contains(point("a", "east", 2, 9L, "2026-11-30T10:50:00Z")))
                .isFalse();
        assertThat(lineage.contains(point("b", "west", 1, 9L, "2026-11-30T10:05:00Z")))
                .isFalse();
    }

    /** The epochs of a lease that was lost mean nothing in the next one. */
    @Test
    void excludesPointsOfEpochsThatTheLeaseDoesNotHave() {
        assertThat(lineage.contains(point("a", "west", 7, 1L, "2026-11-30T10:50:00Z")))
                .isFalse();
    }

    /** The clock of the site was an hour ahead when it captured the first point. */
    @Test
    void ordersPointsByNumbersAndNotByClocks() {
        first.getStatus().capturedAt = "2026-11-30T11:00:00Z";

        assertThat(Stream.of(west, second, first).sorted(Lineage.ORDER)).containsExactly(first, second, west);
        assertThat(lineage.contains(first)).isTrue();
        assertThat(lineage.newest(Stream.of(first, second))).contains(second);
    }

    /** A cluster that is rebuilt may capture its empty namespace before the plan is applied again. */
    @Test
    void includesPointsWithoutAPlanOnlyFromBeforeThePlan() {
        Epoch plan = epoch(1, "east", null);
        Lineage dated = new Lineage(List.of(plan));
        RestorePoint before = point("before", "east", 0, null, "2026-11-30T08:00:00Z");
        RestorePoint after = point("after", "east", 0, null, "2026-11-30T12:00:00Z");

        assertThat(dated.contains(before)).as("start of the plan unknown").isFalse();
        plan.since = "2026-11-30T09:00:00Z";
        assertThat(dated.contains(before)).isTrue();
        assertThat(dated.contains(after)).isFalse();
        assertThat(dated.contains(point("other", "west", 0, null, "2026-11-30T08:00:00Z")))
                .isFalse();
    }

    @Test
    void readsTheEpochsOfTheOldestPlan() {
        FailoverPlan younger = plan("2026-11-30T10:00:00Z");
        FailoverPlan older = plan("2026-11-30T09:00:00Z");
        older.getStatus().history = List.of(epoch(1, "east", null));

        assertThat(Lineage.of(List.of(younger, older)).epochs()).hasSize(1);
        assertThat(Lineage.of(List.of())).isEqualTo(Lineage.WITHOUT_PLAN);
    }

    private static FailoverPlan plan(String created) {
        FailoverPlan plan = new FailoverPlan();
        plan.getMetadata().setName("plan-" + created);
        plan.getMetadata().setCreationTimestamp(created);
        plan.setStatus(new FailoverPlanStatus());
        return plan;
    }

    private static Epoch epoch(long number, String site, RestorePoint from) {
        Epoch epoch = new Epoch();
        epoch.epoch = number;
        epoch.site = site;
        if (from != null) {
            epoch.start = new Start();
            epoch.start.digest = from.getStatus().digest;
            epoch.start.capturedAt = from.getStatus().capturedAt;
            epoch.start.epoch = from.getStatus().epoch;
            epoch.start.sequence = from.getStatus().sequence;
        }
        return epoch;
    }

    private static RestorePoint point(String name, String site, long epoch, Long sequence, String capturedAt) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        RestorePointStatus s = new RestorePointStatus();
        s.site = site;
        s.epoch = epoch;
        s.sequence = sequence;
        s.capturedAt = capturedAt;
        s.digest = "digest of " + name;
        point.setStatus(s);
        return point;
    }
}
