package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A volume without CSI snapshots next to one with them; a pod creates and deletes files in it all the time. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class LiveCopyIT {
    private static final String NAMESPACE = "live";

    private final Rig rig;
    private final Site site;

    LiveCopyIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        rig.locate();
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, PODS.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready();
        BackupPolicy policy = Examples.policy(NAMESPACE, "live", "blob-" + Rig.WEST);
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        site.client().resource(policy).create();
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client().persistentVolumes().withName("live-local").delete();
    }

    @Test
    @Order(1)
    void refusesALiveCopyUnlessThePolicyAllowsIt() {
        site.createPoint(NAMESPACE, "refused", "live");
        Condition condition = site.awaitFailure(RestorePoint.class, NAMESPACE, "refused")
                .getStatus()
                .condition(Condition.SUCCEEDED)
                .orElseThrow();

        assertThat(condition.reason).isEqualTo(Reason.VolumeUnprotectable.name());
        assertThat(condition.message).contains("local").contains("LiveCopy").doesNotContain("snapped");
    }

    @Test
    @Order(2)
    void capturesAVolumeWhileItIsInUse() {
        site.client()
                .resources(BackupPolicy.class)
                .inNamespace(NAMESPACE)
                .withName("live")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"spec\":{\"volumes\":{\"method\":\"%s\"}}}".formatted(VolumeMethod.LiveCopy));
        site.createPoint(NAMESPACE, "point", "live");
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "point").getStatus();

        assertThat(status.consistency).isEqualTo(Consistency.Live);
        assertThat(status.warnings).anySatisfy(w -> assertThat(w).contains("claims local have no snapshots"));
        assertThat(volume(status, "local").live).isTrue();
        assertThat(volume(status, "local").snapshot).isNull();
        assertThat(volume(status, "snapped").live).isNull();
        assertThat(volume(status, "snapped").snapshot).isNotEmpty();
        assertThat(site.client()
                        .pods()
                        .inNamespace(NAMESPACE)
                        .withName("writer")
                        .get())
                .as("the pod continues to run")
                .isNotNull();
    }

    @Test
    @Order(3)
    void restoresALiveCopy() {
        sh("echo changed > /local/kept; echo changed > /snapped/kept; echo more > /local/more");
        site.restore(NAMESPACE, "undo", "point", null, OnConflict.Replace);
        ready();

        assertThat(sh("cat /local/kept /snapped/kept")).isEqualTo("first\nfirst\n");
        assertThat(sh("ls /local")).doesNotContain("more");
    }

    private static VolumeStatus volume(RestorePointStatus status, String claim) {
        return status.volumes.stream()
                .filter(v -> v.pvc.equals(claim))
                .findFirst()
                .orElseThrow();
    }

    private void ready() {
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
    }

    private String sh(String script) {
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "bash", "-c", script);
    }

    private static final String PODS = """
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: live-local}
        spec:
          capacity: {storage: 1Gi}
          accessModes: [ReadWriteOnce]
          storageClassName: ""
          persistentVolumeReclaimPolicy: Retain
          claimRef: {namespace: live, name: local}
          hostPath: {path: /var/lib/live-local, type: DirectoryOrCreate}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: local}
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: ""
          volumeName: live-local
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: snapped}
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
            command:
            - bash
            - -c
            - |
              [ -e /local/kept ] || echo first | tee /local/kept > /snapped/kept
              mkdir -p /local/tmp
              while :; do
                for i in $(seq 50); do echo $RANDOM > /local/tmp/$i.$RANDOM; done
                rm -f /local/tmp/*
                sleep 0.02
              done
            securityContext: {runAsUser: 0}
            readinessProbe: {exec: {command: [test, -s, /snapped/kept]}, periodSeconds: 1}
            volumeMounts:
            - {name: local, mountPath: /local}
            - {name: snapped, mountPath: /snapped}
          volumes:
          - {name: local, persistentVolumeClaim: {claimName: local}}
          - {name: snapped, persistentVolumeClaim: {claimName: snapped}}
        """;
}
