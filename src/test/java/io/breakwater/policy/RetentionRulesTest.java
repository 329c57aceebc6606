package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static io.breakwater.policy.PointFixtures.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicySpec.Retention;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.points.Lineage;
import io.breakwater.testing.RandomCases;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Points that retention deletes, and points that it never deletes. */
class RetentionRulesTest {
    @Test
    void retainsTheNewestGoodPoints() {
        assertThat(expired(2, good("p1", at(1)), good("p3", at(3)), good("p2", at(2)), good("p4", at(4))))
                .containsExactly("p2", "p1");
    }

    @Test
    void countsNoFailedOrRunningPoints() {
        assertThat(expired(2, good("p1", at(1)), good("p2", at(2)), failed("p3", at(3)), running("p4", at(4))))
                .isEmpty();
    }

    @Test
    void countsNoPointsThatAreBeingDeleted() {
        assertThat(expired(1, good("p1", at(1)), good("p2", at(2)).deleted())).isEmpty();
    }

    @Test
    void retainsTheLastPointOfEachLocation() {
        assertThat(expired(
                        1,
                        good("p1", at(1)).copy("b", CopyState.Completed),
                        good("p2", at(2)).copy("b", CopyState.Completed),
                        good("p3", at(3)).copy("b", CopyState.Failed),
                        good("p4", at(4)).copy("b", CopyState.Pending)))
                .as("p2 is the newest in b")
                .containsExactly("p3", "p1");
    }

    @Test
    void retainsPointsInUseByARestore() {
        List<RestorePoint> points = List.of(
                good("p1", at(1)).get(),
                good("p2", at(2)).get(),
                good("p3", at(3)).get());

        assertThat(names(keepLast(1).expired(points, Set.of(), Set.of("p1")))).containsExactly("p2");
    }

    @Test
    void retainsImportedDivergentAndPinnedPoints() {
        assertThat(expired(
                        1,
                        good("imported", at(1)).trigger(Trigger.Imported),
                        good("divergent", at(2)).trigger(Trigger.Divergent),
                        good("pinned", at(3)).retained(),
                        good("manual", at(4)).trigger(Trigger.Manual),
                        good("final", at(5)).trigger(Trigger.Final),
                        good("newest", at(6))))
                .containsExactly("final", "manual");
    }

    @Test
    void countsInheritedPointsLikeItsOwn() {
        List<RestorePoint> points = List.of(
                good("old1", at(1)).trigger(Trigger.Imported).retained().get(),
                good("old2", at(2)).trigger(Trigger.Imported).retained().held().get(),
                good("old3", at(3)).trigger(Trigger.Imported).retained().get(),
                good("shown", at(3)).trigger(Trigger.Imported).retained().get(),
                good("new4", at(4)).get(),
                good("new5", at(5)).get());

        assertThat(names(keepLast(3).expired(points, Set.of("old1", "old2", "old3"), Set.of())))
                .as("three stay: new5, new4 and old3; old2 is held")
                .containsExactly("old1");
        assertThat(names(keepLast(1).expired(points, Set.of("old1", "old2", "old3"), Set.of())))
                .containsExactly("new4", "old3", "old1");
    }

    @Test
    void retainsTheNewestFailedScheduledPoints() {
        assertThat(expired(
                        1,
                        failed("f1", at(1)),
                        failed("f2", at(2)),
                        failed("f3", at(3)),
                        failed("f4", at(4)),
                        failed("f0", at(0)).trigger(Trigger.Manual)))
                .containsExactly("f1");
    }

    @Tag("random")
    @Test
    void retainsTheNewestGoodPointInEveryHistory() {
        RandomCases cases = RandomCases.of(2000, 7);
        Random random = new Random(cases.seed());
        for (int round = 0; round < cases.count(); round++) {
            List<RestorePoint> points = new ArrayList<>();
            for (int i = 0; i < random.nextInt(8); i++) {
                PointFixtures p = random.nextInt(3) == 0 ? failed("p" + i, at(i)) : good("p" + i, at(i));
                points.add(p.copy("b", CopyState.values()[random.nextInt(CopyState.values().length)])
                        .get());
            }
            List<RestorePoint> left = new ArrayList<>(points);
            left.removeAll(keepLast(1 + random.nextInt(2)).expired(points, Set.of(), Set.of()));

            assertThat(PointInventory.of(left, Lineage.WITHOUT_PLAN).newest().map(PointInventory.Good::name))
                    .as("round %s", round)
                    .isEqualTo(PointInventory.of(points, Lineage.WITHOUT_PLAN)
                            .newest()
                            .map(PointInventory.Good::name));
            assertThat(PointInventory.of(left, Lineage.WITHOUT_PLAN)
                            .newestAt("b")
                            .map(PointInventory.Good::name))
                    .as("round %s", round)
                    .isEqualTo(PointInventory.of(points, Lineage.WITHOUT_PLAN)
                            .newestAt("b")
                            .map(PointInventory.Good::name));
        }
    }

    private static List<String> expired(int keepLast, PointFixtures... points) {
        return names(keepLast(keepLast)
                .expired(Stream.of(points).map(PointFixtures::get).toList(), Set.of(), Set.of()));
    }

    private static RetentionRules keepLast(int n) {
        Retention retention = new Retention();
        retention.keepLast = n;
        return new RetentionRules(
                retention, ZoneOffset.UTC, Instant.parse("2026-11-24T00:00:00Z"), Lineage.WITHOUT_PLAN);
    }

    private static List<String> names(List<RestorePoint> points) {
        return points.stream().map(p -> p.getMetadata().getName()).toList();
    }

    private static String at(int hour) {
        return "2026-11-23T%02d:00:00Z".formatted(hour);
    }
}
