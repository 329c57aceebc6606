package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** Points with retained snapshots: no data is moved, and the volumes are restored anyway. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SnapshotIT {
    private static final String NAMESPACE = "kept";
    private static final String COPY = "kept-copy";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;

    SnapshotIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        rig.locate();
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, POD.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready(NAMESPACE);
        sh(NAMESPACE, "echo first > /data/kept");
        BackupPolicy policy = Examples.policy(NAMESPACE, "kept", "blob-" + Rig.WEST);
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        policy.getSpec().volumes.method = VolumeMethod.Snapshot;
        policy.getSpec().copies = null;
        site.client().resource(policy).create();
    }

    @AfterAll
    void remove() {
        rig.install(site.cluster(), "sweep.grace=24H", "sweep.unsealed=24H", "sweep.interval=10M");
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client().namespaces().withName(COPY).delete();
    }

    @Test
    @Order(1)
    void capturesASnapshotWithoutMovingData() {
        site.createPoint(NAMESPACE, "point", "kept");
        VolumeStatus volume =
                site.awaitPoint(NAMESPACE, "point").getStatus().volumes.getFirst();

        assertThat(volume.kept.driver).isEqualTo("dir.csi.breakwater.dev");
        assertThat(volume.kept.handle).isNotBlank();
        assertThat(volume.repositorySnapshot).isNull();
        assertThat(contents("point", "{.spec.deletionPolicy} ")).isEqualTo("Retain");
        assertThat(sh(NAMESPACE, "cat /data/state"))
                .as("the hooks in the annotations of the pod were run")
                .isEqualTo("thawed\n");
        rig.progress()
                .await(
                        "the objects of the capture are deleted after its success",
                        SOON,
                        () -> leftovers(NAMESPACE),
                        () -> Optional.of(site.cluster()
                                .kubectl("get", "volumesnapshots,jobs", "-n", NAMESPACE, "-o", "name")
                                .isBlank()));
    }

    @Test
    @Order(2)
    void replacesAnExistingClaimFromTheSnapshot() {
        sh(NAMESPACE, "echo changed > /data/kept; echo more > /data/more");
        site.restore(NAMESPACE, "undo", "point", null, OnConflict.Replace);
        ready(NAMESPACE);

        assertThat(sh(NAMESPACE, "cat /data/kept")).isEqualTo("first\n");
        assertThat(sh(NAMESPACE, "ls /data")).doesNotContain("more");
        assertThat(sh(NAMESPACE, "cat /data/state"))
                .as("the snapshot was taken between the hooks")
                .isEqualTo("frozen\n");
        nothingIsLeftOfARestore(NAMESPACE);
    }

    @Test
    @Order(3)
    void verifiesASnapshotOnlyPoint() {
        site.createVerification(NAMESPACE, "proof", "kept", "point", VerificationSpec.Level.Restored);
        site.awaitSuccess(Verification.class, NAMESPACE, "proof");
    }

    @Test
    @Order(4)
    void reportsTheSiteThatHoldsTheData() {
        String listed = rig.east()
                .awaitListed(Rig.SYSTEM, Rig.WEST, NAMESPACE, "point")
                .getMetadata()
                .getName();
        rig.east().createRestore(Rig.SYSTEM, "elsewhere", listed, COPY, OnConflict.Fail);
        Condition condition = rig.east()
                .awaitFailure(Restore.class, Rig.SYSTEM, "elsewhere")
                .getStatus()
                .condition(Condition.SUCCEEDED)
                .orElseThrow();

        assertThat(condition.reason).isEqualTo(Reason.VolumeDataAbsent.name());
        assertThat(condition.message).contains("storage of site " + Rig.WEST);
    }

    @Test
    @Tag("long")
    @Order(5)
    void freesTheStorageAfterTheGracePeriod() {
        rig.install(site.cluster(), "sweep.grace=1S", "sweep.unsealed=1S", "sweep.interval=1S");
        site.createPoint(NAMESPACE, "gone", "kept");
        site.awaitPoint(NAMESPACE, "gone");
        assertThat(contents("gone", "{.spec.deletionPolicy} ")).isEqualTo("Retain");
        site.client()
                .resources(RestorePoint.class)
                .inNamespace(NAMESPACE)
                .withName("gone")
                .delete();
        rig.progress()
                .await(
                        "the snapshot is deleted from the storage",
                        SOON,
                        () -> contents("gone", "{.metadata.annotations} "),
                        () -> Optional.of(contents("gone", "{.metadata.name} ").isEmpty()));
        assertThat(contents("point", "{.spec.deletionPolicy} ")).isEqualTo("Retain");
    }

    @Test
    @Order(6)
    void restoresAfterTheNamespaceWasDeleted() {
        site.cluster().deleteNamespace(NAMESPACE, rig.progress());
        String listed = site.awaitListed(Rig.SYSTEM, Rig.WEST, NAMESPACE, "point")
                .getMetadata()
                .getName();
        site.restore(Rig.SYSTEM, "kept-copy", listed, COPY, OnConflict.Fail);
        ready(COPY);

        assertThat(sh(COPY, "cat /data/kept")).isEqualTo("first\n");
        nothingIsLeftOfARestore(COPY);
    }

    /** Contents that belong to a point of the namespace. */
    private String contents(String point, String what) {
        String uid = site.cluster().kubectl("get", "namespace", NAMESPACE, "-o", "jsonpath={.metadata.uid}");
        return site.cluster()
                .kubectl(
                        "get",
                        "volumesnapshotcontents",
                        "-o",
                        "jsonpath={range .items[?(@.metadata.annotations.breakwater\\.io/point==\"%s/%s/%s/%s/%s\")]}%s{end}"
                                .formatted(Rig.WEST, NAMESPACE, site.cluster().uid(), uid.strip(), point, what))
                .strip();
    }

    private void nothingIsLeftOfARestore(String namespace) {
        rig.progress()
                .await(
                        "nothing remains of the restore into " + namespace,
                        SOON,
                        () -> leftovers(namespace),
                        () -> Optional.of(leftovers(namespace).isBlank()));
    }

    private String leftovers(String namespace) {
        return site.cluster().kubectl("get", "volumesnapshots,jobs", "-n", namespace, "-o", "name")
                + site.cluster()
                        .kubectl(
                                "get",
                                "volumesnapshotcontents",
                                "-l",
                                "breakwater.io/run,!breakwater.io/kept-for",
                                "-o",
                                "name");
    }

    private void ready(String namespace) {
        site.cluster().kubectl("rollout", "status", "deployment/writer", "-n", namespace, "--timeout=120s");
    }

    private String sh(String namespace, String script) {
        return site.cluster().kubectl("exec", "deploy/writer", "-n", namespace, "--", "bash", "-c", script);
    }

    private static final String POD = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: writer}
        spec:
          strategy: {type: Recreate}
          selector: {matchLabels: {app: writer}}
          template:
            metadata:
              labels: {app: writer}
              annotations:
                pre.hook.backup.velero.io/command: '["sh", "-c", "echo frozen > /data/state; sync"]'
                post.hook.backup.velero.io/command: '["sh", "-c", "echo thawed > /data/state; sync"]'
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: writer
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sleep, infinity]
                securityContext: {runAsUser: 0}
                volumeMounts: [{name: data, mountPath: /data}]
              volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        """;
}
