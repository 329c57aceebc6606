package io.breakwater.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Errors of snapshots are written to statuses, so they have the words of the API server only. */
class RefusedSnapshotsTest {
    private static final String QUOTA = "exceeded quota: snapshots, requested:"
            + " count/volumesnapshots.snapshot.storage.k8s.io=1, used: count/volumesnapshots.snapshot.storage.k8s.io=4,"
            + " limited: count/volumesnapshots.snapshot.storage.k8s.io=4";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final Snapshots snapshots = new Snapshots(cluster.client());
    private final GroupSnapshots groups = new GroupSnapshots(cluster.client());
    private final KeptSnapshots kept = new KeptSnapshots(cluster.client(), snapshots);

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void reportsTheQuotaOfSnapshots() {
        cluster.refuse("POST", "/volumesnapshots", 403, "volumesnapshots \"s\" is forbidden: " + QUOTA);
        assertThat(message(() -> snapshots.create("shop", "s", "data", "csi", Map.of())))
                .startsWith("could not create VolumeSnapshot shop/s of claim data: volumesnapshots \"s\" is forbidden")
                .endsWith("increase count/volumesnapshots.snapshot.storage.k8s.io of ResourceQuota snapshots, or delete"
                        + " objects that it counts");
    }

    @Test
    void reportsARefusedGroup() {
        cluster.refuse("POST", "/volumegroupsnapshots", 403, "admission webhook \"a.b\" denied the request: no groups");
        assertThat(message(() -> groups.create("v1", "shop", "uid", "g", "csi", Map.of())))
                .isEqualTo(
                        "could not create VolumeGroupSnapshot shop/g: admission webhook \"a.b\" denied the request: no"
                                + " groups");
    }

    @Test
    void reportsARefusedLabel() {
        cluster.add(new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("data")
                .endMetadata()
                .build());
        cluster.refuse("PATCH", "/persistentvolumeclaims", 403, "persistentvolumeclaims \"data\" is forbidden");
        assertThat(message(() -> groups.mark("shop", "uid", "g", List.of("data"))))
                .isEqualTo("could not label PersistentVolumeClaim shop/data for its group snapshot:"
                        + " persistentvolumeclaims \"data\" is forbidden");
    }

    @Test
    void reportsARefusedImport() {
        cluster.refuse("POST", "/volumesnapshotcontents", 500, "etcdserver: request timed out");
        assertThat(message(() -> kept.importInto(
                        "east/shop/p", new KeptSnapshots.Handle("driver", "id"), "copy", "name", "run")))
                .isEqualTo("could not write VolumeSnapshotContent name: etcdserver: request timed out");
    }

    private String message(Runnable work) {
        String message =
                catchThrowableOfType(BreakwaterException.class, work::run).getMessage();
        assertThat(message)
                .doesNotContain(
                        "Failure executing", cluster.client().getMasterUrl().getHost());
        return message;
    }
}
