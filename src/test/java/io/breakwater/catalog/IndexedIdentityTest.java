package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;
import io.breakwater.config.TestConfig;
import io.breakwater.points.PointSource;
import io.breakwater.points.RandomPoints;
import io.breakwater.points.TestIndex;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Catalog sync and sweeps find the same identities in the index as in the complete objects. */
class IndexedIdentityTest {
    private final IdentityRule rule =
            new IdentityRule(TestConfig.of(Map.of("breakwater.namespace", "ops")), PointKeys.identities("east"));
    private final BackupLocation location = new FakeClusterPoints("shop").addLocation("shop", "a");

    @Test
    void findsTheSameIdentities() {
        List<Object> found = new ArrayList<>();
        LongStream.range(0, 300).forEach(seed -> {
            List<RestorePoint> points = new RandomPoints(seed).some();
            points.stream()
                    .filter(p -> p.getStatus() != null && p.getStatus().cluster != null)
                    .forEach(p -> PointKeys.state(
                            p.getStatus(),
                            PointKeys.of("east", "shop", p.getMetadata().getName())));
            PointSource source = TestIndex.of(points);
            for (RestorePoint whole : points) {
                RestorePoint slim =
                        source.find("shop", whole.getMetadata().getName()).orElseThrow();
                assertThat(answers(slim)).as("seed %d", seed).isEqualTo(answers(whole));
            }
            assertThat(rule.reportedSnapshots(source.all(), location))
                    .as("seed %d", seed)
                    .isEqualTo(rule.reportedSnapshots(points.stream(), location));
            found.addAll(rule.reportedSnapshots(source.all(), location).values());
        });
        assertThat(found).as("cases with snapshots").hasSizeGreaterThan(30);
    }

    private List<Object> answers(RestorePoint p) {
        return Arrays.asList(
                ImportedPoint.origin(p),
                ImportedPoint.claims(p),
                rule.hasNameOf(p),
                rule.namespace(p, "east", location),
                rule.hasDigest(p, p.getStatus() == null ? "" : "" + p.getStatus().digest),
                rule.reportedSnapshots(p, Set.of(PointKeys.source("east", "shop")), location)
                        .toList());
    }
}
