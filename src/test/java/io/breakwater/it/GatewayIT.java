package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePointStatus;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The gateway in separate pods, as in large installations; the first mover is its first client. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class GatewayIT {
    private static final String NAMESPACE = "apart";

    private final Rig rig;
    private final Site site;

    GatewayIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void install() {
        rig.locate();
        rig.install(site.cluster(), "gateway.embedded=false", "gateway.replicas=1");
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, TamperingIT.NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        site.client()
                .resource(Examples.policy(NAMESPACE, "note", "blob-" + Rig.WEST))
                .create();
    }

    @AfterAll
    void embed() {
        rig.install(site.cluster(), "gateway.embedded=true");
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    @Order(1)
    void servesTheFirstMoverThatAsks() {
        assertThat(site.client()
                        .pods()
                        .inNamespace(Rig.SYSTEM)
                        .withLabel("app.kubernetes.io/component", "gateway")
                        .list()
                        .getItems())
                .hasSize(1);

        site.createPoint(NAMESPACE, "first", "note");
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "first").getStatus();

        assertThat(status.volumes)
                .singleElement()
                .satisfies(v -> assertThat(v.repositorySnapshot).isNotEmpty());
    }

    /** A user of the namespace copies the Secret of a mover, and uses it in a pod with the same ServiceAccount. */
    @Test
    @Order(2)
    void refusesACopiedTicket() throws IOException {
        Map<String, String> copied = new ConcurrentHashMap<>();
        try (Watch watch = site.client()
                .secrets()
                .inNamespace(NAMESPACE)
                .withLabel(Api.RUN)
                .watch(copying(copied))) {
            site.createPoint(NAMESPACE, "copied", "note");
            site.awaitPoint(NAMESPACE, "copied");
        }
        assertThat(copied).containsKeys("ticket", "password", "ca.crt");
        JsonNode ticket = new ObjectMapper()
                .readTree(
                        Base64.getUrlDecoder().decode(text(copied.get("ticket")).split("\\.")[0]));
        assertThat(ticket.at("/owner/kind").asText()).isEqualTo("Job");
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(NAMESPACE)
                        .withName("stolen")
                        .endMetadata()
                        .withData(copied)
                        .build())
                .create();
        String repository = "rest:https://breakwater-gateway.%s.svc:8443/%s/%s/%s/%s/"
                .formatted(
                        Rig.SYSTEM,
                        ticket.path("locationNamespace").asText(),
                        ticket.path("location").asText(),
                        ticket.path("site").asText(),
                        ticket.path("namespace").asText());
        site.cluster()
                .apply(
                        NAMESPACE,
                        STRAY.replace("IMAGE", Rig.environment("BREAKWATER_MOVER_IMAGE"))
                                .replace("TARGET", repository));
        site.cluster()
                .kubectl(
                        "wait",
                        "pod/stray",
                        "-n",
                        NAMESPACE,
                        "--for=jsonpath={.status.phase}=Failed",
                        "--timeout=120s");

        assertThat(site.cluster().kubectl("logs", "stray", "-n", NAMESPACE)).contains("403");
        assertThat(site.cluster().kubectl("logs", "deploy/breakwater-gateway", "-n", Rig.SYSTEM))
                .contains("pod stray may not use the ticket of Job " + NAMESPACE + "/");
    }

    @Test
    @Order(3)
    void hasNoRightsOfTheOperator() {
        String credentials = site.client()
                .resources(BackupLocation.class)
                .inNamespace(Rig.SYSTEM)
                .withName("blob-" + Rig.WEST)
                .get()
                .getSpec()
                .azureBlob
                .credentialsSecretRef
                .name;
        assertThat(may("get", Rig.SYSTEM, credentials)).isTrue();
        assertThat(may("get", Rig.SYSTEM, "breakwater-gateway-cert")).isTrue();
        assertThat(may("create", Rig.SYSTEM, null)).isFalse();
        assertThat(may("list", Rig.SYSTEM, null)).isFalse();
        assertThat(may("get", Rig.SYSTEM, "breakwater-ticket-key")).isFalse();
        assertThat(may("get", Rig.SYSTEM, "breakwater-serving-cert")).isFalse();
        assertThat(may("get", NAMESPACE, "stolen")).isFalse();
    }

    /** Whether the account of the gateway has a right on Secrets. */
    private boolean may(String verb, String namespace, String name) {
        return site.client()
                .authorization()
                .v1()
                .subjectAccessReview()
                .create(new SubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withUser("system:serviceaccount:" + Rig.SYSTEM + ":breakwater-gateway")
                        .withNewResourceAttributes()
                        .withVerb(verb)
                        .withResource("secrets")
                        .withNamespace(namespace)
                        .withName(name)
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .getStatus()
                .getAllowed();
    }

    private static Watcher<Secret> copying(Map<String, String> copied) {
        return new Watcher<>() {
            @Override
            public void eventReceived(Action action, Secret secret) {
                if (action == Action.ADDED && secret.getData() != null) {
                    copied.putAll(secret.getData());
                }
            }

            @Override
            public void onClose(WatcherException cause) {
                // the assertion after the watch shows what is missing
            }
        };
    }

    private static String text(String data) {
        return new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8);
    }

    private static final String STRAY = """
        apiVersion: v1
        kind: Pod
        metadata: {name: stray}
        spec:
          restartPolicy: Never
          serviceAccountName: breakwater-mover
          containers:
            - name: stray
              image: IMAGE
              imagePullPolicy: IfNotPresent
              command: [sh, -c, "RESTIC_REST_PASSWORD=$(cat /token/token) exec restic --no-lock --no-cache snapshots"]
              env:
                - {name: RESTIC_REPOSITORY, value: "TARGET"}
                - {name: RESTIC_PASSWORD_FILE, value: /stolen/password}
                - {name: RESTIC_CACERT, value: /stolen/ca.crt}
                - {name: RESTIC_REST_USERNAME, valueFrom: {secretKeyRef: {name: stolen, key: ticket}}}
              volumeMounts:
                - {name: stolen, mountPath: /stolen}
                - {name: token, mountPath: /token}
          volumes:
            - {name: stolen, secret: {secretName: stolen}}
            - name: token
              projected:
                sources:
                  - serviceAccountToken: {audience: breakwater-gateway, expirationSeconds: 3600, path: token}
        """;
}
