package io.breakwater.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.apply.ApplyFixture;
import io.breakwater.resource.apply.ResourceApply;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Objects that a Restore includes and excludes. */
class ObjectSelectionTest {
    private ApplyFixture scene;

    @BeforeEach
    void fill() throws IOException {
        scene = new ApplyFixture();
        scene.deployment("web", "'spec':{'replicas':1}");
        scene.deployment("db", "'spec':{'replicas':1}");
        scene.archive("v1", "Secret", "secrets", "web", "'data':{'a':'eA=='}");
        ApplyFixture.label(scene.configMap("web", "'data':{'a':'1'}"), "tier", "front");
        scene.configMap("db", "'data':{'a':'1'}");
        scene.claim("data", "'spec':{}");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {}                                                            | configmaps/db configmaps/web deployments/db deployments/web secrets/web
        include: [{kinds: [deployments.apps]}]                        | deployments/db deployments/web
        include: [{kinds: [deployments.apps], names: [web]}]          | deployments/web
        include: [{names: [web]}]                                     | configmaps/web deployments/web secrets/web
        include: [{labelSelector: {matchLabels: {tier: front}}}]      | configmaps/web
        include: [{names: [db]}, {kinds: [secrets]}]                  | configmaps/db deployments/db secrets/web
        {include: [{names: [web]}], exclude: [{kinds: [secrets]}]}    | configmaps/web deployments/web
        exclude: [{kinds: [secrets, configmaps], names: [web]}]       | configmaps/db deployments/db deployments/web
        {include: [{kinds: [configmaps]}], exclude: [{labelSelector: {matchExpressions: [{key: tier, operator: Exists}]}}]} | configmaps/db
        """)
    void restoresOnlySelectedObjects(String spec, String wanted) throws IOException {
        scene.spec(spec);
        assertThat(scene.apply().failed()).isEmpty();
        Set<String> there = new TreeSet<>();
        scene.server.requests().stream()
                .filter(r -> r.method().equals("POST") && !r.path().endsWith("reviews"))
                .forEach(r -> there.add(r.path().substring(r.path().lastIndexOf('/') + 1) + "/"
                        + r.body().path("metadata").path("name").asText()));
        assertThat(there).containsExactlyInAnyOrder(wanted.split(" "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {}                                                              | 1
        include: [{kinds: [persistentvolumeclaims]}]                    | 1
        include: [{kinds: [persistentvolumeclaims], names: [other]}, {names: [web]}] | 0
        include: [{kinds: [secrets]}]                                   | 0
        exclude: [{names: [data]}]                                      | 0
        """)
    void selectsClaimsLikeOtherObjects(String spec, int claims) throws IOException {
        scene.spec(spec);
        assertThat(new ResourceApply(scene.server.client()).claims(scene.request()))
                .hasSize(claims);
    }

    @Test
    void requiresPermissionsForSelectedObjectsOnly() throws IOException {
        scene.server.allow((verb, resource) -> !resource.equals("secrets"));
        assertThatThrownBy(scene::apply).hasMessageContaining("secrets");
        scene.spec("exclude: [{kinds: [secrets]}]");
        assertThat(scene.apply().created()).isEqualTo(4);
    }

    @Test
    void reportsConflictsOfSelectedObjectsOnly() throws IOException {
        scene.server.put(ApplyFixture.CORE + "configmaps", ApplyFixture.object("v1", "ConfigMap", "db", ""));
        assertThat(scene.preview().existing()).containsExactly("configmaps shop/db");
        scene.spec("include: [{names: [web]}]");
        assertThat(scene.preview().existing()).isEmpty();
    }

    @Test
    void restoresClusterScopedObjectsForAdministratorsOnly() throws IOException {
        ObjectNode role = scene.archive(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "clusterroles.rbac.authorization.k8s.io",
                "",
                "'rules':[]");
        ((ObjectNode) role.path("metadata")).put("name", "all").remove("namespace");
        scene.placeInCluster("all");
        assertThat(scene.apply().created())
                .as("it is excluded if no rule includes it")
                .isEqualTo(5);
        scene.server.clear();
        scene.spec("include: [{kinds: [clusterroles.rbac.authorization.k8s.io]}]");
        assertThatThrownBy(scene::apply).hasMessageContaining("only a Restore in the operator's namespace");
        assertThat(scene.written()).isEmpty();
        scene.admin = true;
        assertThat(scene.apply().created()).isEqualTo(1);
    }

    @Test
    void warnsAboutUnmatchedRulesAndRefusesEmptySelections() throws IOException {
        scene.spec("{include: [{names: [web]}, {kinds: [deployment]}], exclude: [{names: [gone]}]}");
        assertThat(scene.preview().warnings())
                .containsExactly("spec.include[1] matches no object", "spec.exclude[0] matches no object");
        scene.spec("include: [{kinds: [deployment]}]");
        assertThatThrownBy(scene::preview)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec));
        assertThat(scene.written()).isEmpty();
    }
}
