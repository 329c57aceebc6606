package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestorePointStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** An application that a hook paused resumes, also if Breakwater is stopped and does not start again. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HooksIT {
    private static final String NAMESPACE = "hooks";
    private static final String OPERATOR = "deployment/breakwater-operator";

    private final Rig rig;
    private final Site site;

    HooksIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        rig.locate();
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, POD.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/app", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        site.client()
                .resource(Examples.policy(NAMESPACE, "app", "blob-" + Rig.WEST))
                .create();
    }

    @AfterAll
    void remove() {
        scale(1);
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    @Tag("long")
    void resumesTheApplicationWithoutTheOperator() {
        site.createPoint(NAMESPACE, "abandoned", "app");
        await("is frozen", "frozen");
        site.killOperator();
        scale(0);

        await("thaws", "frozen", "thawed");
        assertThat(readyOperators()).as("only the pod itself can have done it").doesNotContain("true");

        scale(1);
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "abandoned").getStatus();
        assertThat(status.warnings)
                .containsExactly("the content of 1 emptyDir volume of pods is not in the point: app/left");
        assertThat(printed()).endsWith("frozen", "thawed").doesNotContainSequence("frozen", "frozen");
    }

    /** The first hook runs in a native sidecar; the second one fails, and so does the point, at once. */
    @Test
    void failsThePointWhenAHookAfterTheSnapshotsFails() {
        String namespace = NAMESPACE + "-fail";
        site.cluster().createNamespace(namespace);
        try {
            site.cluster().apply(namespace, SIDECAR.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
            site.cluster().kubectl("wait", "pod/app", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
            site.client()
                    .resource(Examples.policy(namespace, "app", "blob-" + Rig.WEST))
                    .create();
            site.createPoint(namespace, "stuck", "app");
            site.cluster()
                    .kubectl(
                            "wait",
                            "restorepoint/stuck",
                            "-n",
                            namespace,
                            "--for=jsonpath={.status.conditions[?(@.type=='Succeeded')].reason}=QuiesceFailed",
                            "--timeout=120s");
            assertThat(site.cluster()
                            .kubectl("exec", "app", "-n", namespace, "-c", "agent", "--", "cat", "/left/hooks")
                            .lines())
                    .containsExactly("frozen", "thawed");
        } finally {
            site.client().namespaces().withName(namespace).delete();
        }
    }

    private static final String SIDECAR = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: app
          annotations:
            pre.hook.backup.velero.io/container: agent
            pre.hook.backup.velero.io/command: '["sh", "-c", "echo frozen >> /left/hooks"]'
            post.hook.backup.velero.io/container: agent
            post.hook.backup.velero.io/command: '["sh", "-c", "echo thawed >> /left/hooks; exit 3"]'
        spec:
          terminationGracePeriodSeconds: 1
          initContainers:
          - name: agent
            image: IMAGE
            imagePullPolicy: IfNotPresent
            restartPolicy: Always
            command: [sh, -c, "touch /left/hooks; sleep 36000"]
            volumeMounts: [{name: left, mountPath: /left}]
          containers:
          - name: app
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "36000"]
          volumes: [{name: left, emptyDir: {}}]
        """;

    private void await(String what, String... lines) {
        rig.progress()
                .await(
                        "the application " + what,
                        Duration.ofMinutes(2),
                        () -> printed().toString(),
                        () -> Optional.of(printed().equals(List.of(lines))));
    }

    /** The output of the hooks, in order. */
    private List<String> printed() {
        return site.cluster()
                .kubectl("exec", "app", "-n", NAMESPACE, "--", "cat", "/left/hooks")
                .lines()
                .toList();
    }

    private void scale(int replicas) {
        site.cluster().kubectl("scale", OPERATOR, "-n", Rig.SYSTEM, "--replicas=" + replicas);
    }

    /** Whether each operator is ready. One that was killed and starts again is not. */
    private String readyOperators() {
        return site.cluster()
                .kubectl(
                        "get",
                        "pods",
                        "-n",
                        Rig.SYSTEM,
                        "-l",
                        "app.kubernetes.io/component=operator",
                        "-o",
                        "jsonpath={.items[*].status.containerStatuses[*].ready}");
    }

    private static final String POD = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: app
          annotations:
            pre.hook.backup.velero.io/command: '["sh", "-c", "echo frozen >> /left/hooks; sleep 5"]'
            pre.hook.backup.velero.io/timeout: 10s
            post.hook.backup.velero.io/command: '["sh", "-c", "echo thawed >> /left/hooks"]'
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: app
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sh, -c, "touch /left/hooks; sleep 36000"]
            volumeMounts: [{name: left, mountPath: /left}]
          volumes: [{name: left, emptyDir: {}}]
        """;
}
