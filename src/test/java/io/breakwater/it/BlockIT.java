package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A raw block volume: every byte of the device is restored, in place and into another namespace. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class BlockIT {
    private static final String NAMESPACE = "block";
    private static final String COPY = "block-copy";
    private static final String SMALL = "block-small";
    private static final long SIZE = 64 << 20;

    private final Rig rig;
    private final Site site;
    private String captured;

    BlockIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        deploy(NAMESPACE, "64Mi");
        site.client()
                .resource(Examples.policy(NAMESPACE, "block", "blob-" + Rig.WEST))
                .create();
    }

    /** Waits for their deletion, because the loop devices of the volumes belong to the machine, not to the cluster. */
    @AfterAll
    void remove() {
        for (String namespace : List.of(NAMESPACE, COPY, SMALL)) {
            site.cluster().deleteNamespace(namespace, rig.progress());
        }
    }

    @Test
    @Order(1)
    void capturesABlockVolume() {
        sh(NAMESPACE, "head -c 20M /dev/urandom | dd of=/dev/disk bs=1M iflag=fullblock seek=7 conv=fsync");
        captured = sum(NAMESPACE);
        site.createPoint(NAMESPACE, "point", "block");
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "point").getStatus();

        assertThat(status.volumes).singleElement().satisfies(v -> {
            assertThat(v.volumeMode).isEqualTo(VolumeMode.Block);
            assertThat(v.logicalBytes).isEqualTo(SIZE);
            assertThat(v.addedBytes).as("zeros use no space").isBetween(20L << 20, 24L << 20);
        });
    }

    @Test
    @Order(2)
    void verifiesABlockVolume() {
        site.createVerification(NAMESPACE, "block", "block", "point", VerificationSpec.Level.Checksum);
        site.awaitSuccess(Verification.class, NAMESPACE, "block");
    }

    @Test
    @Order(3)
    void restoresABlockVolumeInPlace() {
        sh(NAMESPACE, "dd if=/dev/urandom of=/dev/disk bs=1M count=64 conv=fsync");
        assertThat(sum(NAMESPACE)).isNotEqualTo(captured);
        site.restore(NAMESPACE, "undo", "point", null, OnConflict.Replace);
        ready(NAMESPACE);

        assertThat(sum(NAMESPACE)).isEqualTo(captured);
    }

    @Test
    @Order(4)
    void restoresABlockVolumeIntoAnotherNamespace() {
        site.createRestore(
                Rig.SYSTEM, "block-copy", "point", COPY, OnConflict.Fail, spec -> spec.sourceNamespace = NAMESPACE);
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "block-copy");
        ready(COPY);

        assertThat(sum(COPY)).isEqualTo(captured);
        assertThat(site.client()
                        .persistentVolumeClaims()
                        .inNamespace(COPY)
                        .withName("disk")
                        .get()
                        .getSpec()
                        .getVolumeMode())
                .isEqualTo("Block");
    }

    @Test
    @Order(5)
    void refusesToRestoreIntoATooSmallDevice() {
        deploy(SMALL, "32Mi");
        sh(SMALL, "echo mine > /dev/disk");
        site.createRestore(
                Rig.SYSTEM,
                "block-small",
                "point",
                SMALL,
                OnConflict.Replace,
                spec -> spec.sourceNamespace = NAMESPACE);
        Condition condition = failure(Rig.SYSTEM, "block-small");

        assertThat(condition.reason).isEqualTo(Reason.Conflict.name());
        assertThat(condition.message).contains("claim disk has room for 32Mi").contains("67108864 bytes");
        ready(SMALL);
        assertThat(sh(SMALL, "head -c 4 /dev/disk")).isEqualTo("mine");
    }

    @Test
    @Order(6)
    void refusesFileRestoresFromABlockVolume() {
        site.createRestore(NAMESPACE, "files", "point", null, OnConflict.Update, spec -> {
            spec.files = new RestoreSpec.Files();
            spec.files.pvc = "disk";
            spec.files.paths = List.of("/etc");
        });
        Condition condition = failure(NAMESPACE, "files");

        assertThat(condition.reason).isEqualTo(Reason.InvalidSpec.name());
        assertThat(condition.message).contains("disk of spec.files.pvc is a raw block volume");
        assertThat(sum(NAMESPACE)).isEqualTo(captured);
    }

    private Condition failure(String namespace, String restore) {
        return site.awaitFailure(Restore.class, namespace, restore)
                .getStatus()
                .condition(Condition.SUCCEEDED)
                .orElseThrow();
    }

    private void deploy(String namespace, String size) {
        site.cluster().createNamespace(namespace);
        site.cluster()
                .apply(
                        namespace,
                        PODS.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE"))
                                .replace("SIZE", size));
        ready(namespace);
    }

    private void ready(String namespace) {
        site.cluster().kubectl("rollout", "status", "deploy/writer", "-n", namespace, "--timeout=120s");
    }

    private String sum(String namespace) {
        return sh(namespace, "sha256sum < /dev/disk");
    }

    private String sh(String namespace, String script) {
        return site.cluster().kubectl("exec", "deploy/writer", "-n", namespace, "--", "bash", "-c", script);
    }

    private static final String PODS = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: disk}
        spec:
          accessModes: [ReadWriteOnce]
          volumeMode: Block
          resources: {requests: {storage: SIZE}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: writer}
        spec:
          strategy: {type: Recreate}
          selector: {matchLabels: {app: writer}}
          template:
            metadata: {labels: {app: writer}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: writer
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sleep, infinity]
                securityContext: {runAsUser: 0}
                volumeDevices:
                - {name: disk, devicePath: /dev/disk}
              volumes:
              - {name: disk, persistentVolumeClaim: {claimName: disk}}
        """;
}
