package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestoreSpec.OnConflict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A user without a cloud account: the chart's own location takes a first backup, and it is restored. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuickstartIT {
    private static final String NAMESPACE = "quickstart";

    private final Rig rig;
    private final Site site;

    QuickstartIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void turnOn() {
        rig.install(site.cluster(), "quickstart.enabled=true");
        site.cluster().createNamespace(NAMESPACE);
    }

    @AfterAll
    void turnOff() {
        site.client().namespaces().withName(NAMESPACE).delete();
        rig.install(site.cluster(), "quickstart.enabled=false");
    }

    @Test
    void restoresAFirstBackup() {
        site.awaitLocation(Rig.SYSTEM, "quickstart");
        site.cluster().apply(NAMESPACE, NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        write("before");
        site.client().resource(Examples.policy(NAMESPACE, "note", "quickstart")).create();
        site.createPoint(NAMESPACE, "first", "note");
        assertThat(site.awaitPoint(NAMESPACE, "first").getStatus().volumeCount).isEqualTo(1);

        assertThat(read("state")).as("the hooks in its annotations were run").isEqualTo("thawed");
        write("after");
        site.restore(NAMESPACE, "back", "first", null, OnConflict.Replace);

        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        assertThat(read("note")).isEqualTo("before");
        assertThat(read("state")).as("the snapshot was taken between the hooks").isEqualTo("frozen");
    }

    private String read(String file) {
        return site.cluster()
                .kubectl("exec", "writer", "-n", NAMESPACE, "--", "cat", "/data/" + file)
                .strip();
    }

    private void write(String note) {
        site.cluster()
                .kubectl("exec", "writer", "-n", NAMESPACE, "--", "sh", "-c", "echo " + note + " > /data/note; sync");
    }

    private static final String NOTE = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: note}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: writer
          annotations:
            pre.hook.backup.velero.io/command: '["sh", "-c", "echo frozen > /data/state; sync"]'
            post.hook.backup.velero.io/command: '["sh", "-c", "echo thawed > /data/state; sync"]'
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: note}}]
        """;
}
