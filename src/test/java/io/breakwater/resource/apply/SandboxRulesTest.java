package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sandbox gets of a point: only kinds and forms without effects outside of it. */
class SandboxRulesTest {
    private static final String SANDBOX = "/api/v1/namespaces/bv-1/";
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/bv-1/";
    private static final String FLUX = "kustomize.toolkit.fluxcd.io/v1";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.target = "bv-1";
        scene.sandbox = SandboxRules.of(List.of());
        scene.server.serve(FLUX, "Kustomization", "kustomizations", true);
        scene.server.serve("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true);
        scene.server.serve("batch/v1", "CronJob", "cronjobs", true);
        scene.server.serve("apps/v1", "DaemonSet", "daemonsets", true);
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void restoresNoKindThatIsNotListed() throws IOException {
        scene.configMap("settings", "");
        for (int i = 0; i < 7; i++) {
            scene.archive(FLUX, "Kustomization", "kustomizations.kustomize.toolkit.fluxcd.io", "k" + i, "");
        }
        scene.archive("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies.networking.k8s.io", "open", "");

        assertThat(scene.preview().warnings())
                .singleElement()
                .asString()
                .startsWith("kustomizations.kustomize.toolkit.fluxcd.io k0, ")
                .contains("k4 and 3 more: not restored into the sandbox")
                .contains("sandbox.kinds");
        assertThat(scene.apply().failed()).isEmpty();
        assertThat(scene.written()).containsExactly("POST configmaps");
    }

    @Test
    void restoresKindsThatAnAdministratorAdds() throws IOException {
        scene.sandbox = SandboxRules.of(List.of("kustomizations.kustomize.toolkit.fluxcd.io"));
        scene.archive(FLUX, "Kustomization", "kustomizations.kustomize.toolkit.fluxcd.io", "k", "");
        assertThat(scene.preview().warnings()).isEmpty();
        scene.apply();
        assertThat(scene.written()).containsExactly("POST kustomizations");
    }

    @Test
    void refusesAPointThatHasNothingForASandbox() {
        scene.archive(FLUX, "Kustomization", "kustomizations.kustomize.toolkit.fluxcd.io", "k", "");
        assertThatThrownBy(scene::preview)
                .hasMessageContaining("no object of the point can be restored into a sandbox")
                .hasMessageContaining("kustomizations");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Certificates.cert-manager.io",
                "certificates",
                "certificates.cert-manager.io, issuers.cert-manager.io",
                "clusterrolebindings.rbac.authorization.k8s.io",
                "networkpolicies.networking.k8s.io",
                "ciliumnetworkpolicies.cilium.io",
                "customresourcedefinitions.apiextensions.k8s.io",
                "backuppolicies.breakwater.io",
                ""
            })
    void refusesListedKindsThatAreInvalidOrWouldEndTheIsolation(String kind) {
        assertThatThrownBy(() -> SandboxRules.of(List.of(kind)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sandbox.kinds: '" + kind + "'");
    }

    @Test
    void exposesNoService() throws IOException {
        scene.archive(
                "v1",
                "Service",
                "services",
                "web",
                "'spec':{'type':'LoadBalancer','selector':{'app':'web'},"
                        + "'externalIPs':['203.0.113.7'],'loadBalancerClass':'x','loadBalancerIP':'203.0.113.8',"
                        + "'externalTrafficPolicy':'Local','allocateLoadBalancerNodePorts':true,"
                        + "'ports':[{'port':80,'nodePort':30080}]}");
        annotate("external-dns.alpha.kubernetes.io/hostname", "shop.example.com");
        scene.archive(
                "v1", "Service", "services", "bank", "'spec':{'type':'ExternalName','externalName':'bank.example'}");

        assertThat(scene.preview().warnings().toString()).contains("services bank", "ExternalName");
        scene.apply();
        assertThat(scene.server.at(SANDBOX + "services/bank")).isNull();
        JsonNode web = scene.server.at(SANDBOX + "services/web");
        assertThat(web.path("spec"))
                .isEqualTo(FakeApiServer.tree("{'type':'ClusterIP','selector':{'app':'web'},'ports':[{'port':80}]}"));
        assertThat(web.toString()).doesNotContain("shop.example.com");
    }

    private void annotate(String name, String value) {
        scene.last()
                .withObjectProperty("metadata")
                .withObjectProperty("annotations")
                .put(name, value);
    }

    @Test
    void suspendsCronJobs() throws IOException {
        scene.archive("batch/v1", "CronJob", "cronjobs.batch", "nightly", "'spec':{'schedule':'0 3 * * *'}");
        scene.apply();
        assertThat(scene.server
                        .at("/apis/batch/v1/namespaces/bv-1/cronjobs/nightly")
                        .at("/spec/suspend")
                        .asBoolean())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'hostNetwork':true",
                "'hostPID':true",
                "'hostIPC':true",
                "'volumes':[{'name':'v','hostPath':{'path':'/var/log'}}]",
                "'volumes':[{'name':'v','nfs':{'server':'nas','path':'/shop'}}]",
                "'volumes':[{'name':'v','csi':{'driver':'files.example','volumeAttributes':{'share':'shop'}}}]",
                "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':80}]}]",
                "'containers':[{'name':'c','securityContext':{'privileged':true}}]",
                "'initContainers':[{'name':'c','securityContext':{'procMount':'Unmasked'}}]",
                "'containers':[{'name':'c','securityContext':{'capabilities':{'add':['CHOWN','CAP_SYS_ADMIN']}}}]"
            })
    void restoresNoPodsThatShareWithProduction(String spec) throws IOException {
        scene.configMap("settings", "");
        scene.archive(
                "apps/v1", "DaemonSet", "daemonsets.apps", "agent", "'spec':{'template':{'spec':{" + spec + "}}}");
        scene.archive("v1", "Pod", "pods", "alone", "'spec':{" + spec + "}");
        scene.archive(
                "batch/v1",
                "CronJob",
                "cronjobs.batch",
                "nightly",
                "'spec':{'jobTemplate':{'spec':{'template':{'spec':{" + spec + "}}}}}");
        assertThat(scene.preview().warnings().toString())
                .contains("daemonsets.apps agent, pods alone, cronjobs.batch nightly: not restored")
                .contains("with production");
        scene.apply();
        assertThat(scene.written()).containsExactly("POST configmaps");
    }

    @Test
    void restoresPodsWithVolumesOfTheirNamespace() throws IOException {
        scene.deployment(
                "web",
                "'spec':{'template':{'spec':{'volumes':[{'name':'a','persistentVolumeClaim':{'claimName':'d'}},"
                        + "{'name':'b','emptyDir':{}},{'name':'c','secret':{'secretName':'s'}},"
                        + "{'name':'d','csi':{'driver':'secrets-store.csi.k8s.io','readOnly':true}}]}}}");
        assertThat(scene.preview().warnings()).isEmpty();
        scene.apply();
        assertThat(scene.written()).containsExactly("POST deployments");
    }

    @Test
    void removesLabelsOfMoversFromPods() throws IOException {
        scene.deployment(
                "web", "'spec':{'template':{'metadata':{'labels':{'app':'web','breakwater.io/component':'mover'}}}}");
        scene.apply();
        assertThat(scene.server
                        .at("/apis/apps/v1/namespaces/bv-1/deployments/web")
                        .at("/spec/template/metadata/labels"))
                .isEqualTo(FakeApiServer.tree("{'app':'web'}"));
    }

    @Test
    void removesFinalizersSoThatTheSandboxCanBeDeleted() throws IOException {
        scene.configMap("bucket", "");
        scene.last().withObjectProperty("metadata").putArray("finalizers").add("example.com/outside");
        scene.deployment("web", "'spec':{'template':{'metadata':{'finalizers':['example.com/pod']}}}");
        scene.apply();
        assertThat(scene.server.at(SANDBOX + "configmaps/bucket").toString()).doesNotContain("example.com/outside");
        assertThat(scene.server
                        .at("/apis/apps/v1/namespaces/bv-1/deployments/web")
                        .toString())
                .doesNotContain("example.com/pod");
    }

    @Test
    void bindsOnlyServiceAccountsOfTheSandbox() throws IOException {
        binding(
                "app",
                "Role",
                "{'kind':'ServiceAccount','name':'app','namespace':'shop'},{'kind':'User','name':'jane'}");
        binding("jane", "Role", "{'kind':'User','name':'jane'}");
        binding("all", "Role", "{'kind':'Group','name':'system:authenticated'}");
        binding("other", "Role", "{'kind':'ServiceAccount','name':'app','namespace':'bank'}");
        binding("wide", "ClusterRole", "{'kind':'ServiceAccount','name':'app','namespace':'shop'}");
        scene.archive("rbac.authorization.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io", "r", "'rules':[]");

        assertThat(scene.preview().warnings().toString())
                .contains("rolebindings.rbac.authorization.k8s.io wide: not restored")
                .contains("jane, rolebindings.rbac.authorization.k8s.io all, ")
                .contains("rolebindings.rbac.authorization.k8s.io app: restored into the sandbox, but");
        assertThat(scene.apply().failed()).isEmpty();
        assertThat(scene.written()).containsExactly("POST roles", "POST rolebindings");
        assertThat(scene.server.at(RBAC + "rolebindings/app").path("subjects"))
                .isEqualTo(FakeApiServer.tree("{'s':[{'kind':'ServiceAccount','name':'app','namespace':'bv-1'}]}")
                        .path("s"));
    }

    private void binding(String name, String role, String subjects) {
        scene.archive(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "rolebindings.rbac.authorization.k8s.io",
                name,
                "'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'" + role + "','name':'r'},'subjects':["
                        + subjects + "]");
    }

    @Test
    void givesRolesNoPowerOverTheIsolation() throws IOException {
        scene.archive(
                "rbac.authorization.k8s.io/v1",
                "Role",
                "roles.rbac.authorization.k8s.io",
                "all",
                "'rules':[{'apiGroups':['*'],'resources':['*'],'verbs':['*']},"
                        + "{'apiGroups':[''],'resources':['configmaps','services','resourcequotas'],"
                        + "'verbs':['get','create','delete']},"
                        + "{'apiGroups':['networking.k8s.io'],'resources':['networkpolicies'],'verbs':['delete']},"
                        + "{'apiGroups':['coordination.k8s.io'],'resources':['leases'],'verbs':['*']}]");
        assertThat(scene.preview().warnings().toString()).contains("roles.rbac.authorization.k8s.io all: restored");
        scene.apply();
        assertThat(scene.server.at(RBAC + "roles/all").path("rules"))
                .isEqualTo(FakeApiServer.tree("{'r':["
                                + "{'apiGroups':['*'],'resources':['*'],'verbs':['get','list','watch']},"
                                + "{'apiGroups':[''],'resources':['configmaps'],'verbs':['get','create','delete']},"
                                + "{'apiGroups':[''],'resources':['services','resourcequotas'],'verbs':['get']},"
                                + "{'apiGroups':['coordination.k8s.io'],'resources':['leases'],'verbs':['*']}]}")
                        .path("r"));
    }

    @Test
    void restoresNothingClusterScoped() throws IOException {
        scene.admin = false;
        scene.configMap("settings", "");
        scene.archive("storage.k8s.io/v1", "StorageClass", "storageclasses.storage.k8s.io", "fast", "");
        scene.placeInCluster("fast");
        scene.apply();
        assertThat(scene.written()).containsExactly("POST configmaps");
    }
}
