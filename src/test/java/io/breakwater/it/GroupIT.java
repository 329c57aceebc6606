package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import java.time.Duration;
import java.util.List;
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

/**
 * One pod writes the same numbers to two volumes, one after the other; a group snapshot captures both at one moment.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class GroupIT {
    private static final String NAMESPACE = "group";
    private static final String COPY = "group-copy";
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Rig rig;
    private final Site site;

    GroupIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void deploy() {
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, PODS.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready(NAMESPACE);
        BackupPolicy policy = Examples.read("backuppolicy-group.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(NAMESPACE);
        policy.getMetadata().setName("group");
        policy.getSpec().schedule = null;
        policy.getSpec().locationRef = new NamedRef("blob-" + Rig.WEST);
        // Time to kill the operator between the labels on the claims and the snapshot.
        BackupPolicySpec.Hook pause = new BackupPolicySpec.Hook();
        pause.podSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "writer").build();
        pause.command = List.of("sleep", "6");
        policy.getSpec().hooks = new BackupPolicySpec.Hooks();
        policy.getSpec().hooks.pre = List.of(pause);
        site.client().resource(policy).create();
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client().namespaces().withName(COPY).delete();
    }

    @Test
    @Order(1)
    void refusesAGroupWithoutASnapshotClass() {
        site.cluster().kubectl("delete", "volumegroupsnapshotclass", "csidir");
        Condition condition;
        try {
            site.createPoint(NAMESPACE, "refused", "group");
            condition = site.awaitFailure(RestorePoint.class, NAMESPACE, "refused")
                    .getStatus()
                    .condition(Condition.SUCCEEDED)
                    .orElseThrow();
        } finally {
            site.cluster().kubectlWith(CLASS, "create", "-f", "-");
        }
        assertThat(condition.reason).isEqualTo(Reason.VolumeUnprotectable.name());
        assertThat(condition.message)
                .contains("PersistentVolumeClaim first: ")
                .contains("example.com/cut-with=pair")
                .contains("no VolumeGroupSnapshotClass for driver dir.csi.breakwater.dev")
                .doesNotContain("Claim alone");
    }

    @Test
    @Order(2)
    void snapshotsAGroupTogetherDespiteAnOperatorKill() {
        site.createPoint(NAMESPACE, "point", "group");
        rig.progress()
                .await(
                        "the claims of the group are labelled",
                        SOON,
                        () -> site.describe(RestorePoint.class, NAMESPACE, "point"),
                        () -> Optional.of(marked().size() == 2));
        site.killOperator();
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "point").getStatus();

        VolumeStatus first = volume(status, "first");
        VolumeStatus second = volume(status, "second");
        assertThat(first.group).isEqualTo("pair").isEqualTo(second.group);
        assertThat(first.groupSnapshot).isNotBlank().isEqualTo(second.groupSnapshot);
        assertThat(first.snapshotAt).isEqualTo(second.snapshotAt);
        assertThat(first.snapshot).isNotBlank().isNotEqualTo(second.snapshot);
        assertThat(volume(status, "alone").group).isNull();
        assertThat(volume(status, "alone").snapshot).isNotBlank();
        assertThat(status.warnings).isNull();
    }

    @Test
    @Order(3)
    void deletesAllSnapshotObjectsAfterTheCapture() {
        assertThat(marked()).isEmpty();
        String[] kinds = {
            "volumegroupsnapshots", "volumesnapshots", "volumegroupsnapshotcontents", "volumesnapshotcontents"
        };
        rig.progress()
                .await(
                        "the group, its members and their contents are deleted",
                        SOON,
                        () -> left(kinds),
                        () -> Optional.of(left(kinds).isBlank()));
    }

    @Test
    @Order(4)
    void restoresBothVolumesFromTheSameMoment() {
        site.createRestore(
                Rig.SYSTEM, "group-copy", "point", COPY, OnConflict.Fail, spec -> spec.sourceNamespace = NAMESPACE);
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "group-copy");
        ready(COPY);
        long first = found("first");
        long second = found("second");

        rig.progress().print("the snapshots contain the numbers %d and %d", first, second);
        assertThat(second).isPositive();
        assertThat(first - second).as("first was written just before second").isBetween(0L, 1L);
    }

    private String left(String... kinds) {
        StringBuilder left = new StringBuilder();
        for (String kind : kinds) {
            String jsonPath = kind.endsWith("contents")
                    ? "{range .items[?(@.spec.volume%sSnapshotRef.namespace==\"%s\")]}{.metadata.name} {end}"
                            .formatted(kind.contains("group") ? "Group" : "", NAMESPACE)
                    : "{range .items[*]}{.metadata.name} {end}";
            left.append(site.cluster().kubectl("get", kind, "-n", NAMESPACE, "-o", "jsonpath=" + jsonPath));
        }
        return left.toString();
    }

    /** The last number in a volume that the pod of the copy found before it continued to write. */
    private long found(String volume) {
        return Long.parseLong(site.cluster()
                .kubectl("exec", "writer", "-n", COPY, "--", "cat", "/" + volume + "/found")
                .strip());
    }

    private List<String> marked() {
        return site.client().persistentVolumeClaims().inNamespace(NAMESPACE).list().getItems().stream()
                .map(c -> c.getMetadata())
                .filter(m ->
                        m.getLabels() != null && m.getLabels().keySet().stream().anyMatch(k -> k.startsWith(Api.CUT)))
                .map(m -> m.getName())
                .toList();
    }

    private static VolumeStatus volume(RestorePointStatus status, String claim) {
        return status.volumes.stream()
                .filter(v -> v.pvc.equals(claim))
                .findFirst()
                .orElseThrow();
    }

    private void ready(String namespace) {
        site.cluster().kubectl("wait", "pod/writer", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
    }

    private static final String CLASS = """
        apiVersion: groupsnapshot.storage.k8s.io/v1beta1
        kind: VolumeGroupSnapshotClass
        metadata:
          name: csidir
          annotations: {groupsnapshot.storage.kubernetes.io/is-default-class: "true"}
        driver: dir.csi.breakwater.dev
        deletionPolicy: Delete
        """;

    private static final String PODS = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: first, labels: {example.com/cut-with: pair}}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: second, labels: {example.com/cut-with: pair}}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: alone}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer, labels: {app: writer}}
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
              for v in first second; do [ ! -e /$v/log ] || tail -n 1 /$v/log > /$v/found; done
              n=0
              while :; do
                n=$((n + 1))
                echo $n >> /first/log
                echo $n >> /second/log
                [ $((n % 50)) -gt 0 ] || sleep 0.01
              done
            securityContext: {runAsUser: 0}
            readinessProbe: {exec: {command: [test, -s, /second/log]}, periodSeconds: 1}
            volumeMounts:
            - {name: first, mountPath: /first}
            - {name: second, mountPath: /second}
            - {name: alone, mountPath: /alone}
          volumes:
          - {name: first, persistentVolumeClaim: {claimName: first}}
          - {name: second, persistentVolumeClaim: {claimName: second}}
          - {name: alone, persistentVolumeClaim: {claimName: alone}}
        """;
}
