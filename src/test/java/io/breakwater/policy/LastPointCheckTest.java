package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.observe.Conditions;
import io.breakwater.points.Lineage;
import io.breakwater.points.RandomPoints;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A gauge of each policy has its check for as long as the policy exists. */
class LastPointCheckTest {
    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");

    @Test
    void retainsOnlyThePointsThatCanBeTheAnswer() {
        List<RestorePoint> points = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            points.add(point("p" + i, i, i % 3 == 0));
        }
        points.add(point("last", 100, true));

        LastPointCheck check = new LastPointCheck(
                points,
                PointInventory.of(points, Lineage.WITHOUT_PLAN),
                Optional.empty(),
                START,
                Optional.empty(),
                Optional.empty());

        assertThat(check.points()).extracting(p -> p.getMetadata().getName()).containsExactlyInAnyOrder("p98", "last");
        assertThat(check.inventory().good()).hasSize(1);
        assertThat(check.inventory().newestAt()).isEmpty();
        assertThat(check.at(START.plusSeconds(200)).orElseThrow().message()).startsWith("newest RestorePoint last ");
    }

    private static RestorePoint point(String name, int second, boolean good) {
        RestorePoint point = RandomPoints.complete("shop", name, new UUID(1, second));
        Instant at = START.plusSeconds(second);
        point.getMetadata().setCreationTimestamp(at.toString());
        point.getStatus().capturedAt = at.toString();
        if (!good) {
            Conditions.of(point.getStatus(), 1L, Clock.fixed(at, ZoneOffset.UTC))
                    .failed(Reason.QuotaExceeded, "no space");
        }
        return point;
    }
}
