package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChartTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path CHART = Path.of("deploy/helm/breakwater");

    @Test
    void rendersGuardAndOperatorAndRetainsCrdsByDefault() throws IOException {
        Map<String, JsonNode> objects = render();
        assertThat(kinds(objects, "Deployment")).containsExactly("breakwater-guard", "breakwater-operator");
        assertThat(kinds(objects, "CustomResourceDefinition")).hasSize(6);
        objects.values().stream()
                .filter(o -> o.path("kind").asText().equals("CustomResourceDefinition"))
                .forEach(crd -> assertThat(crd.at("/metadata/annotations")
                                .path("helm.sh/resource-policy")
                                .asText())
                        .isEqualTo("keep"));
        JsonNode gateway = objects.get("Service/breakwater-gateway");
        assertThat(gateway.at("/spec/selector")
                        .path("app.kubernetes.io/component")
                        .asText())
                .isEqualTo("operator");
        assertThat(objects.keySet()).noneMatch(k -> k.startsWith("ServiceMonitor") || k.startsWith("Prometheus"));
    }

    @Test
    void rendersCrdSchemasUnchanged() throws IOException {
        JsonNode shipped = CrdFiles.YAML.readTree(
                CrdFiles.DIRECTORY.resolve("backuppolicies.breakwater.io.yaml").toFile());
        assertThat(render().get("CustomResourceDefinition/backuppolicies.breakwater.io")
                        .path("spec"))
                .isEqualTo(shipped.path("spec"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gateway.embedded=false", "gateway.embedded=true", "quickstart.enabled=true"})
    void rendersAnEnvironmentThatTheProgramReads(String value) throws IOException {
        for (JsonNode deployment : render(value).values()) {
            if (!deployment.path("kind").asText().equals("Deployment")) {
                continue;
            }
            BreakwaterConfig config = read(deployment);
            String component = deployment
                    .at("/metadata/labels")
                    .path("app.kubernetes.io/component")
                    .asText();
            assertThat(config.role().name()).isEqualTo(component);
            assertThat(config.site()).isEqualTo("east");
            assertThat(config.namespace()).isEqualTo("backup");
            assertThat(config.gateway().url()).isEqualTo("https://breakwater-gateway.backup.svc:8443");
            assertThat(config.gateway().embedded()).isEqualTo(!value.equals("gateway.embedded=false"));
            assertThat(config.gateway().filesystemRoot().isPresent()).isEqualTo(value.startsWith("quickstart"));
        }
    }

    @Test
    void givesASeparateGatewayAnAccountThatCannotRestore() throws IOException {
        Map<String, JsonNode> objects = render("gateway.embedded=false");
        assertThat(objects.get("Deployment/breakwater-gateway")
                        .at("/spec/template/spec/serviceAccountName")
                        .asText())
                .isEqualTo("breakwater-gateway");
        assertThat(objects.get("Service/breakwater-gateway")
                        .at("/spec/selector")
                        .path("app.kubernetes.io/component")
                        .asText())
                .isEqualTo("gateway");
        JsonNode rules = objects.get("ClusterRole/breakwater-gateway").path("rules");
        assertThat(rules.findValues("verbs").stream()
                        .flatMap(JsonNode::valueStream)
                        .map(JsonNode::asText))
                .containsOnly("get", "list", "watch", "create");
        assertThat(rules.toString()).doesNotContain("\"*\"");
    }

    /** In group authentication.k8s.io, RBAC matches the attributes of all users only by an asterisk. */
    @Test
    void grantsImpersonationToTheOperatorThatUsesIt() throws IOException {
        Map<String, JsonNode> objects = render();
        assertThat(config(objects).restore().impersonate()).isTrue();
        assertThat(objects.get("ClusterRole/breakwater-impersonation").path("rules"))
                .isEqualTo(JSON.readTree("""
                        [{"apiGroups": [""], "resources": ["users", "groups", "serviceaccounts"], "verbs": ["impersonate"]},
                         {"apiGroups": ["authentication.k8s.io"], "resources": ["*"], "verbs": ["impersonate"]}]
                        """));
        assertThat(objects.get("ClusterRoleBinding/breakwater-impersonation")
                        .path("subjects")
                        .findValuesAsText("name"))
                .containsExactly("breakwater-operator");
        assertThat(objects.entrySet().stream()
                        .filter(o -> o.getValue().toString().contains("\"impersonate\""))
                        .map(Map.Entry::getKey))
                .containsExactly("ClusterRole/breakwater-impersonation");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rbac.impersonate=false", "rbac.restores=false", "rbac.create=false"})
    void grantsNoImpersonationOnRequest(String value) throws IOException {
        Map<String, JsonNode> objects = render(value);
        assertThat(objects.values()).noneMatch(o -> o.toString().contains("\"impersonate\""));
        assertThat(config(objects).restore().impersonate()).isEqualTo(!value.startsWith("rbac.impersonate"));
    }

    private static BreakwaterConfig config(Map<String, JsonNode> objects) {
        return read(objects.get("Deployment/breakwater-operator"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gateway.embedded=false", "gateway.embedded=true", "quickstart.enabled=true"})
    void servesTheWebhookFromTheGuardOnly(String value) throws IOException {
        Map<String, JsonNode> objects = render(value);
        assertThat(objects.get("Service/breakwater-webhook")
                        .at("/spec/selector")
                        .path("app.kubernetes.io/component")
                        .asText())
                .isEqualTo("guard");
        objects.values().stream()
                .filter(o -> o.path("kind").asText().equals("Deployment"))
                .forEach(deployment -> {
                    boolean guard = deployment.at("/metadata/name").asText().equals("breakwater-guard");
                    List<String> ports = deployment
                            .at("/spec/template/spec/containers/0/ports")
                            .findValuesAsText("name");
                    assertThat(ports.contains("webhook")).as("%s", ports).isEqualTo(guard);
                    assertThat(guard && ports.contains("gateway")).isFalse();
                });
    }

    @Test
    void givesTheGuardAnAccountThatReadsNoDataOfTenants() throws IOException {
        Map<String, JsonNode> objects = render();
        assertThat(objects.get("Deployment/breakwater-guard")
                        .at("/spec/template/spec/serviceAccountName")
                        .asText())
                .isEqualTo("breakwater-guard");
        JsonNode rules = objects.get("ClusterRole/breakwater-guard").path("rules");
        assertThat(rules.toString()).doesNotContain("\"*\"").doesNotContain("exec");
        for (JsonNode rule : rules) {
            if (rule.path("resources").toString().contains("secrets")) {
                assertThat(rule.path("verbs").valueStream().map(JsonNode::asText))
                        .containsExactly("get");
            }
        }
        assertThat(objects.values().stream()
                        .filter(o -> o.path("kind").asText().endsWith("Binding"))
                        .filter(o -> o.path("subjects").toString().contains("breakwater-guard"))
                        .map(o -> o.at("/roleRef/name").asText()))
                .containsOnly("breakwater-guard");
    }

    @Test
    void runsTheGuardBeforeOtherPodsWithASmallHeap() throws IOException {
        JsonNode pod =
                render("guard.heap=100m").get("Deployment/breakwater-guard").at("/spec/template/spec");
        assertThat(pod.path("priorityClassName").asText()).isEqualTo("system-cluster-critical");
        assertThat(pod.path("tolerations").findValues("tolerationSeconds"))
                .hasSize(2)
                .allMatch(seconds -> seconds.asInt() <= 30);
        assertThat(pod.at("/containers/0/env").toString()).contains("-Xmx100m");
    }

    @Test
    void omitsRestorePermissionsOnRequest() throws IOException {
        assertThat(render("rbac.restores=false").keySet()).noneMatch(k -> k.contains("breakwater-restores"));
        assertThat(render().keySet()).contains("ClusterRoleBinding/breakwater-restores");
    }

    @Test
    void rendersTheQuickstartWithOneGatewayPodAndARetainedClaim() throws IOException {
        Map<String, JsonNode> objects = render("quickstart.enabled=true", "gateway.embedded=false");
        assertThat(kinds(objects, "Deployment")).containsExactly("breakwater-guard", "breakwater-operator");
        assertThat(objects.get("Deployment/breakwater-guard")
                        .at("/spec/template/spec/volumes")
                        .findValuesAsText("claimName"))
                .isEmpty();
        assertThat(objects.get("PersistentVolumeClaim/breakwater-quickstart")
                        .at("/metadata/annotations")
                        .path("helm.sh/resource-policy")
                        .asText())
                .isEqualTo("keep");
        assertThat(objects.get("Deployment/breakwater-operator")
                        .at("/spec/template/spec/volumes")
                        .findValuesAsText("claimName"))
                .containsExactly("breakwater-quickstart");
    }

    /** Hooks are not part of what the library renders. A copy of the chart without the annotation shows the object. */
    @Test
    void createsTheQuickstartLocationAfterTheCrds(@TempDir Path directory) throws IOException {
        assertThat(render("quickstart.enabled=true")).doesNotContainKey("BackupLocation/quickstart");
        Path chart = directory.resolve("chart");
        try (Stream<Path> files = Files.walk(CHART)) {
            for (Path file : files.toList()) {
                Files.copy(file, chart.resolve(CHART.relativize(file)));
            }
        }
        Path template = chart.resolve("templates/quickstart.yaml");
        Files.writeString(template, Files.readString(template).replace("helm.sh/hook:", "example.com/hook:"));

        JsonNode location = render(chart, "quickstart.enabled=true").get("BackupLocation/quickstart");
        assertThat(location.at("/metadata/annotations").path("example.com/hook").asText())
                .isEqualTo("post-install,post-upgrade");
        assertThat(location.at("/spec/usagePolicy/namespaces").asText()).isEqualTo("All");
    }

    @Test
    void rendersMonitoringOnRequestWithTheRunbookBaseUrl() throws IOException {
        Map<String, JsonNode> objects = render(
                "metrics.serviceMonitor.enabled=true",
                "metrics.prometheusRule.enabled=true",
                "metrics.prometheusRule.runbookBaseUrl=https://wiki.example/rb");
        JsonNode rules = objects.get("PrometheusRule/breakwater").at("/spec/groups/0/rules");
        assertThat(rules.findValuesAsText("runbook_url"))
                .hasSizeGreaterThan(10)
                .allMatch(u -> u.startsWith("https://wiki.example/rb/Breakwater"));
        JsonNode wanted = objects.get("ServiceMonitor/breakwater").at("/spec/selector/matchLabels");
        JsonNode labels = objects.get("Service/breakwater-metrics").at("/metadata/labels");
        wanted.properties().forEach(l -> assertThat(labels.path(l.getKey())).isEqualTo(l.getValue()));
    }

    @Test
    void runsPodsWithoutPrivileges() throws IOException {
        render("gateway.embedded=false").values().stream()
                .filter(o -> o.path("kind").asText().equals("Deployment"))
                .forEach(d -> {
                    JsonNode pod = d.at("/spec/template/spec");
                    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean())
                            .isTrue();
                    JsonNode container = pod.at("/containers/0/securityContext");
                    assertThat(container.path("readOnlyRootFilesystem").asBoolean())
                            .isTrue();
                    assertThat(container.path("allowPrivilegeEscalation").asBoolean(true))
                            .isFalse();
                    assertThat(pod.at("/containers/0/resources/limits/memory").asText())
                            .endsWith("Mi");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "site.name=Not_A_Name",
                "site.nmae=east",
                "guard.replicas=2",
                "guard.heap=much",
                "gateway.replicas=0",
                "gateway.serviceType=Ingress",
                "gateway.url=http://plain",
                "mover.deadline=soon",
                "quickstart.enabled=maybe"
            })
    void refusesInvalidValues(String value) {
        String key = value.substring(0, value.indexOf('='));
        assertThatThrownBy(() -> render(value)).hasMessageContaining(key.split("\\.")[0]);
    }

    @Test
    void refusesToRenderWithoutASiteName() {
        assertThatThrownBy(() ->
                        new Helm(CHART).template().withKubeVersion("1.30.0").call())
                .hasMessageContaining("site.name is needed");
    }

    @Test
    void passesHelmLint() {
        var result = new Helm(CHART).lint().call();
        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    }

    private static Map<String, JsonNode> render(String... values) throws IOException {
        return render(CHART, values);
    }

    private static Map<String, JsonNode> render(Path chart, String... values) throws IOException {
        TemplateCommand command = new Helm(chart)
                .template()
                .withKubeVersion("1.30.0")
                .withName("test")
                .withNamespace("backup")
                .set("site.name", "east");
        for (String value : values) {
            int at = value.indexOf('=');
            command.set(value.substring(0, at), value.substring(at + 1));
        }
        return parse(command.call());
    }

    private static Map<String, JsonNode> parse(String manifests) throws IOException {
        Map<String, JsonNode> objects = new TreeMap<>();
        try (MappingIterator<JsonNode> documents =
                CrdFiles.YAML.readerFor(JsonNode.class).readValues(manifests)) {
            while (documents.hasNext()) {
                JsonNode object = documents.next();
                if (object.has("kind")) {
                    objects.put(
                            object.path("kind").asText() + "/"
                                    + object.at("/metadata/name").asText(),
                            object);
                }
            }
        }
        return objects;
    }

    private static List<String> kinds(Map<String, JsonNode> objects, String kind) {
        return objects.keySet().stream()
                .filter(k -> k.startsWith(kind + "/"))
                .map(k -> k.substring(kind.length() + 1))
                .collect(Collectors.toList());
    }

    /** The configuration that the program reads from the environment of the container. An unknown name is an error. */
    private static BreakwaterConfig read(JsonNode deployment) {
        Map<String, String> environment = new HashMap<>();
        deployment
                .at("/spec/template/spec/containers/0/env")
                .forEach(e ->
                        environment.put(e.path("name").asText(), e.path("value").asText()));
        return TestConfig.ofEnvironment(environment);
    }
}
