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
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A database that starts slowly, and a web server that must not start before it. Classes come before the claims that name them, and
 * objects whose webhook does not run yet are retried.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrderIT {
    private static final String NS = "ordered";
    private static final String COPY = "ordered-copy";
    private static final String CLAIMED = "ordered-claimed";
    private static final String GUARDED = "ordered-guarded";
    private static final String CLASS = "ordered-fast";
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";

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
        createClass();
        site.cluster().apply(NS, APPLICATION.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        awaitReady(NS, "db");
        awaitReady(NS, "web");
        site.createPoint(NS, "first", "shop");
        site.awaitPoint(NS, "first");
    }

    @AfterAll
    void clean() {
        site.client().resource(webhook()).delete();
        site.client().storage().v1().storageClasses().withName(CLASS).delete();
        site.client().namespaces().withName(GUARDED).delete();
        site.client().namespaces().withName(CLAIMED).delete();
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
    @Tag("long")
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

    /** The class does not exist any more, and the Restore makes it a default, of which the cluster has one. */
    @Test
    void createsTheClassBeforeItsClaim() {
        site.client().storage().v1().storageClasses().withName(CLASS).delete();
        List<String> defaults = defaultClasses();
        create(Rig.SYSTEM, "class-first", """
            restorePointRef: {name: first}
            sourceNamespace: %s
            targetNamespace: %s
            volumes: Skip
            include: [{kinds: [persistentvolumeclaims, storageclasses.storage.k8s.io], names: [data, %s]}]
            transforms:
            - select: {kinds: [storageclasses.storage.k8s.io]}
              mergePatch: {metadata: {annotations: {%s: "true"}}}
            """.formatted(NS, CLAIMED, CLASS, DEFAULT));
        RestoreStatus status =
                site.awaitSuccess(Restore.class, Rig.SYSTEM, "class-first").getStatus();

        assertThat(site.client()
                        .persistentVolumeClaims()
                        .inNamespace(CLAIMED)
                        .withName("data")
                        .get()
                        .getSpec()
                        .getStorageClassName())
                .isEqualTo(CLASS);
        assertThat(defaultClasses()).isEqualTo(defaults);
        assertThat(status.warnings)
                .anyMatch(w -> w.contains("StorageClass " + CLASS + " is restored without its mark as default"))
                .noneMatch(w -> w.contains("StorageClass " + CLASS + " does not exist"));
    }

    @Test
    void retriesAnObjectUntilItsWebhookAnswers() {
        site.client().resource(webhook()).create();
        create(Rig.SYSTEM, "webhook-at-home", """
            restorePointRef: {name: first}
            sourceNamespace: %s
            targetNamespace: %s
            include: [{kinds: [configmaps], names: [guarded]}]
            """.formatted(NS, GUARDED));
        rig.progress()
                .await(
                        "the restore retries the ConfigMap",
                        Duration.ofMinutes(2),
                        () -> site.describe(Restore.class, Rig.SYSTEM, "webhook-at-home"),
                        () -> site.get(Restore.class, Rig.SYSTEM, "webhook-at-home")
                                .map(Restore::getStatus)
                                .map(s -> s.progress != null
                                        && s.progress.startsWith("Retry: 1 objects were not accepted yet")
                                        && s.deferred.getFirst().cause.contains("failed calling webhook")));
        assertThat(site.client()
                        .configMaps()
                        .inNamespace(GUARDED)
                        .withName("guarded")
                        .get())
                .isNull();
        // Stands for the pod of the webhook that starts.
        site.client().resource(webhook()).delete();

        RestoreStatus status =
                site.awaitSuccess(Restore.class, Rig.SYSTEM, "webhook-at-home").getStatus();
        assertThat(status.created).isEqualTo(1);
        assertThat(status.deferred).isNull();
        assertThat(site.client()
                        .configMaps()
                        .inNamespace(GUARDED)
                        .withName("guarded")
                        .get())
                .isNotNull();
    }

    /** A class as the default one, with another name. */
    private void createClass() {
        StorageClass model = site.client().storage().v1().storageClasses().list().getItems().stream()
                .filter(c -> defaultClasses().contains(c.getMetadata().getName()))
                .findFirst()
                .orElseThrow();
        model.setMetadata(new ObjectMetaBuilder().withName(CLASS).build());
        site.client().resource(model).create();
    }

    private List<String> defaultClasses() {
        return site.client().storage().v1().storageClasses().list().getItems().stream()
                .filter(c -> c.getMetadata().getAnnotations() != null
                        && "true".equals(c.getMetadata().getAnnotations().get(DEFAULT)))
                .map(c -> c.getMetadata().getName())
                .toList();
    }

    /** The Service of the webhook has no pods. */
    private static ValidatingWebhookConfiguration webhook() {
        return Serialization.unmarshal("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: ordered-guard}
                webhooks:
                - name: guard.ordered.example.com
                  admissionReviewVersions: [v1]
                  sideEffects: None
                  failurePolicy: Fail
                  timeoutSeconds: 2
                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %1$s}}
                  objectSelector: {matchLabels: {ordered.example.com/guarded: "true"}}
                  rules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE]}]
                  clientConfig: {service: {name: hook, namespace: %1$s, path: /, port: 443}}
                """.formatted(GUARDED), ValidatingWebhookConfiguration.class);
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
        spec: {storageClassName: ordered-fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: guarded, labels: {ordered.example.com/guarded: "true"}}
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
