package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.FakeApiServer.Request;
import io.breakwater.trust.Author;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ImpersonatedApplyTest {
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1/";
    private static final String OPERATOR = "system:serviceaccount:bw:operator";
    private static final Author JANE = new Author(
            "Jané 漢",
            "u-1",
            List.of("dev", "ops, all"),
            Map.of("authentication.kubernetes.io/pod-name", List.of("p-1"), "A+b", List.of("x", "y")));

    private ApplyFixture shop;

    @BeforeEach
    void start() throws IOException {
        shop = new ApplyFixture();
        shop.author = JANE;
        shop.impersonate = true;
        shop.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
    }

    @AfterEach
    void stop() {
        shop.close();
    }

    /** Creates, replaces, merges, deletes and patches. */
    private void archiveAll() throws IOException {
        shop.server.put(
                ApplyFixture.APPS + "statefulsets",
                ApplyFixture.object("apps/v1", "StatefulSet", "db", "'spec':{'serviceName':'old'}"));
        shop.server.put(
                ApplyFixture.CORE + "configmaps", ApplyFixture.object("v1", "ConfigMap", "old", "'data':{'a':'0'}"));
        shop.archive("apps/v1", "StatefulSet", "statefulsets.apps", "db", "'spec':{'serviceName':'new'}");
        shop.configMap("old", "'data':{'a':'1'}");
        shop.configMap("new", "'data':{'a':'1'}");
        shop.archive("rbac.authorization.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io", "r", "'rules':[]");
        ObjectNode owner = shop.deployment("web", "'spec':{}");
        ((ObjectNode) owner.path("metadata")).put("uid", "web-uid");
        ObjectNode owned = shop.configMap("owned", "");
        ((ObjectNode) owned.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("uid", "web-uid");
        shop.server.judge((method, body) ->
                method.equals("PUT") && body.path("kind").asText().equals("StatefulSet") ? "immutable" : "");
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void writesEachObjectAsTheAuthor(OnConflict onConflict) throws IOException {
        archiveAll();
        shop.spec.onConflict = onConflict;
        shop.apply();
        assertThat(shop.writes()).isNotEmpty().allSatisfy(ImpersonatedApplyTest::isOfJane);
        if (onConflict == OnConflict.Replace) {
            assertThat(new TreeSet<>(shop.writes().stream().map(Request::method).toList()))
                    .containsExactly("DELETE", "PATCH", "POST", "PUT");
        }
    }

    private static void isOfJane(Request request) {
        assertThat(request.user()).as(request.toString()).isEqualTo(JANE.username());
        assertThat(request.texts("Impersonate-uid")).containsExactly("u-1");
        assertThat(request.texts("Impersonate-group")).containsExactlyElementsOf(JANE.groups());
        assertThat(request.headers()).containsKey("Impersonate-extra-authentication.kubernetes.io%2fpod-name");
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void checksEachObjectOfADryRunAsTheAuthor(OnConflict onConflict) throws IOException {
        archiveAll();
        shop.spec("{dryRun: true, onConflict: " + onConflict + "}").apply();
        assertThat(shop.writes()).isNotEmpty().allSatisfy(ImpersonatedApplyTest::isOfJane);
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void writesAsTheOperatorWithoutImpersonation(OnConflict onConflict) throws IOException {
        shop.impersonate = false;
        archiveAll();
        shop.spec.onConflict = onConflict;
        shop.apply();
        assertThat(shop.server.requests()).allSatisfy(r -> assertThat(r.user()).isEmpty());
    }

    @Test
    void writesAsTheOperatorWhenItIsTheAuthor() throws IOException {
        shop.author = new Author(OPERATOR, "", List.of(), Map.of());
        archiveAll();
        shop.apply();
        assertThat(shop.writes()).isNotEmpty();
        assertThat(shop.server.requests()).allSatisfy(r -> assertThat(r.user()).isEmpty());
    }

    @Test
    void createsTheNamespaceAsTheAuthor() throws IOException {
        shop.target = "copy";
        shop.admin = true;
        assertThat(new ResourceApply(shop.server.client()).createNamespace(shop.request()))
                .isTrue();
        assertThat(shop.writes()).singleElement().satisfies(ImpersonatedApplyTest::isOfJane);
    }

    @Test
    void reportsAnObjectThatTheApiServerRefusesToTheAuthor() throws IOException {
        shop.configMap("a", "");
        shop.archive("v1", "Secret", "secrets", "s", "");
        shop.server.refuse((method, path) -> method.equals("POST") && path.endsWith("/secrets") ? 403 : 0);
        ApplyReport report = shop.apply();
        assertThat(report.created()).isEqualTo(1);
        assertThat(report.failed())
                .singleElement()
                .asString()
                .startsWith("secrets shop/s: the API server refused it to author " + JANE.username())
                .contains("refused by the test")
                .contains("grant the right");
    }

    @Test
    void writesNothingWithoutTheRightToImpersonate() {
        shop.configMap("a", "");
        shop.server.refuseImpersonation();
        assertThatThrownBy(() -> shop.apply())
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Forbidden);
                    assertThat(e.isRetryable()).isTrue();
                })
                .hasMessageContaining("cannot impersonate resource")
                .hasMessageContaining("rbac.impersonate");
        assertThat(shop.written()).isEmpty();
    }

    @Test
    void writesNothingWhenAProxyDropsTheHeaders() {
        shop.configMap("a", "");
        shop.server.dropImpersonation();
        assertThatThrownBy(() -> shop.apply())
                .hasMessageContaining("the API server sees user " + OPERATOR)
                .hasMessageContaining("check proxies");
        assertThat(shop.written()).isEmpty();
    }

    /** A sandbox: the author has no rights there, and needs those in the source namespace. */
    @Test
    void asksForRightsInAnotherNamespace() throws IOException {
        shop.archive("rbac.authorization.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io", "r", RULES);
        shop.server.allow((verb, resource) -> !verb.equals("escalate") && !resource.equals("secrets"));
        ApplyRequest request = shop.request();
        ApplyReport report = new ResourceApply(shop.server.client())
                .apply(new ApplyRequest(
                        request.archive(),
                        request.sourceNamespace(),
                        "bv-shop",
                        request.spec(),
                        false,
                        request.runId(),
                        request.author().withRightsIn("shop"),
                        Optional.empty()));
        assertThat(report.failed()).singleElement().asString().contains("missing get secrets");
        List<Request> reviews = shop.reviews();
        assertThat(reviews)
                .isNotEmpty()
                .allSatisfy(r -> assertThat(r.body()
                                .at("/spec/resourceAttributes/namespace")
                                .asText())
                        .isEqualTo("shop"));
        assertThat(shop.server.requests()).allSatisfy(r -> assertThat(r.user()).isEmpty());
    }

    private static final String RULES = "'rules':[{'apiGroups':['','apps'],'resources':['configmaps','secrets','pods'],"
            + "'verbs':['get','list','watch','update']}]";

    /** The API server applies its own rule for roles and bindings to the author. */
    @Test
    void asksForNoRightThatARoleGrants() throws IOException {
        for (int i = 0; i < 10; i++) {
            shop.configMap("c" + i, "");
        }
        shop.archive("rbac.authorization.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io", "r", RULES);
        shop.server.allow((verb, resource) -> !verb.equals("escalate"));
        assertThat(shop.apply().created()).isEqualTo(11);
        assertThat(shop.reviews().size()).as("get and create of two kinds").isEqualTo(4);
        assertThat(shop.server.requests().stream()
                        .filter(r -> r.path().endsWith("/selfsubjectreviews"))
                        .count())
                .as("one for the run, none for an object")
                .isEqualTo(1);
        int asAuthor = shop.server.requests().size();

        shop.server.clear();
        shop.impersonate = false;
        assertThat(shop.apply().created()).isEqualTo(11);
        assertThat(shop.reviews().size())
                .as("also escalate, and the rights of the role that were not asked for before")
                .isEqualTo(4 + 1 + 23);
        assertThat(shop.server.requests().size())
                .as("no other request differs but the one for the run")
                .isEqualTo(asAuthor - 1 + 24);
    }

    @Test
    void needsPatchForMergesAndOwners() throws IOException {
        shop.configMap("a", "");
        shop.server.allow((verb, resource) -> !verb.equals("patch"));
        assertThat(shop.apply().created()).isEqualTo(1);
        shop.spec.onConflict = OnConflict.Update;
        assertThatThrownBy(() -> shop.apply()).hasMessageContaining("patch configmaps");
        shop.impersonate = false;
        shop.apply();
        shop.impersonate = true;
        shop.spec.onConflict = OnConflict.Fail;
        ObjectNode owned = shop.archive("v1", "Secret", "secrets", "s", "");
        ((ObjectNode) owned.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("uid", "u");
        assertThatThrownBy(() -> shop.apply())
                .hasMessageContaining("patch secrets")
                .message()
                .doesNotContain("configmaps");
    }

    /** The API server stores no role in a dry run, so it would refuse a binding of it. */
    @Test
    void doesNotCheckBindingsOfRolesThatADryRunDidNotStore() throws IOException {
        shop.archive("rbac.authorization.k8s.io/v1", "Role", "roles.rbac.authorization.k8s.io", "r", "'rules':[]");
        for (String name : List.of("r", "there")) {
            shop.archive(
                    "rbac.authorization.k8s.io/v1",
                    "RoleBinding",
                    "rolebindings.rbac.authorization.k8s.io",
                    "of-" + name,
                    "'roleRef':{'kind':'Role','name':'" + name + "'}");
        }
        shop.server.put(
                RBAC + "namespaces/shop/roles",
                ApplyFixture.object("rbac.authorization.k8s.io/v1", "Role", "there", "'rules':[]"));
        ApplyReport report = shop.spec("{dryRun: true}").apply();
        assertThat(report.created()).isEqualTo(3);
        assertThat(report.lines().stream().map(Object::toString))
                .filteredOn(l -> l.contains("not checked"))
                .singleElement()
                .asString()
                .contains("of-r");
        assertThat(shop.written()).containsExactly("POST roles", "POST rolebindings");
    }
}
