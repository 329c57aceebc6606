package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PodGateCheckTest {
    private static final String POD = """
        kind: Pod
        metadata: {namespace: shop, name: web}
        spec: {containers: [{name: web, image: web}]}
        """;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final PodGateCheck check = new PodGateCheck(cluster.client());

    @BeforeEach
    void namespaces() {
        cluster.add(
                new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .addToLabels(Api.STANDBY, "true")
                        .endMetadata()
                        .build(),
                new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("open")
                        .endMetadata()
                        .build());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void addsSchedulingGateAndStandbyLabelToNewPods() {
        JsonNode stored = stored(POD);
        assertThat(stored.at("/spec/schedulingGates").toString()).isEqualTo("[{\"name\":\"breakwater.io/standby\"}]");
        assertThat(stored.at("/metadata/labels").path(Api.STANDBY).asText()).isEqualTo("true");
        assertThat(stored.at("/spec/containers/0/image").asText()).isEqualTo("web");
    }

    /** Git creates namespace, workloads and plan at once: no guard has read the lease yet. */
    @Test
    void holdsPodsOfAPlanUntilAGuardHasProofThatTheSiteIsActive() {
        cluster.client()
                .namespaces()
                .withName("open")
                .edit(n -> new NamespaceBuilder(n)
                        .editMetadata()
                        .addToLabels(Api.PLAN, "shop")
                        .endMetadata()
                        .build());
        String pod = POD.replace("namespace: shop", "namespace: open");
        assertThat(stored(pod).at("/spec/schedulingGates")).hasSize(1);
        cluster.client()
                .namespaces()
                .withName("open")
                .edit(n -> new NamespaceBuilder(n)
                        .editMetadata()
                        .addToLabels(Api.ACTIVE, "true")
                        .endMetadata()
                        .build());
        assertThat(stored(pod).at("/spec/schedulingGates")).isEmpty();
    }

    @Test
    void preservesForeignGatesAndLabels() {
        JsonNode stored = stored("""
            kind: Pod
            metadata: {namespace: shop, name: web, labels: {app: web}}
            spec: {schedulingGates: [{name: example.com/quota}]}
            """);
        assertThat(stored.at("/spec/schedulingGates").findValuesAsText("name"))
                .containsExactly("example.com/quota", "breakwater.io/standby");
        assertThat(stored.at("/metadata/labels/app").asText()).isEqualTo("web");
    }

    @Test
    void holdsOnlyTheWorkloadsListedByAHolder() {
        cluster.add(new NamespaceBuilder()
                .withNewMetadata()
                .withName("staged")
                .addToLabels(Api.STANDBY, "true")
                .addToAnnotations(Api.GATED_BY, "restore/shop.monday")
                .addToAnnotations(Api.GATED_ONLY, "{\"restore/shop.monday\":[\"Deployment/web\",\"CronJob/nightly\"]}")
                .endMetadata()
                .build());
        String pod =
                "{kind: Pod, metadata: {namespace: staged, ownerReferences: [{apiVersion: apps/v1, kind: KIND, name:"
                        + " NAME, uid: u, controller: true}]}, spec: {containers: [{name: c, image: i}]}}";
        String gates = "/spec/schedulingGates/0/name";
        assertThat(stored(pod.replace("KIND", "ReplicaSet").replace("NAME", "web-5d4f"))
                        .at(gates)
                        .asText())
                .isEqualTo(GateRules.GATE);
        assertThat(stored(pod.replace("KIND", "StatefulSet").replace("NAME", "db"))
                        .at(gates)
                        .isMissingNode())
                .isTrue();
        String job = "{kind: Job, apiVersion: batch/v1, metadata: {namespace: staged, ownerReferences: [{apiVersion:"
                + " batch/v1, kind: CronJob, name: NAME, uid: u, controller: true}]}, spec: {template: {spec:"
                + " {containers: []}}}}";
        assertThat(check.review(Reviews.create("u", job.replace("NAME", "nightly")))
                        .isAllowed())
                .isFalse();
        assertThat(check.review(Reviews.create("u", job.replace("NAME", "hourly")))
                        .isAllowed())
                .isTrue();
    }

    @Test
    void addsNoSecondGateToAGatedPod() {
        AdmissionRequest again = Reviews.create("u", stored(POD).toString());
        assertThat(Reviews.patched(again, check.review(again))).isEqualTo(again.object());
    }

    @Test
    void admitsOnlyPodsOfTheMoverAccountUngated() {
        String mover = """
            kind: Pod
            metadata: {namespace: shop, name: m, labels: {breakwater.io/component: mover}}
            spec: {serviceAccountName: breakwater-mover}
            """;
        assertThat(stored(mover).at("/spec/schedulingGates").isMissingNode()).isTrue();
        assertThat(stored(mover.replace("breakwater-mover", "default"))
                        .at("/spec/schedulingGates")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void refusesPodsThatNameTheirNode() {
        AdmissionResponse response =
                check.review(Reviews.create("u", "{kind: Pod, metadata: {namespace: shop}, spec: {nodeName: n1}}"));
        assertThat(response.refusal()).startsWith("spec.nodeName: ").contains("nodeSelector");
    }

    @Test
    void admitsPodsUnchangedInAReleasedNamespace() {
        AdmissionRequest request = Reviews.create("u", POD.replace("shop", "open"));
        assertThat(Reviews.patched(request, check.review(request))).isEqualTo(request.object());
    }

    @Test
    void holdsPodsWhenTheNamespaceIsUnreadable() {
        KubernetesMockServer server = new KubernetesMockServer(false);
        server.expect()
                .get()
                .withPath("/api/v1/namespaces/shop")
                .andReturn(403, "")
                .always();
        server.init();
        try (KubernetesClient client = server.createClient()) {
            AdmissionRequest request = Reviews.create("u", POD);
            JsonNode stored = Reviews.patched(request, new PodGateCheck(client).review(request));
            assertThat(stored.at("/spec/schedulingGates").size()).isEqualTo(1);
        } finally {
            server.destroy();
        }
    }

    @Test
    void refusesCronJobRunsAndAdmitsOtherJobs() {
        String job = """
            kind: Job
            metadata: {namespace: shop, name: j, ownerReferences: [{kind: %s, name: o, apiVersion: v1, uid: u}]}
            spec: {template: {spec: {}}}
            """;
        assertThat(check.review(Reviews.create("u", job.formatted("CronJob"))).refusal())
                .contains("Breakwater holds the pods of namespace shop");
        assertThat(check.review(Reviews.create("u", job.formatted("Workflow"))).isAllowed())
                .isTrue();
    }

    private JsonNode stored(String yaml) {
        AdmissionRequest request = Reviews.create("u", yaml);
        AdmissionResponse response = check.review(request);
        assertThat(response.refusal()).isNull();
        return Reviews.patched(request, response);
    }
}
