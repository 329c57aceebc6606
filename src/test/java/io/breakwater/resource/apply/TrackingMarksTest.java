package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrackingMarksTest {
    private static final String COPY = "/api/v1/namespaces/copy/";

    private ApplyFixture shop;

    @BeforeEach
    void start() throws IOException {
        shop = new ApplyFixture();
        shop.target = "copy";
    }

    @AfterEach
    void stop() {
        shop.close();
    }

    private static ObjectNode mark(ObjectNode object, String field, String key) {
        ((ObjectNode) object.path("metadata")).withObjectProperty(field).put(key, "shop");
        return object;
    }

    private JsonNode meta(String path) {
        return shop.server.at(path).path("metadata");
    }

    @ParameterizedTest
    @CsvSource({
        "labels, app.kubernetes.io/instance, Argo CD",
        "labels, argocd.argoproj.io/instance, Argo CD",
        "annotations, argocd.argoproj.io/tracking-id, Argo CD",
        "annotations, argocd.argoproj.io/installation-id, Argo CD",
        "labels, kustomize.toolkit.fluxcd.io/name, Flux",
        "labels, helm.toolkit.fluxcd.io/namespace, Flux",
        "labels, kapp.k14s.io/app, kapp",
        "annotations, kapp.k14s.io/identity, kapp",
        "labels, objectset.rio.cattle.io/hash, Rancher Fleet",
        "annotations, objectset.rio.cattle.io/id, Rancher Fleet",
        "labels, applyset.kubernetes.io/part-of, kubectl apply",
        "annotations, config.k8s.io/owning-inventory, Config Sync"
    })
    void removesMarksFromCopies(String field, String key, String tool) throws IOException {
        mark(mark(shop.configMap("c", ""), field, key), "labels", "team");
        ApplyReport report = shop.apply();
        assertThat(meta(COPY + "configmaps/c").path(field).has(key)).isFalse();
        assertThat(meta(COPY + "configmaps/c").path("labels").path("team").asText())
                .isEqualTo("shop");
        assertThat(report.warnings())
                .containsExactly("1 object is restored without the marks of " + tool + " because " + tool
                        + " of the source namespace could delete copies that have them: configmaps shop/c");
    }

    @Test
    void keepsMarksInTheSourceNamespace() throws IOException {
        shop.target = "shop";
        mark(shop.configMap("c", ""), "labels", "app.kubernetes.io/instance");
        assertThat(shop.apply().warnings()).isEmpty();
        assertThat(meta("/api/v1/namespaces/shop/configmaps/c").path("labels").has("app.kubernetes.io/instance"))
                .isTrue();
    }

    /** Services find pods, and monitors find Services, by the label of a Helm chart. */
    @ParameterizedTest
    @CsvSource({"Pod, pods", "Service, services"})
    void makesToolsIgnoreObjectsThatSelectorsFind(String kind, String plural) throws IOException {
        ObjectNode object = shop.archive("v1", kind, plural, "web", "'spec':{}");
        mark(object, "labels", "app.kubernetes.io/instance");
        mark(object, "annotations", "argocd.argoproj.io/tracking-id");
        ((ObjectNode) object.path("metadata"))
                .withObjectProperty("annotations")
                .put("argocd.argoproj.io/sync-options", "ServerSideApply=true,Prune=false");
        shop.apply();
        JsonNode copy = meta(COPY + plural + "/web");
        assertThat(copy.path("labels").path("app.kubernetes.io/instance").asText())
                .isEqualTo("shop");
        assertThat(copy.path("annotations")
                        .path("argocd.argoproj.io/sync-options")
                        .asText())
                .isEqualTo("ServerSideApply=true,Prune=false,Delete=false");
        assertThat(copy.path("annotations")
                        .path("argocd.argoproj.io/compare-options")
                        .asText())
                .isEqualTo("IgnoreExtraneous");
        assertThat(copy.path("annotations").has("argocd.argoproj.io/tracking-id"))
                .isFalse();
    }

    @Test
    void leavesLabelsOfTemplatesAndSelectors() throws IOException {
        String selector = "{'matchLabels':{'app.kubernetes.io/instance':'shop'}}";
        mark(
                shop.deployment(
                        "web",
                        "'spec':{'selector':" + selector
                                + ",'template':{'metadata':{'labels':{'app.kubernetes.io/instance':'shop'}}}}"),
                "labels",
                "app.kubernetes.io/instance");
        shop.apply();
        JsonNode copy = shop.server.at("/apis/apps/v1/namespaces/copy/deployments/web");
        assertThat(copy.path("metadata").has("labels")).isFalse();
        assertThat(copy.path("spec").path("selector")).isEqualTo(FakeApiServer.tree(selector));
        assertThat(copy.path("spec")
                        .path("template")
                        .path("metadata")
                        .path("labels")
                        .isEmpty())
                .isFalse();
    }

    @Test
    void keepsTheMarksOfTheTargetWhenItReplacesAnObject() throws IOException {
        shop.server.put(
                COPY + "configmaps",
                "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'c','namespace':'copy','labels':{'app.kubernetes.io/instance':'copy'}},'data':{'a':'0'}}");
        mark(shop.configMap("c", "'data':{'a':'1'}"), "labels", "app.kubernetes.io/instance");
        assertThat(shop.spec("{onConflict: Replace}").apply().replaced()).isEqualTo(1);
        assertThat(meta(COPY + "configmaps/c")
                        .path("labels")
                        .path("app.kubernetes.io/instance")
                        .asText())
                .isEqualTo("copy");
        assertThat(shop.spec("{onConflict: Replace}").apply().replaced())
                .as("the same run again")
                .isEqualTo(1);
        shop.server.at(COPY + "configmaps/c").withObjectProperty("metadata").remove("annotations");
        assertThat(shop.apply().skipped()).as("equal but for the marks").isEqualTo(1);
    }

    @Test
    void removesMarksInSandboxes() throws IOException {
        shop.sandbox = SandboxRules.of(List.of());
        mark(shop.configMap("c", ""), "labels", "app.kubernetes.io/instance");
        assertThat(shop.apply().warnings()).isEmpty();
        assertThat(meta(COPY + "configmaps/c").has("labels")).isFalse();
    }

    @Test
    void removesMarksFromClaims() throws IOException {
        mark(shop.claim("data", "'spec':{}"), "labels", "app.kubernetes.io/instance");
        assertThat(new ResourceApply(shop.server.client())
                        .claims(shop.request())
                        .getFirst()
                        .getMetadata()
                        .getLabels())
                .isNullOrEmpty();
    }

    @Test
    void removesMarksFromANewNamespace() throws IOException {
        shop.admin = true;
        ObjectNode namespace = shop.archive("v1", "Namespace", "namespaces", "shop", "");
        shop.placeInCluster("shop");
        ((ObjectNode) namespace.path("metadata")).remove("namespace");
        mark(namespace, "labels", "kustomize.toolkit.fluxcd.io/name");
        mark(namespace, "labels", "team");
        mark(namespace, "annotations", "kubectl.kubernetes.io/last-applied-configuration");
        assertThat(new ResourceApply(shop.server.client()).createNamespace(shop.request()))
                .isTrue();
        JsonNode copy = meta("/api/v1/namespaces/copy");
        assertThat(copy.path("labels")).isEqualTo(FakeApiServer.tree("{'team':'shop'}"));
        assertThat(copy.path("annotations").isEmpty()).isTrue();
    }

    /** These objects are no copies: a cluster has one of each name. */
    @Test
    void keepsMarksOfClusterScopedObjects() throws IOException {
        shop.admin = true;
        ObjectNode role = shop.archive(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "clusterroles.rbac.authorization.k8s.io",
                "r",
                "'rules':[]");
        shop.placeInCluster("r");
        ((ObjectNode) role.path("metadata")).remove("namespace");
        mark(role, "labels", "app.kubernetes.io/instance");
        shop.apply();
        assertThat(meta("/apis/rbac.authorization.k8s.io/v1/clusterroles/r")
                        .path("labels")
                        .isEmpty())
                .isFalse();
    }
}
