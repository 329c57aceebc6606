package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.StoreLayout;
import io.fabric8.kubernetes.client.CustomResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A capture fails after its archive and one of its volumes are in the store; their data is deleted, and other points
 * can be restored.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class UnsealedIT {
    private static final String NAMESPACE = "unsealed";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;
    private ObjectStore store;

    UnsealedIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void protect() {
        rig.locate();
        store = rig.store(Rig.WEST);
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, TWO.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        BackupPolicy policy = Examples.policy(NAMESPACE, "note", "blob-" + Rig.WEST);
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        policy.getSpec().volumes.mover = new io.breakwater.api.MoverSettings();
        policy.getSpec().volumes.mover.parallelism = 1;
        policy.getSpec().volumes.mover.throttle = "300Ki";
        site.client().resource(policy).create();
    }

    @AfterAll
    void remove() {
        rig.install(
                site.cluster(),
                "sweep.grace=24H",
                "sweep.unsealed=24H",
                "sweep.interval=10M",
                "sweep.prune.interval=24H");
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void freesFailedCaptureLeftoversAndRestoresALaterPoint() {
        write();
        failHalfWay();
        String uid = site.get(RestorePoint.class, NAMESPACE, "broken")
                .orElseThrow()
                .getMetadata()
                .getUid();
        String archive = StoreLayout.archive(site.identity(NAMESPACE), "broken", uid);
        assertThat(keys(archive)).as("its archive").isNotEmpty();
        assertThat(keys(repository() + "snapshots/"))
                .as("the snapshot of its first volume")
                .hasSize(1);
        String left = keys(repository() + "snapshots/").getFirst();
        long before = bytes();

        rig.install(
                site.cluster(), "sweep.grace=1S", "sweep.unsealed=1S", "sweep.interval=1S", "sweep.prune.interval=1S");
        rig.progress()
                .awaitValue(
                        "the data of the failed capture is freed",
                        SOON,
                        () -> keys(archive) + " " + keys(repository() + "snapshots/") + " " + bytes() + " bytes of "
                                + before,
                        () -> keys(archive).isEmpty()
                                        && !keys(repository() + "snapshots/").contains(left)
                                        && bytes() <= before - 1_000_000
                                ? Optional.of(true)
                                : Optional.empty());
        for (String kind : List.of("archive", "snapshot")) {
            rig.progress()
                    .awaitValue(
                            "a swept " + kind + " is counted",
                            SOON,
                            () -> "not yet",
                            () -> site.metric("breakwater_unsealed_swept_total", kind, "blob-" + Rig.WEST)
                                    .filter(n -> n > 0));
        }

        write();
        String digest = note();
        site.createPoint(NAMESPACE, "whole", "note");
        site.awaitPoint(NAMESPACE, "whole");
        write();
        site.restore(NAMESPACE, "back", "whole", null, OnConflict.Replace);
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        assertThat(note()).isEqualTo(digest);
    }

    /** The second volume's snapshot is deleted while the first volume is moved slowly. */
    private void failHalfWay() {
        site.createPoint(NAMESPACE, "broken", "note");
        String second = rig.progress()
                .awaitValue(
                        "the first volume is moved",
                        SOON,
                        () -> site.describe(RestorePoint.class, NAMESPACE, "broken"),
                        () -> site.get(RestorePoint.class, NAMESPACE, "broken")
                                .filter(p -> p.getStatus() != null && "Move".equals(p.getStatus().progress))
                                .map(p -> p.getStatus().volumes.getLast().snapshot));
        site.cluster().kubectl("delete", "volumesnapshot/" + second, "-n", NAMESPACE);
        Condition failed = rig.progress()
                .awaitValue(
                        "the capture fails",
                        SOON,
                        () -> site.describe(RestorePoint.class, NAMESPACE, "broken"),
                        () -> site.get(RestorePoint.class, NAMESPACE, "broken")
                                .map(CustomResource::getStatus)
                                .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                .filter(c -> "False".equals(c.status)));
        assertThat(failed.reason).isEqualTo(Reason.SnapshotFailed.name());
    }

    private String repository() {
        return StoredRepository.prefix(store, site.identity(NAMESPACE));
    }

    private void write() {
        site.cluster()
                .kubectl(
                        "exec",
                        "writer",
                        "-n",
                        NAMESPACE,
                        "--",
                        "sh",
                        "-c",
                        "head -c 2000000 /dev/urandom > /data/note; sync");
    }

    private String note() {
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "sha256sum", "/data/note");
    }

    private List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        store.list(prefix, o -> keys.add(o.key()));
        return keys;
    }

    private long bytes() {
        long[] sum = {0};
        store.list(repository() + "data/", o -> sum[0] += o.size());
        return sum[0];
    }

    /** The volumes are moved in the order of their names. */
    private static final String TWO = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: first}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: second}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            volumeMounts: [{name: first, mountPath: /data}, {name: second, mountPath: /second}]
          volumes:
          - {name: first, persistentVolumeClaim: {claimName: first}}
          - {name: second, persistentVolumeClaim: {claimName: second}}
        """;
}
