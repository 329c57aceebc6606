package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
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
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ObjectVersion;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** An attacker has the store's credentials and tries to delete a point. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class ImmutabilityIT {
    private static final String NAMESPACE = "vaulted";
    private static final String COPY = "vaulted-copy";
    private static final String LOCATION = "bucket-vault";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;
    private ObjectLockServer vault;
    private S3Client thief;

    ImmutabilityIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void protect() {
        vault = rig.vault();
        thief = vault.client();
        site.client().resource(vault.credentials()).create();
        site.client().resource(vault.location()).create();
        site.awaitLocation(Rig.SYSTEM, LOCATION);
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready(NAMESPACE);
        site.client().resource(Examples.policy(NAMESPACE, "note", LOCATION)).create();
        site.createPoint(NAMESPACE, "point", "note");
        site.awaitPoint(NAMESPACE, "point");
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(COPY).delete();
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client()
                .resources(BackupLocation.class)
                .inNamespace(Rig.SYSTEM)
                .withName(LOCATION)
                .delete();
        site.client()
                .secrets()
                .inNamespace(Rig.SYSTEM)
                .withName(ObjectLockServer.BUCKET)
                .delete();
        if (thief != null) {
            thief.close();
        }
        if (vault != null) {
            vault.close();
        }
    }

    @Test
    @Order(1)
    void refusesDeletionOfLockedObjectVersions() {
        List<ObjectVersion> needed = versions();
        assertThat(needed).extracting(ObjectVersion::key).anyMatch(k -> k.endsWith("/point.json"));
        assertThat(needed).extracting(ObjectVersion::key).anyMatch(k -> k.contains("/data/"));
        for (ObjectVersion v : needed) {
            assertThatThrownBy(() -> thief.deleteObject(
                            r -> r.bucket(ObjectLockServer.BUCKET).key(v.key()).versionId(v.versionId())))
                    .as(v.key())
                    .isInstanceOf(S3Exception.class);
        }
    }

    @Test
    @Order(2)
    void restoresHiddenObjectsAndReportsTampering() {
        List<ObjectVersion> hidden = versions();
        hidden.forEach(
                v -> thief.deleteObject(r -> r.bucket(ObjectLockServer.BUCKET).key(v.key())));
        assertThat(versions()).isEmpty();

        // A round starts at once after a change of a location, otherwise once an hour.
        site.client()
                .resources(BackupLocation.class)
                .inNamespace(Rig.SYSTEM)
                .withName(LOCATION)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"immutability\":{\"period\":\"31d\"}}}");
        Condition intact = rig.progress()
                .awaitValue(
                        "the location reports the attack",
                        SOON,
                        () -> site.describe(BackupLocation.class, Rig.SYSTEM, LOCATION),
                        () -> site.get(BackupLocation.class, Rig.SYSTEM, LOCATION)
                                .flatMap(l -> l.getStatus().condition(Condition.INTACT))
                                .filter(c -> "False".equals(c.status)));

        assertThat(intact.reason).isEqualTo(Reason.Tampered.name());
        site.awaitSeriesOf("BreakwaterLocksNotExtended", "BreakwaterForeignRemoval");
        assertThat(versions())
                .extracting(ObjectVersion::key)
                .containsAll(hidden.stream().map(ObjectVersion::key).toList());
    }

    @Test
    @Order(3)
    void restoresThePointAfterTheAttack() {
        site.createRestore(
                Rig.SYSTEM, "vaulted-copy", "point", COPY, OnConflict.Fail, s -> s.sourceNamespace = NAMESPACE);
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "vaulted-copy");
        ready(COPY);
        assertThat(site.cluster().kubectl("exec", "note", "-n", COPY, "--", "cat", "/data/note"))
                .isEqualTo("kept\n");
    }

    /** Visible objects that the point needs: its seal, its archive, and the repository except locks. */
    private List<ObjectVersion> versions() {
        return thief.listObjectVersionsPaginator(r -> r.bucket(ObjectLockServer.BUCKET)).versions().stream()
                .filter(ObjectVersion::isLatest)
                .filter(v -> v.key().contains("/points/" + Rig.WEST + "/" + NAMESPACE + "/")
                        || v.key().contains("/repos/")
                        || v.key().contains("/owners/" + Rig.WEST + "/" + NAMESPACE + "/")
                        || v.key().contains("/archives/" + Rig.WEST + "/" + NAMESPACE + "/"))
                .filter(v -> !v.key().contains("/locks/"))
                .toList();
    }

    private void ready(String namespace) {
        site.cluster().kubectl("wait", "pod/note", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
    }

    private static final String NOTE = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: note}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: note
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [bash, -c, "[ -e /data/note ] || echo kept > /data/note; exec sleep infinity"]
            securityContext: {runAsUser: 0}
            readinessProbe: {exec: {command: [test, -s, /data/note]}, periodSeconds: 1}
            volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        """;
}
