package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Points in time, parts, merges, transforms and dry runs, with a small application with two volumes. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RestoreIT {
    private static final String NS = "restores";
    private static final String COPY = "restores-copy";

    private final Rig rig;
    private final Site site;
    private String firstCapture;

    RestoreIT(Rig rig) {
        this.rig = rig;
        this.site = rig.east();
    }

    @BeforeAll
    void capture() {
        site.cluster().createNamespace(NS);
        BackupPolicy policy = Examples.policy(NS, "shop", "blob-" + Rig.EAST);
        site.client().resource(policy).serverSideApply();
        site.cluster().apply(NS, APPLICATION.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        awaitPod();
        write("one");
        site.createPoint(NS, "first", "shop");
        firstCapture = site.awaitPoint(NS, "first").getStatus().capturedAt;
        write("two");
        site.createPoint(NS, "second", "shop");
        site.awaitPoint(NS, "second");
    }

    @AfterAll
    void clean() {
        site.client().namespaces().withName(COPY).delete();
        site.client().namespaces().withName(NS).delete();
    }

    /** Changes after the first point: a setting was changed, one was added, a Secret was deleted. */
    @BeforeEach
    void live() {
        site.cluster().kubectl("delete", "configmap/settings", "secret/password", "-n", NS, "--ignore-not-found");
        site.cluster()
                .kubectl(
                        "create",
                        "configmap",
                        "settings",
                        "-n",
                        NS,
                        "--from-literal=color=blue",
                        "--from-literal=added=later");
    }

    @Test
    void reportsAllActionsOfADryRunWithoutChanges() {
        String pod = pod();
        RestoreStatus status = restore("dry-run", """
            policyRef: {name: shop}
            at: FIRST
            onConflict: Replace
            dryRun: true
            """);
        String objects = report(status);
        rig.progress().quote(objects);
        assertThat(objects.lines().map(String::strip))
                .contains(
                        "replace  configmaps restores/settings: /data/added, /data/color",
                        "create   secrets restores/password")
                .anyMatch(l -> l.startsWith("replace  persistentvolumeclaims restores/left: its content"))
                .anyMatch(l -> l.startsWith("leave    deployments.apps restores/writer"));
        assertThat(status.replaced).isEqualTo(1);
        assertThat(status.created).isEqualTo(1);
        assertThat(status.refused).isZero();
        assertThat(settings()).isEqualTo(Map.of("color", "blue", "added", "later"));
        assertThat(site.client().secrets().inNamespace(NS).withName("password").get())
                .isNull();
        assertThat(pod()).isEqualTo(pod);
        assertThat(site.client().persistentVolumeClaims().inNamespace(NS).list().getItems())
                .hasSize(2);
    }

    @Test
    void reportsMergedFieldsInADryRunOfAnUpdate() {
        RestoreStatus status = restore("dry-update", """
            policyRef: {name: shop}
            at: FIRST
            onConflict: Update
            dryRun: true
            """);
        assertThat(report(status).lines())
                .contains("update   configmaps restores/settings: /data/color")
                .anyMatch(l -> l.startsWith("leave    persistentvolumeclaims restores/left"));
        assertThat(status.updated).isEqualTo(1);
        assertThat(settings()).containsEntry("color", "blue");
    }

    @Test
    void mergesObjectsOfAMomentWithoutTouchingVolumes() {
        String left = read("left");
        RestoreStatus status = restore("update", """
            policyRef: {name: shop}
            at: FIRST
            onConflict: Update
            """);
        assertThat(status.restorePoint).contains("/" + NS + "/").endsWith("/first");
        assertThat(status.updated).isEqualTo(1);
        assertThat(status.created).isEqualTo(1);
        assertThat(settings()).isEqualTo(Map.of("color", "red", "added", "later"));
        assertThat(site.client().secrets().inNamespace(NS).withName("password").get())
                .isNotNull();
        assertThat(read("left")).isEqualTo(left);
        assertThat(status.volumes).isEmpty();
    }

    @Test
    void restoresASingleVolume() {
        write("three");
        RestoreStatus status = restore("one-volume", """
            restorePointRef: {name: first}
            include: [{kinds: [persistentvolumeclaims], names: [left]}]
            onConflict: Replace
            """);
        assertThat(status.volumes)
                .singleElement()
                .satisfies(v -> assertThat(v.pvc).isEqualTo("left"));
        awaitPod();
        assertThat(read("left")).isEqualTo("one");
        assertThat(read("right")).isEqualTo("three");
        assertThat(settings()).containsEntry("color", "blue");
    }

    @Test
    void restoresASingleObjectWithTransforms() {
        site.cluster().kubectl("delete", "configmap", "settings", "-n", NS);
        String pod = pod();
        restore("one-object", """
            policyRef: {name: shop}
            include: [{kinds: [configmaps], names: [settings]}]
            onConflict: Replace
            transforms:
            - select: {names: [settings]}
              jsonPatch:
              - {op: replace, path: /data/color, value: green}
              - {op: add, path: /immutable, value: false}
              - {op: add, path: /metadata/labels, value: {restored: "yes"}}
            - select: {kinds: [configmaps]}
              mergePatch: {data: {merged: "1"}}
            """);
        assertThat(settings()).isEqualTo(Map.of("color", "green", "merged", "1"));
        var made =
                site.client().configMaps().inNamespace(NS).withName("settings").get();
        assertThat(made.getImmutable()).isFalse();
        assertThat(made.getMetadata().getLabels()).containsEntry("restored", "yes");
        assertThat(pod()).as("no pod was held for it").isEqualTo(pod);
    }

    @Test
    void restoresSingleFilesWhileTheApplicationRuns() {
        exec("echo mine > /right/file; rm -f /right/sub/*; echo new > /right/new");
        String pod = pod();
        RestoreStatus status = restore("files", """
            restorePointRef: {name: first}
            files: {pvc: left, targetPvc: right, paths: [/file, '/sub/*.txt']}
            onConflict: Skip
            """);
        assertThat(status.files)
                .as("number of written files, without the one that existed")
                .isEqualTo(2);
        assertThat(exec("cat /right/file /right/new /right/sub/a.txt /right/sub/b.txt"))
                .isEqualTo("mine\nnew\none\none\n");
        assertThat(exec("ls /right/sub").lines()).containsExactlyInAnyOrder("a.txt", "b.txt");
        create("files-none", """
            restorePointRef: {name: first}
            files: {pvc: left, paths: [/no/such/file]}
            onConflict: Skip
            """);
        restore("files-over", """
            restorePointRef: {name: first}
            files: {pvc: left, targetPvc: right, paths: [/file]}
            onConflict: Update
            """);
        assertThat(exec("cat /right/file /right/new")).isEqualTo("one\nnew\n");
        assertThat(pod()).isEqualTo(pod);
        assertThat(rig.progress()
                        .awaitValue(
                                "files that are not in the point are reported",
                                Duration.ofMinutes(1),
                                () -> site.describe(Restore.class, NS, "files-none"),
                                () -> site.get(Restore.class, NS, "files-none")
                                        .map(Restore::getStatus)
                                        .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                        .filter(c -> c.status.equals("False")))
                        .message)
                .contains("nothing at the paths");
    }

    @Test
    void runsTheRestoreHookOfARestoredPod() {
        var restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withNamespace(Rig.SYSTEM)
                .withName("commands")
                .build());
        restore.setSpec(Serialization.unmarshal("""
            restorePointRef: {name: first}
            sourceNamespace: %s
            targetNamespace: %s
            """.formatted(NS, COPY), RestoreSpec.class));
        site.client().resource(restore).create();
        RestoreStatus status =
                site.awaitSuccess(Restore.class, Rig.SYSTEM, "commands").getStatus();

        assertThat(status.hooks)
                .singleElement()
                .satisfies(h -> assertThat(h.pod).startsWith("writer-"));
        assertThat(site.cluster()
                        .kubectl("exec", "-n", COPY, status.hooks.getFirst().pod, "--", "cat", "/left/commands"))
                .isEqualTo("ran\n");
    }

    private RestoreStatus restore(String name, String spec) {
        create(name, spec);
        return site.awaitSuccess(Restore.class, NS, name).getStatus();
    }

    private void create(String name, String spec) {
        var restore = new Restore();
        restore.setMetadata(
                new ObjectMetaBuilder().withNamespace(NS).withName(name).build());
        restore.setSpec(Serialization.unmarshal(spec.replace("FIRST", '"' + firstCapture + '"'), RestoreSpec.class));
        site.client().resource(restore).create();
    }

    private String report(RestoreStatus status) {
        return site.client()
                .configMaps()
                .inNamespace(NS)
                .withName(status.report)
                .get()
                .getData()
                .get("objects");
    }

    private Map<String, String> settings() {
        return site.client()
                .configMaps()
                .inNamespace(NS)
                .withName("settings")
                .get()
                .getData();
    }

    private void write(String text) {
        exec("mkdir -p /left/sub /right/sub; for f in file sub/a.txt sub/b.txt sub/c.log; do echo " + text
                + " > /left/$f; echo " + text + " > /right/$f; done; sync");
    }

    private String read(String volume) {
        return exec("cat /" + volume + "/file").strip();
    }

    private String exec(String command) {
        return site.cluster().kubectl("exec", "-n", NS, pod(), "--", "sh", "-c", command);
    }

    /** Name of the running pod. */
    private String pod() {
        return running().orElseThrow(() -> new AssertionError("no pod runs in " + NS));
    }

    private Optional<String> running() {
        return site.client().pods().inNamespace(NS).withLabel("app", "writer").list().getItems().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .filter(p -> p.getStatus().getConditions().stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True")))
                .map(p -> p.getMetadata().getName())
                .findFirst();
    }

    private void awaitPod() {
        rig.progress()
                .await(
                        "the application in " + NS + " runs",
                        Duration.ofMinutes(2),
                        () -> site.cluster().kubectl("get", "pods", "-n", NS),
                        () -> running().map(name -> true));
    }

    private static final String APPLICATION = """
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {color: red}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: password}, stringData: {a: b}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: left}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: right}
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
                post.hook.restore.velero.io/command: '["sh", "-c", "echo ran >> /left/commands"]'
                post.hook.restore.velero.io/wait-for-ready: "true"
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: writer
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sleep, "3600"]
                volumeMounts: [{name: left, mountPath: /left}, {name: right, mountPath: /right}]
              volumes:
              - {name: left, persistentVolumeClaim: {claimName: left}}
              - {name: right, persistentVolumeClaim: {claimName: right}}
        """;
}
