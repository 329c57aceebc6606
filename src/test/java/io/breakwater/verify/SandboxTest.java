package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Labels and NetworkPolicies of a sandbox. */
class SandboxTest {
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.namespace", "backup", "breakwater.gateway.port", "8444"));
    private static final AuthorStamps STAMPS = StampFixture.stamps();
    private static final Author JANE = new Author("jane", "u1", List.of("dev"), Map.of());
    private static final String RESTORES = "/apis/breakwater.io/v1alpha1/namespaces/backup/restores/";

    private final Sandbox sandbox = new Sandbox(null, config, STAMPS);

    @Test
    void copiesOnlyTheLabelsOfPodSecurity() {
        Namespace shop = new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                .addToLabels("field.cattle.io/projectId", "p-1")
                .addToLabels("istio-injection", "enabled")
                .addToLabels("kubernetes.io/metadata.name", "shop")
                .addToLabels("breakwater.io/standby", "true")
                .endMetadata()
                .build();

        assertThat(Sandbox.labels(shop)).containsOnly(Map.entry("pod-security.kubernetes.io/enforce", "restricted"));
        assertThat(Sandbox.labels(null)).containsOnly(Map.entry("pod-security.kubernetes.io/enforce", "baseline"));
        shop.getMetadata().getLabels().remove("pod-security.kubernetes.io/enforce");
        shop.getMetadata().getLabels().put("pod-security.kubernetes.io/warn", "restricted");
        assertThat(Sandbox.labels(shop))
                .containsOnly(
                        Map.entry("pod-security.kubernetes.io/enforce", "baseline"),
                        Map.entry("pod-security.kubernetes.io/warn", "restricted"));
    }

    /** An administrator permits root in a namespace, which says nothing about the sandbox. */
    @Test
    void copiesOnlyTheAnnotationThatForbidsRoot() {
        Namespace shop = new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToAnnotations(Api.PRIVILEGED_MOVERS, "false")
                .addToAnnotations("scheduler.alpha.kubernetes.io/node-selector", "pool=a")
                .endMetadata()
                .build();
        assertThat(Sandbox.annotations(shop)).isEqualTo(Map.of(Api.PRIVILEGED_MOVERS, "false"));

        shop.getMetadata().getAnnotations().put(Api.PRIVILEGED_MOVERS, "true");
        assertThat(Sandbox.annotations(shop)).isEmpty();
        shop.getMetadata().setAnnotations(null);
        assertThat(Sandbox.annotations(shop)).isEmpty();
        assertThat(Sandbox.annotations(null)).isEmpty();
    }

    @Test
    void allowsTrafficOnlyInsideAndToTheDnsOfTheCluster() {
        NetworkPolicy isolation = sandbox.networkPolicies("bv-1").getFirst();

        assertThat(isolation.getMetadata().getNamespace()).isEqualTo("bv-1");
        assertThat(isolation.getSpec().getPodSelector().getMatchLabels()).isNullOrEmpty();
        assertThat(isolation.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
        assertThat(isolation.getSpec().getIngress())
                .flatExtracting(i -> i.getFrom())
                .singleElement()
                .satisfies(p -> {
                    assertThat(p.getPodSelector()).isNotNull();
                    assertThat(p.getNamespaceSelector()).isNull();
                    assertThat(p.getIpBlock()).isNull();
                });
        List<NetworkPolicyEgressRule> egress = isolation.getSpec().getEgress();
        assertThat(egress)
                .hasSize(2)
                .allSatisfy(rule -> assertThat(rule.getTo()).hasSize(1));
        assertThat(egress.getFirst().getTo().getFirst().getNamespaceSelector()).isNull();
        assertThat(egress.getLast().getTo().getFirst().getNamespaceSelector().getMatchLabels())
                .containsOnly(Map.entry("kubernetes.io/metadata.name", "kube-system"));
        assertThat(egress.getLast().getPorts()).extracting(SandboxTest::text).containsExactly("UDP 53", "TCP 53");
    }

    @Test
    void allowsOnlyMoversToReachTheGateway() {
        NetworkPolicy movers = sandbox.networkPolicies("bv-1").getLast();

        assertThat(movers.getSpec().getPodSelector().getMatchLabels())
                .containsOnly(Map.entry("breakwater.io/component", "mover"));
        assertThat(movers.getSpec().getPolicyTypes()).containsExactly("Egress");
        NetworkPolicyEgressRule rule = movers.getSpec().getEgress().getFirst();
        assertThat(movers.getSpec().getEgress()).hasSize(1);
        assertThat(rule.getTo().getFirst().getNamespaceSelector().getMatchLabels())
                .containsOnly(Map.entry("kubernetes.io/metadata.name", "backup"));
        assertThat(rule.getPorts()).extracting(SandboxTest::text).containsExactly("TCP 8444");
    }

    private static String text(NetworkPolicyPort port) {
        return port.getProtocol() + " " + port.getPort().getIntVal();
    }

    @Test
    void limitsTheSandboxAsTheSourceNamespaceBeforeTheRestoreStarts() throws IOException {
        try (FakeApiServer server = server()) {
            server.put("/api/v1/namespaces", "{'kind':'Namespace','metadata':{'name':'shop'}}");
            server.put(
                    "/api/v1/namespaces/shop/resourcequotas",
                    "{'metadata':{'name':'q','finalizers':['a.example/b']},'spec':{'hard':{'pods':'2'}},"
                            + "'status':{'used':{'pods':'2'}}}");
            server.put(
                    "/api/v1/namespaces/shop/limitranges",
                    "{'metadata':{'name':'l'},'spec':{'limits':[{'type':'Container','max':{'cpu':'1'}}]}}");

            VerifyRun run = run();
            new Sandbox(server.client(), config, STAMPS).open(run, "shop");

            String sandbox = "/api/v1/namespaces/" + run.sandbox();
            ObjectNode quota = server.at(sandbox + "/resourcequotas/q");
            assertThat(quota.at("/spec/hard/pods").asText()).isEqualTo("2");
            assertThat(quota.has("status")).isFalse();
            assertThat(quota.path("metadata").has("finalizers")).isFalse();
            assertThat(server.at(sandbox + "/limitranges/l")
                            .at("/spec/limits/0/max/cpu")
                            .asText())
                    .isEqualTo("1");
            assertThat(server.at(RESTORES + run.sandbox()).at("/spec/exclude/0/kinds"))
                    .extracting(k -> k.asText())
                    .containsExactly("resourcequotas", "limitranges");
            assertThat(created(server))
                    .containsExactly("namespaces", "networkpolicies", "resourcequotas", "limitranges", "restores");
        }
    }

    @Test
    void restoresTheLimitsOfThePointWhenTheSourceNamespaceIsGone() throws IOException {
        try (FakeApiServer server = server()) {
            VerifyRun run = run();
            new Sandbox(server.client(), config, STAMPS).open(run, "shop");
            assertThat(server.at(RESTORES + run.sandbox()).path("spec").has("exclude"))
                    .isFalse();
        }
    }

    @Test
    void usesNoNamespaceThatAnotherUserCreated() throws IOException {
        try (FakeApiServer server = server()) {
            VerifyRun run = run();
            server.put(
                    "/api/v1/namespaces",
                    "{'kind':'Namespace','metadata':{'name':'" + run.sandbox()
                            + "','labels':{'breakwater.io/sandbox':'other'}}}");
            assertThatThrownBy(() -> new Sandbox(server.client(), config, STAMPS).open(run, "shop"))
                    .hasMessageContaining("is not the sandbox of this Verification");
            assertThat(created(server)).containsExactly("namespaces");
        }
    }

    @Test
    void restoresInTheNameOfTheAuthorOfTheVerification() throws IOException {
        try (FakeApiServer server = server()) {
            VerifyRun run = run();
            new Sandbox(server.client(), config, STAMPS).open(run, "shop");
            Restore restore = server.client()
                    .getKubernetesSerialization()
                    .convertValue(server.at(RESTORES + run.sandbox()), Restore.class);
            assertThat(STAMPS.read(restore, restore.getSpec())).contains(JANE);
            assertThat(server.at(RESTORES + run.sandbox()).path("spec").properties().stream()
                            .map(Map.Entry::getKey))
                    .as("the stamp covers the defaults that the API server sets")
                    .containsAll(defaults());
        }
    }

    private static List<String> defaults() throws IOException {
        JsonNode crd = new YAMLMapper()
                .readTree(Path.of("deploy/crds/restores.breakwater.io.yaml").toFile());
        return crd.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties").properties().stream()
                .filter(field -> field.getValue().has("default"))
                .map(Map.Entry::getKey)
                .toList();
    }

    @Test
    void createsNothingForAnUnknownAuthor() throws IOException {
        try (FakeApiServer server = server()) {
            VerifyRun run = run();
            run.verification()
                    .getMetadata()
                    .setAnnotations(Map.of(Api.AUTHOR, JANE.userInfo().toString()));
            assertThatThrownBy(() -> new Sandbox(server.client(), config, STAMPS).open(run, "shop"))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.AuthorLacksRight))
                    .hasMessageContaining("the author of the Verification is unknown");
            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    void startsNothingForAnAuthorThatMayNotRunCommands() throws IOException {
        try (FakeApiServer server = server()) {
            server.allow((verb, resource) -> !resource.startsWith("pods"));
            assertThatThrownBy(() -> new Sandbox(server.client(), config, STAMPS).open(run(Level.Queried), "shop"))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.AuthorLacksRight))
                    .hasMessageContaining("author jane of the Verification may not create pods/exec in namespace shop");
            assertThat(created(server)).containsExactly("subjectaccessreviews");
            new Sandbox(server.client(), config, STAMPS).open(run(Level.Restored), "shop");
            assertThat(created(server)).contains("restores");
        }
    }

    /** Kinds of the objects that were created, each once. */
    private static List<String> created(FakeApiServer server) {
        return server.requests().stream()
                .filter(r -> r.method().equals("POST"))
                .map(r -> r.path().substring(r.path().lastIndexOf('/') + 1))
                .distinct()
                .toList();
    }

    private static FakeApiServer server() throws IOException {
        FakeApiServer server = new FakeApiServer().serveUsual();
        server.serve("v1", "ResourceQuota", "resourcequotas", true);
        server.serve("v1", "LimitRange", "limitranges", true);
        server.serve("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true);
        server.serve("breakwater.io/v1alpha1", "Restore", "restores", true);
        return server;
    }

    private static VerifyRun run() {
        return run(Level.Restored);
    }

    private static VerifyRun run(Level level) {
        Verification verification = new Verification();
        verification.setMetadata(new ObjectMetaBuilder()
                .withName("v")
                .withNamespace("shop")
                .withUid("0f0e0d0c-0b0a-0908-0706-050403020100")
                .build());
        verification.setSpec(new VerificationSpec());
        verification.getSpec().level = level;
        verification
                .getMetadata()
                .setAnnotations(Map.of(Api.AUTHOR, STAMPS.stamp(JANE, verification, verification.getSpec())));
        verification.setStatus(new VerificationStatus());
        verification.getStatus().restorePoint = "p1";
        return new VerifyRun(verification, new BackupPolicy(), null, Clock.systemUTC(), () -> {});
    }
}
