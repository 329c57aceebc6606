package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The points that a site can start from. */
class PlanPointsTest {
    private final RestorePoint point = new RestorePoint();
    private final VolumeStatus volume = new VolumeStatus();
    private final PointCopy copy = new PointCopy();

    @BeforeEach
    void seal() {
        point.setStatus(new RestorePointStatus());
        point.getStatus().location = "near";
        copy.location = "far";
        copy.state = CopyState.Copying;
        point.getStatus().copies = List.of(copy);
        point.getStatus().volumes = List.of(volume);
    }

    @Test
    void reportsAPointCompleteAtItsOriginAndCompletedCopies() {
        assertThat(PlanPoints.isCompleteIn(point, "near")).isTrue();
        assertThat(PlanPoints.isCompleteIn(point, "far")).isFalse();
        copy.state = CopyState.Completed;
        assertThat(PlanPoints.isCompleteIn(point, "far")).isTrue();
    }

    @Test
    void reportsSnapshotOnlyPointsCompleteInNoLocation() {
        volume.kept = new Kept("csi.example.com", "s-1");
        assertThat(PlanPoints.isCompleteIn(point, "near")).isFalse();
    }
}
