package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.points.Lineage;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PointSelectorTest {
    private static final List<RestorePoint> POINTS = List.of(
            point("ten", "shop", "2026-03-01T10:00:00Z", "True"),
            point("eight", "shop", "2026-03-01T08:00:00Z", "True"),
            point("nine", "shop", "2026-03-01T09:00:00Z", "True"),
            point("half-past-nine-failed", "shop", "2026-03-01T09:30:00Z", "False"),
            point("another-policys", "bank", "2026-03-01T09:45:00Z", "True"),
            point("still-running", "shop", null, "Unknown"));

    @ParameterizedTest
    @CsvSource({
        "2026-03-01T09:59:59Z, nine",
        "2026-03-01T10:00:00Z, ten",
        "2026-03-01T10:30:00+01:00, nine",
        "2026-03-01T08:00:00.001Z, eight",
        "2030-01-01T00:00:00Z, ten",
        ", ten"
    })
    void selectsTheNewestSealedPointUpToATime(String at, String name) {
        assertThat(PointSelector.of(POINTS, Lineage.WITHOUT_PLAN, "shop", at)
                        .getMetadata()
                        .getName())
                .isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-03-01T07:59:59Z", "2026-03-01T08:59:59+01:00"})
    void namesTheOldestPointWhenTheTimeIsEarlier(String at) {
        assertThatThrownBy(() -> PointSelector.of(POINTS, Lineage.WITHOUT_PLAN, "shop", at))
                .hasMessageContaining(at)
                .hasMessageContaining("eight of 2026-03-01T08:00:00Z");
    }

    @Test
    void findsNoPointsOfAnUnknownPolicy() {
        assertThatThrownBy(() -> PointSelector.of(POINTS, Lineage.WITHOUT_PLAN, "shoop", null))
                .hasMessageContaining("BackupPolicy shoop has no sealed RestorePoint");
    }

    /** The losing side captured it after the other one had started: the live application would be replaced by its data. */
    @Test
    void selectsNoDivergentPoint() {
        RestorePoint divergent = point("divergent", "shop", "2026-03-01T11:00:00Z", "True");
        divergent.getSpec().trigger = RestorePointSpec.Trigger.Divergent;
        List<RestorePoint> all =
                Stream.concat(POINTS.stream(), Stream.of(divergent)).toList();

        assertThat(PointSelector.of(all, Lineage.WITHOUT_PLAN, "shop", null)
                        .getMetadata()
                        .getName())
                .isEqualTo("ten");
        assertThat(PointSelector.of(all, Lineage.WITHOUT_PLAN, "shop", "2026-03-01T12:00:00Z")
                        .getMetadata()
                        .getName())
                .isEqualTo("ten");
    }

    private static RestorePoint point(String name, String policy, String capturedAt, String succeeded) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef(policy);
        point.setStatus(new RestorePointStatus());
        point.getStatus().capturedAt = capturedAt;
        point.getStatus().digest = capturedAt == null ? null : "d";
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = succeeded;
        point.getStatus().conditions.add(condition);
        return point;
    }
}
