package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.RestorePoint;
import io.breakwater.points.Lineage;
import io.breakwater.points.RandomPoints;
import io.breakwater.points.TestIndex;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A policy decides and reports the same from the index as from the complete objects. */
class IndexedAnswersTest {
    private static final Instant NOW = Instant.parse("2026-11-30T10:30:00Z");

    @Test
    void decidesAndReportsTheSame() {
        LongStream.range(0, 500).forEach(seed -> {
            List<RestorePoint> whole = new RandomPoints(seed).some();
            List<RestorePoint> slim = TestIndex.of(whole).in("shop").stream()
                    .sorted(Comparator.comparingInt(p -> position(whole, p)))
                    .toList();
            assertThat(answers(slim, seed)).as("seed %d", seed).isEqualTo(answers(whole, seed));
        });
    }

    private static List<Object> answers(List<RestorePoint> points, long seed) {
        BackupPolicySpec.Retention retention = new BackupPolicySpec.Retention();
        retention.keepLast = 1 + (int) (seed % 3);
        retention.lockedFor = seed % 4 == 0 ? "12h" : null;
        PointInventory inventory = PointInventory.of(points, Lineage.WITHOUT_PLAN);
        LastPointCheck last = new LastPointCheck(
                points,
                inventory,
                Optional.of(CronSchedule.of(CronScheduleTest.schedule("0 * * * *", "Etc/UTC"))),
                Instant.parse("2026-11-01T00:00:00Z"),
                Optional.empty(),
                Optional.empty());
        return Arrays.asList(
                inventory.good().stream()
                        .map(g -> g.name() + g.capturedAt() + g.locations())
                        .toList(),
                inventory.newestAt().keySet(),
                last.at(NOW),
                new RetentionRules(retention, ZoneOffset.UTC, NOW, Lineage.WITHOUT_PLAN)
                        .expired(points, Set.of(), Set.of()).stream()
                                .map(p -> p.getMetadata().getName())
                                .toList());
    }

    private static int position(List<RestorePoint> points, RestorePoint point) {
        return points.stream()
                .map(p -> p.getMetadata().getName())
                .toList()
                .indexOf(point.getMetadata().getName());
    }
}
