package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectTransformsTest {
    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.deployment(
                "web",
                "'spec':{'replicas':3,'template':{'spec':{'initContainers':[{'name':'i','image':'acme/init:1'}],"
                        + "'containers':[{'name':'c','image':'nginx:1.27'}]}}}");
        scene.configMap("web", "'data':{'a':'1','b':'2'}");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void appliesJsonPatchesToSelectedObjects() throws IOException {
        scene.spec("""
            transforms:
              - select: {kinds: [deployments.apps]}
                jsonPatch:
                  - {op: test, path: /spec/replicas, value: 3}
                  - {op: replace, path: /spec/replicas, value: 1}
                  - {op: add, path: /metadata/labels, value: {site: west}}
            """);
        assertThat(scene.apply().failed()).isEmpty();
        JsonNode web = scene.server.at(ApplyFixture.APPS + "deployments/web");
        assertThat(web.at("/spec/replicas").asInt()).isEqualTo(1);
        assertThat(web.at("/metadata/labels/site").asText()).isEqualTo("west");
        assertThat(scene.server
                        .at(ApplyFixture.CORE + "configmaps/web")
                        .at("/metadata/labels")
                        .isMissingNode())
                .isTrue();
    }

    @Test
    void ignoresRemovalOfAMissingField() throws IOException {
        scene.spec("transforms: [{select: {kinds: [configmaps]}, jsonPatch: [{op: remove, path: /data/none},"
                + " {op: remove, path: /data/a}]}]");
        assertThat(scene.apply().created()).isEqualTo(2);
        assertThat(scene.server.at(ApplyFixture.CORE + "configmaps/web").path("data"))
                .isEqualTo(FakeApiServer.tree("{'b':'2'}"));
    }

    @Test
    void aMergePatchMergesAndRemoves() throws IOException {
        scene.spec("""
            transforms:
              - select: {names: [web], kinds: [configmaps]}
                mergePatch: {data: {a: '9', c: '3', b: null}}
            """);
        scene.apply();
        assertThat(scene.server.at(ApplyFixture.CORE + "configmaps/web").path("data"))
                .isEqualTo(FakeApiServer.tree("{'a':'9','c':'3'}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jsonPatch: [{op: test, path: /spec/replicas, value: 5}]",
                "jsonPatch: [{op: replace, path: /spec/none, value: 1}]",
                "jsonPatch: [{op: replace, path: /kind, value: ConfigMap}]",
                "jsonPatch: [{op: replace, path: /metadata/name, value: other}]",
                "mergePatch: {metadata: {namespace: bank}}",
                "mergePatch: {apiVersion: v1}",
                "mergePatch: {metadata: null}"
            })
    void refusesInvalidPatchesBeforeAnyChange(String patch) {
        assertThatThrownBy(() -> scene.spec("transforms: [{select: {kinds: [deployments.apps]}, " + patch + "}]")
                        .apply())
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("spec.transforms")
                .hasMessageContaining("deployments.apps shop/web");
        assertThat(scene.written()).isEmpty();
    }

    @Test
    void checksPermissionsOfTransformedObjects() throws IOException {
        String rbac = "rbac.authorization.k8s.io";
        scene.archive(rbac + "/v1", "Role", "roles." + rbac, "r", "'rules':[]");
        scene.server.allow((verb, resource) -> resource.startsWith("roles") && !verb.equals("escalate"));
        scene.spec("""
            include: [{kinds: [roles.rbac.authorization.k8s.io]}]
            transforms:
              - select: {kinds: [roles.rbac.authorization.k8s.io]}
                jsonPatch:
                  - {op: replace, path: /rules, value: [{apiGroups: [''], resources: [secrets], verbs: [get]}]}
            """);
        assertThat(scene.apply().failed()).singleElement().asString().contains("missing get secrets");
    }

    @Test
    void selectsCapturedObjectsAndChainsTransforms() throws IOException {
        scene.spec("""
            include: [{kinds: [configmaps]}]
            transforms:
              - select: {kinds: [configmaps]}
                mergePatch: {data: {a: 'x'}, metadata: {labels: {tier: front}}}
              - select: {labelSelector: {matchLabels: {tier: front}}}
                mergePatch: {data: {b: 'not this one'}}
              - select: {kinds: [configmaps]}
                jsonPatch: [{op: test, path: /data/a, value: 'x'}]
            """);
        assertThat(scene.preview().warnings())
                .containsExactly("spec.transforms[1].select matches no object that is restored");
        assertThat(scene.apply().created()).isEqualTo(1);
        assertThat(scene.server.at(ApplyFixture.CORE + "configmaps/web").path("data"))
                .isEqualTo(FakeApiServer.tree("{'a':'x','b':'2'}"));
    }

    @Test
    void reportsTransformsAndMappingsWithoutEffect() throws IOException {
        scene.claim("data", "'spec':{'storageClassName':'fast'}");
        scene.spec("""
            include: [{kinds: [configmaps, persistentvolumeclaims, deployments.apps]}]
            storageClasses: {fast: slow, slow: fast}
            images: {docker.io: mirror.example.com, quay.example.com: mirror.example.com}
            hosts: {shop.example.com: shop.example.org}
            transforms:
              - select: {kinds: [configmaps]}
                mergePatch: {data: {b: '2'}}
              - select: {kinds: [configmaps]}
                mergePatch: {data: {b: '3'}}
            """);
        assertThat(scene.preview().warnings())
                .containsExactly(
                        "spec.storageClasses names slow, which no restored object uses",
                        "spec.images names quay.example.com, which no restored object uses",
                        "spec.hosts names shop.example.com, which no restored object uses",
                        "spec.transforms[0] changes none of the objects that it selects");
    }

    @Test
    void transformsClaims() throws IOException {
        scene.claim("data", "'spec':{'storageClassName':'fast','resources':{'requests':{'storage':'1Gi'}}}");
        scene.spec("""
            storageClasses: {fast: slow}
            transforms:
              - select: {kinds: [persistentvolumeclaims]}
                jsonPatch: [{op: replace, path: /spec/resources/requests/storage, value: 2Gi}]
            """);
        assertThat(new ResourceApply(scene.server.client()).claims(scene.request()))
                .singleElement()
                .satisfies(c -> {
                    assertThat(c.getSpec().getStorageClassName()).isEqualTo("slow");
                    assertThat(c.getSpec()
                                    .getResources()
                                    .getRequests()
                                    .get("storage")
                                    .toString())
                            .isEqualTo("2Gi");
                });
    }

    @ParameterizedTest
    @CsvSource({
        "nginx, mirror.example.com/library/nginx",
        "nginx:1.27, mirror.example.com/library/nginx:1.27",
        "acme/web@sha256:0a, mirror.example.com/acme/web@sha256:0a",
        "docker.io/acme/web:1, mirror.example.com/acme/web:1",
        "quay.io/team/app:2, west.example.com/app:2",
        "quay.io/team/app/tool:2, tools.example.com/tool:2",
        "quay.io/teammate/app:2, quay.io/teammate/app:2",
        "localhost:5000/app, localhost:5000/app",
        "ghcr.io/acme/web, ghcr.io/acme/web"
    })
    void mapsImagesByTheLongestPrefix(String image, String becomes) throws IOException {
        scene.spec("images: {docker.io: mirror.example.com, quay.io/team: west.example.com, quay.io/team/app/tool:"
                + " tools.example.com/tool}");
        assertThat(new NameMappings(scene.spec).image(image)).isEqualTo(becomes);
    }

    @Test
    void imagesOfAllContainersAreMapped() throws IOException {
        scene.spec("images: {docker.io: mirror.example.com}");
        scene.apply();
        JsonNode pod = scene.server.at(ApplyFixture.APPS + "deployments/web").at("/spec/template/spec");
        assertThat(pod.at("/initContainers/0/image").asText()).isEqualTo("mirror.example.com/acme/init:1");
        assertThat(pod.at("/containers/0/image").asText()).isEqualTo("mirror.example.com/library/nginx:1.27");
    }

    @ParameterizedTest
    @CsvSource({
        "shop.east.example.com, shop.example.com",
        "api.east.example.com, api.west.example.com",
        "a.b.east.example.com, a.b.west.example.com",
        "east.example.com, east.example.com",
        "'*.east.example.com', '*.west.example.com'"
    })
    void hostsAreMappedByNameOrByDomain(String host, String becomes) throws IOException {
        scene.server.serve("networking.k8s.io/v1", "Ingress", "ingresses", true);
        scene.server.serve("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", true);
        scene.archive(
                "networking.k8s.io/v1",
                "Ingress",
                "ingresses.networking.k8s.io",
                "web",
                "'spec':{'rules':[{'host':'" + host + "'}],'tls':[{'hosts':['" + host + "']}]}");
        scene.archive(
                "gateway.networking.k8s.io/v1",
                "HTTPRoute",
                "httproutes.gateway.networking.k8s.io",
                "web",
                "'spec':{'hostnames':['" + host + "']}");
        scene.spec("hosts: {.east.example.com: .west.example.com, shop.east.example.com: shop.example.com}");
        assertThat(scene.apply().failed()).isEmpty();
        JsonNode ingress = scene.server.at("/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web");
        assertThat(ingress.at("/spec/rules/0/host").asText()).isEqualTo(becomes);
        assertThat(ingress.at("/spec/tls/0/hosts/0").asText()).isEqualTo(becomes);
        JsonNode route = scene.server.at("/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web");
        assertThat(route.at("/spec/hostnames/0").asText()).isEqualTo(becomes);
    }
}
