package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A database that starts slowly, and a web server that must not start before it. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrderIT {
    private static final String NS = "ordered";
    private static final String COPY = "ordered-copy";

    private final Rig rig;
    private final Site site;

    OrderIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void capture() {
        site.cluster().createNamespace(NS);
        BackupPolicy policy = Examples.policy(NS, "shop", "blob-" + Rig.EAST);
        site.client().resource(policy).serverSideApply();
        site.cluster().apply(NS, APPLICATION.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        awaitReady(NS, "db");
        awaitReady(NS, "web");
        site.createPoint(NS, "first", "shop");
        site.awaitPoint(NS, "first");
    }

    @AfterAll
    void clean() {
        site.client().namespaces().withName(COPY).delete();
        site.client().namespaces().withName(NS).delete();
    }

    /**
     * Both workloads exist: their pods are held, and the operator is killed while the restore waits for one of them.
     */
    @Test
    void startsTheWebServerAfterTheDatabaseDespiteAKill() {
        create(NS, "in-order", """
            restorePointRef: {name: first}
            onConflict: Replace
            order:
            - first: [{kinds: [statefulsets.apps], names: [db]}]
              then: [{kinds: [deployments.apps]}]
            """);
        rig.progress()
                .await(
                        "the restore waits for the database",
                        Duration.ofMinutes(2),
                        () -> site.describe(Restore.class, NS, "in-order"),
                        () -> site.get(Restore.class, NS, "in-order")
                                .map(Restore::getStatus)
                                .map(s -> s.progress != null
                                        && s.progress.startsWith("Order: waiting for StatefulSet db: 0 of 1 ready")));
        site.killOperator();
        RestoreStatus status = site.awaitSuccess(Restore.class, NS, "in-order").getStatus();

        assertThat(status.stages).singleElement().satisfies(s -> {
            assertThat(s.objects).isEqualTo(1);
            assertThat(s.finishedAt).isNotNull();
        });
        awaitReady(NS, "web");
        assertThat(started(NS, "web"))
                .as("start of the web server, compared with the time at which the database was ready")
                .isAfterOrEqualTo(ready(NS, "db"));
        Condition available = rig.progress()
                .awaitValue(
                        "the application is available",
                        Duration.ofMinutes(2),
                        () -> site.describe(Restore.class, NS, "in-order"),
                        () -> site.get(Restore.class, NS, "in-order")
                                .flatMap(r -> r.getStatus().condition(Condition.AVAILABLE))
                                .filter(Condition::holds));
        assertThat(available.message).isEqualTo("every workload is available");
    }

    @Test
    void reportsTheTimeoutAndRestoresNoLaterStage() {
        create(Rig.SYSTEM, "in-vain", """
            restorePointRef: {name: first}
            sourceNamespace: %s
            targetNamespace: %s
            images: {%s: registry.invalid/none}
            exclude: [{kinds: [persistentvolumeclaims]}]
            order:
            - first: [{kinds: [statefulsets.apps]}]
              then: [{kinds: [deployments.apps]}]
              timeout: 20s
            """.formatted(
                        NS, COPY, Rig.environment("BREAKWATER_SHOP_IMAGE").replaceAll(":[^:/]*$", "")));
        Restore failed = site.awaitFailure(Restore.class, Rig.SYSTEM, "in-vain");

        Condition verdict = failed.getStatus().condition(Condition.SUCCEEDED).orElseThrow();
        assertThat(verdict.reason).isEqualTo(Reason.WorkloadsNotReady.name());
        assertThat(verdict.message)
                .contains("spec.order[0].first not up within 20s: StatefulSet db: 0 of 1 ready; pod db-0: ")
                .containsPattern("persistentvolumeclaim .* not found|ErrImagePull|ImagePullBackOff")
                .contains("1 objects of later stages were not restored (Deployment/web)")
                .doesNotContain("also held by");
        assertThat(site.client().apps().statefulSets().inNamespace(COPY).list().getItems())
                .as("restored objects stay")
                .hasSize(1);
        assertThat(site.client().apps().deployments().inNamespace(COPY).list().getItems())
                .isEmpty();
    }

    @Test
    void refusesACyclicOrder() {
        assertThatThrownBy(() -> create(NS, "circle", """
            restorePointRef: {name: first}
            order:
            - first: [{kinds: [statefulsets.apps]}]
              then: [{kinds: [deployments.apps]}]
            - first: [{kinds: [deployments.apps]}]
              then: [{kinds: [statefulsets.apps]}]
            """))
                .hasMessageContaining("spec.order[1] and spec.order[0]: these entries wait for each other");
    }

    private void create(String namespace, String name, String spec) {
        var restore = new Restore();
        restore.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        restore.setSpec(Serialization.unmarshal(spec, RestoreSpec.class));
        site.client().resource(restore).create();
    }

    private Instant started(String namespace, String app) {
        return Instant.parse(pod(namespace, app)
                .orElseThrow()
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getState()
                .getRunning()
                .getStartedAt());
    }

    private Instant ready(String namespace, String app) {
        return pod(namespace, app).orElseThrow().getStatus().getConditions().stream()
                .filter(c -> c.getType().equals("Ready"))
                .map(c -> Instant.parse(c.getLastTransitionTime()))
                .findFirst()
                .orElseThrow();
    }

    /** The pod that is ready. */
    private Optional<Pod> pod(String namespace, String app) {
        return site.client().pods().inNamespace(namespace).withLabel("app", app).list().getItems().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .filter(p -> p.getStatus().getConditions().stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True")))
                .findFirst();
    }

    private void awaitReady(String namespace, String app) {
        rig.progress()
                .await(
                        app + " in " + namespace + " is ready",
                        Duration.ofMinutes(2),
                        () -> site.cluster().kubectl("get", "pods", "-n", namespace),
                        () -> pod(namespace, app).map(p -> true));
    }

    private static final String APPLICATION = """
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: db
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "sleep 12; touch /tmp/ready; sleep 3600"]
                readinessProbe: {exec: {command: [test, -f, /tmp/ready]}, periodSeconds: 1}
                volumeMounts: [{name: data, mountPath: /data}]
              volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: web, image: IMAGE, imagePullPolicy: IfNotPresent, command: [sleep, "3600"]}
        """;
}
