package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import dev.cel.common.CelException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.runtime.CelRuntimeFactory;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
        assertThat(kinds(objects, "CustomResourceDefinition")).hasSize(7);
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
    void passesTheKindsOfSandboxes() throws IOException {
        assertThat(read(render().get("Deployment/breakwater-operator"))
                        .sandbox()
                        .kinds())
                .isEmpty();
        JsonNode operator = render(
                        "sandbox.kinds[0]=certificates.cert-manager.io", "sandbox.kinds[1]=kafkas.kafka.strimzi.io")
                .get("Deployment/breakwater-operator");
        assertThat(read(operator).sandbox().kinds())
                .contains(List.of("certificates.cert-manager.io", "kafkas.kafka.strimzi.io"));
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
    }

    /** Each rule as {@code groups/resources names verbs}. The account must not reach what would make it the operator. */
    @Test
    void givesASeparateGatewayExactlyTheRightsThatItNeeds() throws IOException {
        Map<String, JsonNode> objects = render("gateway.embedded=false");
        assertThat(rules(objects.get("ClusterRole/breakwater-gateway")))
                .containsExactlyInAnyOrder(
                        "[breakwater.io]/[backuplocations] [] [get]",
                        "[]/[pods] [] [get]",
                        "[batch]/[jobs] [] [get]",
                        "[]/[nodes, services] [] [get, list]",
                        "[networking.k8s.io]/[servicecidrs] [] [list]",
                        "[authentication.k8s.io]/[tokenreviews] [] [create]");
        assertThat(rules(objects.get("Role/breakwater-gateway")))
                .containsExactly("[]/[secrets] [breakwater-gateway-cert, breakwater-ticket-public-keys] [get]");
        assertThat(objects.values().stream()
                        .filter(o -> o.path("subjects").toString().contains("\"breakwater-gateway\""))
                        .map(o -> o.path("kind").asText() + "/"
                                + o.at("/roleRef/name").asText()))
                .containsExactlyInAnyOrder("ClusterRoleBinding/breakwater-gateway", "RoleBinding/breakwater-gateway");
        assertThat(rules(objects.get("ClusterRole/breakwater-gateway-grants")))
                .as("the operator changes no Role of another name, and may not grant more than it has")
                .containsExactlyInAnyOrder(
                        "[rbac.authorization.k8s.io]/[roles, rolebindings] [] [create]",
                        "[rbac.authorization.k8s.io]/[roles, rolebindings] [breakwater-gateway-credentials] [update, patch,"
                                + " delete]");
        assertThat(render().keySet()).noneMatch(k -> k.contains("Role") && k.contains("breakwater-gateway"));
    }

    private static List<String> rules(JsonNode role) {
        return role.path("rules")
                .valueStream()
                .map(rule -> texts(rule.path("apiGroups")) + "/" + texts(rule.path("resources")) + " "
                        + texts(rule.path("resourceNames")) + " " + texts(rule.path("verbs")))
                .toList();
    }

    private static List<String> texts(JsonNode list) {
        return list.valueStream()
                .map(JsonNode::asText)
                .filter(text -> !text.isEmpty())
                .toList();
    }

    @Test
    void admitsMoversToTheGatewayAndPrometheusToMetrics() throws IOException {
        Map<String, JsonNode> objects = render();
        JsonNode gateway = objects.get("NetworkPolicy/breakwater-gateway").path("spec");
        assertThat(selected(gateway))
                .isEqualTo(Map.of("name", "breakwater", "instance", "test", "component", "operator"));
        assertThat(gateway.path("ingress"))
                .isEqualTo(yaml("[{from: [{namespaceSelector: {}, podSelector: {matchLabels:"
                        + " {breakwater.io/component: mover}}}], ports: [{port: gateway}]}]"));
        JsonNode metrics = objects.get("NetworkPolicy/breakwater-metrics").path("spec");
        assertThat(selected(metrics)).as("all components").isEqualTo(Map.of("name", "breakwater", "instance", "test"));
        assertThat(metrics.path("ingress"))
                .isEqualTo(yaml("[{from: [{namespaceSelector: {}, podSelector: {matchLabels:"
                        + " {app.kubernetes.io/name: prometheus}}}], ports: [{port: http}]}]"));
        JsonNode webhook = objects.get("NetworkPolicy/breakwater-webhook").path("spec");
        assertThat(webhook.at("/podSelector/matchExpressions/0/values")).isEqualTo(yaml("[operator, guard]"));
        assertThat(webhook.path("ingress")).isEqualTo(yaml("[{ports: [{port: webhook}]}]"));
        assertThat(selected(render("gateway.embedded=false")
                        .get("NetworkPolicy/breakwater-gateway")
                        .path("spec")))
                .containsEntry("component", "gateway");
        assertThat(render("networkPolicy.enabled=false").keySet()).noneMatch(k -> k.startsWith("NetworkPolicy"));
    }

    @Test
    void restrictsConnectionsToGivenSources() throws IOException {
        Map<String, JsonNode> objects = render(
                "webhook.allowFrom[0].ipBlock.cidr=10.0.0.2/32",
                "networkPolicy.gateway.from[0].ipBlock.cidr=10.0.0.3/32",
                "networkPolicy.metrics.from[0].podSelector.matchLabels.app=agent");
        assertThat(objects.get("NetworkPolicy/breakwater-webhook").at("/spec/ingress"))
                .isEqualTo(yaml("[{from: [{ipBlock: {cidr: 10.0.0.2/32}}], ports: [{port: webhook}]}]"));
        assertThat(objects.get("NetworkPolicy/breakwater-gateway").at("/spec/ingress/0/from"))
                .hasSize(2)
                .contains(yaml("{ipBlock: {cidr: 10.0.0.3/32}}"));
        assertThat(objects.get("NetworkPolicy/breakwater-metrics").at("/spec/ingress/0/from"))
                .isEqualTo(yaml("[{podSelector: {matchLabels: {app: agent}}}]"));
    }

    /** The labels that a policy selects, by the last part of their names. */
    private static Map<String, String> selected(JsonNode policy) {
        Map<String, String> labels = new TreeMap<>();
        policy.at("/podSelector/matchLabels")
                .properties()
                .forEach(label -> labels.put(
                        label.getKey().replace("app.kubernetes.io/", ""),
                        label.getValue().asText()));
        return labels;
    }

    private static JsonNode yaml(String text) throws IOException {
        return CrdFiles.YAML.readTree(text);
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
            if (rule.path("resources").toString().contains("events")) {
                assertThat(rule.path("verbs").valueStream().map(JsonNode::asText))
                        .as("an event that exists is counted")
                        .contains("get", "create");
            }
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
    void letsANodeWithAGuardBeDrained() throws IOException {
        Map<String, JsonNode> two = render();
        JsonNode guard = two.get("Deployment/breakwater-guard").path("spec");
        assertThat(guard.path("replicas").asInt()).isEqualTo(2);
        assertThat(guard.at("/strategy/rollingUpdate/maxUnavailable").asInt(-1)).isZero();
        assertThat(guard.at("/template/spec/affinity/podAntiAffinity").findValuesAsText("topologyKey"))
                .containsExactly("kubernetes.io/hostname");
        assertThat(two.get("PodDisruptionBudget/breakwater-guard").at("/spec/selector"))
                .isEqualTo(guard.path("selector"));

        assertThat(two.get("Lease/breakwater-guard").has("spec"))
                .as("an upgrade of the release decides who leads")
                .isFalse();

        assertThat(render("guard.replicas=1")).doesNotContainKey("PodDisruptionBudget/breakwater-guard");
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

    /** A GitOps tool deletes and creates a hook at each sync, and renders without a cluster, so a lookup finds nothing. */
    @Test
    void leavesTheQuickstartLocationToTheOperator() throws IOException {
        Map<String, JsonNode> objects = render("quickstart.enabled=true");
        assertThat(read(objects.get("Deployment/breakwater-operator")).quickstart())
                .isTrue();
        assertThat(config(render()).quickstart()).isFalse();
        assertThat(objects.keySet()).noneMatch(key -> key.startsWith("BackupLocation/"));
        assertThat(Files.readString(CHART.resolve("templates/quickstart.yaml")))
                .doesNotContain("helm.sh/hook", "lookup");
    }

    @Test
    void buildsTheReferencesOfBothImages() throws IOException {
        String digest = "sha256:" + "0123456789abcdef".repeat(4);
        String version = CrdFiles.YAML
                .readTree(CHART.resolve("Chart.yaml").toFile())
                .path("appVersion")
                .asText();
        assertImages("breakwater:" + version, "breakwater-mover:" + version);
        assertImages(
                "registry.example.com:5000/platform/breakwater:" + version,
                "registry.example.com:5000/platform/breakwater-mover:" + version,
                "image.registry=registry.example.com:5000/platform");
        assertImages("breakwater:v2", "breakwater-mover:v2", "image.tag=v2");
        assertImages("breakwater:v2", "breakwater-mover:v3", "image.tag=v2", "mover.image.tag=v3");
        assertImages("breakwater@" + digest, "breakwater-mover:v2", "image.tag=v2", "image.digest=" + digest);
        assertImages(
                "a.example/b/c:" + version,
                "d.example/e@" + digest,
                "image.registry=a.example",
                "image.repository=b/c",
                "mover.image.registry=d.example",
                "mover.image.repository=e",
                "mover.image.digest=" + digest);
    }

    private static void assertImages(String image, String mover, String... values) throws IOException {
        Map<String, JsonNode> objects = render(Stream.concat(Stream.of("gateway.embedded=false"), Stream.of(values))
                .toArray(String[]::new));
        for (String name : List.of("operator", "guard", "gateway")) {
            assertThat(objects.get("Deployment/breakwater-" + name)
                            .at("/spec/template/spec/containers/0/image")
                            .asText())
                    .isEqualTo(image);
        }
        assertThat(config(objects).mover().image()).isEqualTo(mover);
    }

    @Test
    void passesTheProxyOfStoresToAllProcesses() throws IOException {
        Map<String, JsonNode> objects = render(
                "gateway.embedded=false",
                "store.proxy.url=http://proxy.example.com:3128",
                "store.proxy.noProxy[0]=objects.example.com",
                "store.proxy.noProxy[1]=10.0.0.0/8");
        Map<String, JsonNode> secret = render("gateway.embedded=false", "store.proxy.urlSecret=proxy");
        for (String name : List.of("operator", "guard", "gateway")) {
            BreakwaterConfig config = read(objects.get("Deployment/breakwater-" + name));
            assertThat(config.store().proxy().url()).contains("http://proxy.example.com:3128");
            assertThat(config.store().proxy().noProxy()).contains(List.of("objects.example.com", "10.0.0.0/8"));
            assertThat(secret.get("Deployment/breakwater-" + name)
                            .at("/spec/template/spec/containers/0/env")
                            .toString())
                    .contains("{\"name\":\"BREAKWATER_STORE_PROXY_URL\",\"valueFrom\":{\"secretKeyRef\":"
                            + "{\"name\":\"proxy\",\"key\":\"url\"}}}");
        }
        assertThat(config(render()).store().proxy().url()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"operator", "guard", "gateway"})
    void mountsMoreVolumes(String name) throws IOException {
        JsonNode pod = render(
                        "gateway.embedded=false",
                        name + ".extraVolumes[0].name=authorities",
                        name + ".extraVolumes[0].configMap.name=trust",
                        name + ".extraVolumeMounts[0].name=authorities",
                        name + ".extraVolumeMounts[0].mountPath=/etc/trust")
                .get("Deployment/breakwater-" + name)
                .at("/spec/template/spec");
        assertThat(pod.path("volumes")).contains(yaml("{name: authorities, configMap: {name: trust}}"));
        assertThat(pod.at("/containers/0/volumeMounts")).contains(yaml("{name: authorities, mountPath: /etc/trust}"));
    }

    /** Hooks are not part of what the library renders. A copy of the chart without the annotation shows the object. */
    private static Map<String, JsonNode> withHooks(Path directory, String name, String... values) throws IOException {
        Path chart = directory.resolve("chart");
        try (Stream<Path> files = Files.walk(CHART)) {
            for (Path file : files.toList()) {
                Files.copy(file, chart.resolve(CHART.relativize(file)));
            }
        }
        Path template = chart.resolve("templates/" + name);
        Files.writeString(template, Files.readString(template).replace("helm.sh/hook:", "example.com/hook:"));
        return render(chart, values);
    }

    /** An account that the chart deletes runs the check, so it must run before anything is deleted. */
    @Test
    void checksTheClusterBeforeItIsUninstalled(@TempDir Path directory) throws IOException {
        JsonNode job = withHooks(directory, "uninstall.yaml").get("Job/breakwater-uninstall-check");
        JsonNode annotations = job.at("/metadata/annotations");
        assertThat(annotations.path("example.com/hook").asText()).isEqualTo("pre-delete");
        assertThat(annotations.path("helm.sh/hook-delete-policy").asText())
                .as("the Job of a refusal stays, since its log has the list")
                .doesNotContain("hook-failed");
        JsonNode pod = job.at("/spec/template/spec");
        assertThat(job.at("/spec/backoffLimit").asInt(-1)).isZero();
        assertThat(pod.path("serviceAccountName").asText()).isEqualTo("breakwater-operator");
        assertThat(pod.at("/containers/0/image").asText())
                .isEqualTo(render().get("Deployment/breakwater-operator")
                        .at("/spec/template/spec/containers/0/image")
                        .asText())
                .isNotBlank();
        assertThat(pod.at("/containers/0/command")).hasSize(1);
        assertThat(pod.at("/containers/0/command/0").asText()).isEqualTo("uninstall");
        assertThat(Path.of("images/breakwater/uninstall")).isExecutable();
        assertThat(pod.at("/containers/0/securityContext/readOnlyRootFilesystem")
                        .asBoolean())
                .isTrue();
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
    void rendersTheAlertOnUncoveredNamespacesOnlyOnRequest() throws IOException {
        String enabled = "metrics.prometheusRule.enabled=true";
        assertThat(render(enabled).get("PrometheusRule/breakwater").findValuesAsText("alert"))
                .contains("BreakwaterRpoMissed")
                .doesNotContain("BreakwaterNamespaceUncovered");
        JsonNode rule = render(
                        enabled,
                        "metrics.prometheusRule.uncovered=true",
                        "metrics.prometheusRule.runbookBaseUrl=https://wiki.example/rb")
                .get("PrometheusRule/breakwater");
        assertThat(rule.at("/spec/groups").findValuesAsText("alert"))
                .contains("BreakwaterRpoMissed", "BreakwaterNamespaceUncovered");
        assertThat(rule.findValuesAsText("runbook_url"))
                .contains("https://wiki.example/rb/BreakwaterNamespaceUncovered.md");
    }

    @Test
    void passesTheNamesOfExcludedNamespaces() throws IOException {
        assertThat(read(render().get("Deployment/breakwater-operator"))
                        .coverage()
                        .exclude())
                .contains(List.of("kube-*", "openshift-*"));
        BreakwaterConfig.Coverage changed = read(render("coverage.exclude=null", "coverage.interval=1H")
                        .get("Deployment/breakwater-operator"))
                .coverage();
        assertThat(changed.exclude()).isEmpty();
        assertThat(changed.interval()).isEqualTo(Duration.ofHours(1));
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
                    assertThat(pod.at("/containers/0/resources/limits")
                                    .path("ephemeral-storage")
                                    .asText())
                            .isNotEmpty();
                    pod.path("volumes")
                            .valueStream()
                            .filter(v -> v.has("emptyDir"))
                            .forEach(v -> assertThat(v.at("/emptyDir/sizeLimit").asText())
                                    .as(v.path("name").asText())
                                    .isNotEmpty());
                });
    }

    @Test
    void onlyOwnAccountsWriteStatuses() throws Exception {
        Map<String, JsonNode> objects = render();
        JsonNode policy =
                objects.get("ValidatingAdmissionPolicy/breakwater-status").path("spec");
        assertThat(policy.path("failurePolicy").asText()).isEqualTo("Fail");
        assertThat(policy.at("/matchConstraints/resourceRules").toString())
                .isEqualTo("[{\"apiGroups\":[\"breakwater.io\"],\"apiVersions\":[\"*\"],"
                        + "\"operations\":[\"CREATE\",\"UPDATE\"],\"resources\":[\"*/status\"]}]");
        JsonNode binding = objects.get("ValidatingAdmissionPolicyBinding/breakwater-status")
                .path("spec");
        assertThat(binding.path("policyName").asText()).isEqualTo("breakwater-status");
        assertThat(binding.path("validationActions").toString()).isEqualTo("[\"Deny\"]");
        assertThat(binding.has("matchResources")).isFalse();
        String account = "system:serviceaccount:backup:breakwater-";
        for (String user : List.of(account + "operator", account + "guard")) {
            assertThat(evaluate(policy.at("/validations/0/expression"), user)).isEqualTo(true);
        }
        for (String user : List.of("jane", account + "gateway", "system:serviceaccount:shop:breakwater-operator")) {
            assertThat(evaluate(policy.at("/validations/0/expression"), user)).isEqualTo(false);
            assertThat(evaluate(policy.at("/validations/0/messageExpression"), user))
                    .asString()
                    .startsWith("user " + user + " may not write the status");
        }
    }

    private static Object evaluate(JsonNode expression, String user) throws CelException {
        var compiler = CelCompilerFactory.standardCelCompilerBuilder()
                .addVar("request", SimpleType.DYN)
                .build();
        return CelRuntimeFactory.standardCelRuntimeBuilder()
                .build()
                .createProgram(compiler.compile(expression.asText()).getAst())
                .eval(Map.of("request", Map.of("userInfo", Map.of("username", user))));
    }

    @Test
    void userRolesNameEachResourceAndNoStatus() throws IOException {
        Map<String, JsonNode> objects = render();
        // The chart binds the roles of its own accounts.
        List<JsonNode> roles = objects.values().stream()
                .filter(o -> o.path("kind").asText().equals("ClusterRole"))
                .filter(o -> !objects.containsKey(
                        "ClusterRoleBinding/" + o.at("/metadata/name").asText()))
                .toList();
        assertThat(roles).hasSizeGreaterThan(5);
        for (JsonNode role : roles) {
            assertThat(role.path("rules").toString()).doesNotContain("*").doesNotContain("/status");
        }
        JsonNode edit = objects.get("ClusterRole/breakwater-backup-operator");
        assertThat(edit.at("/metadata/labels").toString()).contains("aggregate-to-edit");
        for (JsonNode rule : edit.path("rules")) {
            if (rule.path("resources").toString().contains("backuplocations")) {
                assertThat(rule.path("verbs").toString()).isEqualTo("[\"get\",\"list\",\"watch\"]");
            }
        }
        assertThat(objects.get("ClusterRole/breakwater-location-admin")
                        .path("rules")
                        .toString())
                .contains("backuplocations")
                .contains("create");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "site.name=Not_A_Name",
                "site.nmae=east",
                "guard.replicas=4",
                "guard.heap=much",
                "gateway.replicas=0",
                "gateway.serviceType=Ingress",
                "gateway.url=http://plain",
                "mover.deadline=soon",
                "sandbox.kinds[0]=Certificate",
                "quickstart.enabled=maybe",
                "image.name=breakwater:0.1.0",
                "image.digest=sha256:abc",
                "image.registry=https://registry.example.com",
                "mover.image.tag=a b",
                "store.proxy.url=https://proxy.example.com",
                "operator.extraVolumes=x"
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

    static Map<String, JsonNode> render(String... values) throws IOException {
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

    /** The guard checks objects at admission, and opens the stores of leases. */
    @Test
    void givesTheGuardTheSettingsOfAdmissionAndStores() throws IOException {
        Map<String, JsonNode> objects =
                render("policy.shortestInterval=1M", "store.maxObjects=5000", "gateway.embedded=false");
        for (String name : List.of("operator", "guard", "gateway")) {
            BreakwaterConfig config = read(objects.get("Deployment/breakwater-" + name));
            assertThat(config.policy().shortestInterval()).isEqualTo(Duration.ofMinutes(1));
            assertThat(config.store().maxObjects()).isEqualTo(5000);
        }
    }
}
