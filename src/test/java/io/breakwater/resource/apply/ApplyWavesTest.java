package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.velero.ObjectKey;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Order of the waves: definitions are established before their objects, and webhooks come last. */
class ApplyWavesTest {
    private static final String DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";
    private static final String WEBHOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io";
    private static final String CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.acme.io";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.admin = true;
        scene.server.serve(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
                false);
        cluster("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", WEBHOOKS, "guard");
        scene.archive("acme.io/v1", "Widget", "widgets.acme.io", "w", "'spec':{}");
        scene.deployment("controller", "'spec':{'replicas':1}");
        cluster("apiextensions.k8s.io/v1", "CustomResourceDefinition", DEFINITIONS, "widgets.acme.io");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void createsObjectsAfterTheirDefinitionAndWebhooksLast() throws IOException {
        AtomicInteger looks = new AtomicInteger();
        scene.server.refuse((method, path) -> {
            // The definition is established at the third read; only then its kind is served.
            if (method.equals("GET") && path.equals(CRD_PATH) && looks.incrementAndGet() == 3) {
                ObjectNode definition = scene.server.at(CRD_PATH);
                definition
                        .putObject("status")
                        .putArray("conditions")
                        .addObject()
                        .put("type", "Established")
                        .put("status", "True");
                scene.server.serve("acme.io/v1", "Widget", "widgets", true);
            }
            return 0;
        });
        ApplyReport report = scene.apply();
        assertThat(report.failed()).isEmpty();
        assertThat(scene.written())
                .containsExactly(
                        "POST customresourcedefinitions",
                        "POST deployments",
                        "POST widgets",
                        "POST validatingwebhookconfigurations");
        assertThat(looks).hasValueGreaterThanOrEqualTo(3);
    }

    @Test
    void waitsForNoDefinitionInADryRun() throws IOException {
        scene.spec("dryRun: true");
        scene.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
        List<String> lines =
                scene.apply().lines().stream().map(ApplyReport.Line::toString).toList();
        assertThat(lines)
                .contains(
                        "create   widgets.acme.io shop/w: after its CustomResourceDefinition exists; not checked",
                        "create   " + DEFINITIONS + " widgets.acme.io");
        assertThat(scene.preview().warnings())
                .as("the restore defines the kind")
                .isEmpty();
    }

    @Test
    void createsAccountsBeforeTheirTokenSecrets() {
        ApplyWave accounts = ApplyWave.of(new ObjectKey("", "serviceaccounts", "shop", "robot"));
        assertThat(accounts).isLessThan(ApplyWave.of(new ObjectKey("", "secrets", "shop", "robot-token")));
    }

    private void cluster(String apiVersion, String kind, String directory, String name) {
        ObjectNode object = scene.archive(apiVersion, kind, directory, name, "");
        ((ObjectNode) object.path("metadata")).remove("namespace");
        scene.placeInCluster(name);
    }
}
