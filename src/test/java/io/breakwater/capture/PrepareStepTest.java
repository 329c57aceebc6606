package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.volume.VolumePlanner.Planned;
import io.breakwater.volume.WorkloadUsers;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a capture reads its volumes, and its number. */
class PrepareStepTest {
    private final PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
            .withNewMetadata()
            .withName("data")
            .withNamespace("shop")
            .endMetadata()
            .withNewSpec()
            .withStorageClassName("fast")
            .withNewResources()
            .addToRequests("storage", new Quantity("1Gi"))
            .endResources()
            .endSpec()
            .build();

    /** The pods have ended, but a node may not have written everything to the volume yet. */
    @ParameterizedTest
    @EnumSource(
            value = Trigger.class,
            names = {"Final", "Divergent"})
    void readsClaimsThemselvesWhenNothingRuns(Trigger trigger) {
        VolumeStatus volume = status(new Planned(claim, "snapshots", "group", null), trigger);

        assertThat(volume.live).isTrue();
        assertThat(volume.snapshotClass).isNull();
        assertThat(volume.group).isNull();
    }

    @Test
    void readsSnapshotsOfARunningApplication() {
        VolumeStatus volume = status(new Planned(claim, "snapshots", null, null), Trigger.Scheduled);

        assertThat(volume.live).isNull();
        assertThat(volume.snapshotClass).isEqualTo("snapshots");
    }

    @Test
    void skipsTheSameClaimsInAFinalPoint() {
        VolumeStatus volume = status(new Planned(claim, null, null, "the policy skips it"), Trigger.Final);

        assertThat(volume.live).isNull();
        assertThat(volume.skipped).isEqualTo("the policy skips it");
    }

    @Test
    void numbersThePointsOfAnEpoch() {
        List<RestorePoint> points =
                List.of(point("east", 1, 7L), point("east", 2, 3L), point("west", 2, 9L), point("east", 2, null));

        assertThat(SnapshotStep.nextNumber(points, "east", 2)).isEqualTo(4);
        assertThat(SnapshotStep.nextNumber(points, "east", 3)).isEqualTo(1);
    }

    private static RestorePoint point(String site, long epoch, Long sequence) {
        RestorePoint point = new RestorePoint();
        point.setStatus(new RestorePointStatus());
        point.getStatus().site = site;
        point.getStatus().epoch = epoch;
        point.getStatus().sequence = sequence;
        return point;
    }

    private static VolumeStatus status(Planned planned, Trigger trigger) {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            return PrepareStep.status(planned, new WorkloadUsers(cluster.client(), "shop"), false, trigger);
        }
    }
}
