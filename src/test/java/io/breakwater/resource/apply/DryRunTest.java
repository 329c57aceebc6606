package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A dry run reports the result of the real run and changes nothing. */
class DryRunTest {
    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
        scene.server.put(
                ApplyFixture.CORE + "configmaps",
                ApplyFixture.object("v1", "ConfigMap", "other", "'data':{'a':'0','b':'0'}"));
        scene.server.put(
                ApplyFixture.CORE + "configmaps", ApplyFixture.object("v1", "ConfigMap", "same", "'data':{'a':'1'}"));
        scene.configMap("other", "'data':{'a':'1'}");
        scene.configMap("same", "'data':{'a':'1'}");
        scene.configMap("new", "'data':{'a':'1'}");
        scene.deployment("web", "'spec':{'replicas':1}");
        scene.archive("acme.io/v1", "Widget", "widgets.acme.io", "w", "");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void countsLikeTheRestoreAndChangesNothing(OnConflict onConflict) throws IOException {
        scene.spec("dryRun: true");
        scene.spec.onConflict = onConflict;
        ApplyReport rehearsal = scene.apply();
        assertThat(scene.server.at(ApplyFixture.CORE + "configmaps/new")).isNull();
        assertThat(scene.server.at(ApplyFixture.APPS + "deployments/web")).isNull();
        assertThat(scene.server.at(ApplyFixture.CORE + "configmaps/other").path("data"))
                .isEqualTo(FakeApiServer.tree("{'a':'0','b':'0'}"));
        scene.spec.dryRun = false;
        ApplyReport real = scene.apply();
        assertThat(rehearsal)
                .usingRecursiveComparison()
                .ignoringFields("lines")
                .ignoringCollectionOrder()
                .isEqualTo(real);
        assertThat(rehearsal.lines()).hasSize(5);
        assertThat(real.lines()).isEmpty();
    }

    @Test
    void namesObjectsAndFieldsButNoValues() throws IOException {
        scene.spec("{dryRun: true, onConflict: Replace}");
        List<String> lines =
                scene.apply().lines().stream().map(ApplyReport.Line::toString).toList();
        assertThat(lines)
                .contains(
                        "replace  configmaps shop/other: /data/a, /data/b",
                        "leave    configmaps shop/same",
                        "create   configmaps shop/new",
                        "create   deployments.apps shop/web")
                .anySatisfy(l -> assertThat(l).startsWith("refuse   widgets.acme.io shop/w: Widget in version"));
    }

    @Test
    void reportsRecreationWithoutDeletingAnything() throws IOException {
        scene.server.judge((method, body) -> method.equals("PUT") ? "immutable" : "");
        scene.spec("{dryRun: true, onConflict: Replace, include: [{names: [other]}]}");
        assertThat(scene.apply().lines())
                .singleElement()
                .asString()
                .startsWith("replace")
                .contains("deleted and created again");
        assertThat(scene.written()).noneMatch(w -> w.startsWith("DELETE"));
    }

    @Test
    void reportsADryRunIntoAMissingNamespace() throws IOException {
        scene.target = "copy";
        scene.admin = true;
        scene.spec("{dryRun: true, include: [{names: [new, web]}]}");
        assertThat(scene.apply().created()).isEqualTo(2);
        assertThat(scene.written()).isEmpty();
        scene.admin = false;
        assertThatThrownBy(scene::apply).hasMessageContaining("namespace copy does not exist");
    }

    @Test
    void acceptsBindingsToRolesInTheSameRestore() throws IOException {
        String rbac = "rbac.authorization.k8s.io";
        scene.archive(rbac + "/v1", "Role", "roles." + rbac, "r", "'rules':[]");
        scene.archive(rbac + "/v1", "RoleBinding", "rolebindings." + rbac, "b", "'roleRef':{'kind':'Role','name':'r'}");
        scene.archive(
                rbac + "/v1", "RoleBinding", "rolebindings." + rbac, "x", "'roleRef':{'kind':'Role','name':'gone'}");
        scene.server.allow((verb, resource) -> !verb.equals("bind") && !verb.equals("escalate"));
        scene.spec("{dryRun: true, include: [{kinds: [roles." + rbac + ", rolebindings." + rbac + "]}]}");
        ApplyReport report = scene.apply();
        assertThat(report.created()).isEqualTo(2);
        assertThat(report.failed()).singleElement().asString().contains("rolebindings." + rbac + " shop/x");
    }
}
