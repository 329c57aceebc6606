package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A namespace under Pod Security `restricted` with a quota: its movers are pods that the namespace permits. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestrictedNamespaceIT {
    private static final String NAMESPACE = "restricted";
    private static final String OWNER = "1000";

    private final Rig rig;
    private final Site site;

    RestrictedNamespaceIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        rig.locate();
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted");
        site.cluster().apply(NAMESPACE, WORKLOAD.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready();
        sh("umask 077; mkdir /data/private; echo first > /data/private/note; sync");
        site.client()
                .resource(Examples.policy(NAMESPACE, "restricted", "blob-" + Rig.WEST))
                .create();
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    @Order(1)
    void capturesAVolumeAsTheUserOfItsWorkload() {
        site.createPoint(NAMESPACE, "point", "restricted");
        RestorePoint point = site.awaitPoint(NAMESPACE, "point");

        assertThat(point.getStatus().volumes).singleElement().satisfies(v -> {
            assertThat(v.skipped).isNull();
            assertThat(v.user.runAsUser).isEqualTo(Long.valueOf(OWNER));
        });
    }

    @Test
    @Order(2)
    void verifiesThePointInASandboxOfTheSameLevel() {
        site.createVerification(NAMESPACE, "proof", "restricted", "point", Level.Restored);
        site.awaitSuccess(Verification.class, NAMESPACE, "proof");
    }

    @Test
    @Order(3)
    void restoresTheFilesForTheWorkload() {
        String before = owners();
        sh("echo changed > /data/private/note; chmod 755 /data/private; chmod 644 /data/private/note; sync");
        assertThat(owners()).isNotEqualTo(before);
        site.restore(NAMESPACE, "undo", "point", null, OnConflict.Replace);
        ready();

        assertThat(sh("cat /data/private/note")).isEqualTo("first\n");
        assertThat(owners()).startsWith(OWNER + " ").isEqualTo(before);
        assertThat(site.get(Restore.class, NAMESPACE, "undo").orElseThrow().getStatus().warnings)
                .as("files with another owner, group or mode")
                .isNull();
    }

    /** Owner, group and mode of the directory and the file. */
    private String owners() {
        return sh("stat -c '%u %g %a' /data/private /data/private/note");
    }

    private void ready() {
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
    }

    private String sh(String script) {
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "sh", "-c", script);
    }

    private static final String WORKLOAD = """
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: few}
        spec:
          hard: {limits.cpu: "2", limits.memory: 3Gi, requests.cpu: "1", requests.memory: 2Gi, pods: "4"}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 64Mi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          terminationGracePeriodSeconds: 1
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
            runAsGroup: 1000
            fsGroup: 1000
            fsGroupChangePolicy: OnRootMismatch # by default the kubelet changes the modes at each start
            seccompProfile: {type: RuntimeDefault}
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
            resources:
              requests: {cpu: 50m, memory: 32Mi}
              limits: {cpu: 100m, memory: 64Mi}
            volumeMounts: [{name: data, mountPath: /data}]
          volumes:
          - {name: data, persistentVolumeClaim: {claimName: data}}
        """;
}
