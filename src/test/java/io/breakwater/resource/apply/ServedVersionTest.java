package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects in a version that the target cluster does not serve any more, and fields that it does not know. */
class ServedVersionTest {
    private static final String V1 = "/apis/acme.io/v1/namespaces/shop/widgets";
    private static final String OLD = "acme.io/v1alpha1";

    private ApplyFixture shop;

    @BeforeEach
    void start() throws IOException {
        shop = new ApplyFixture();
        shop.server.serve("acme.io/v1", "Widget", "widgets", true).know("acme.io/v1", "Widget", "size");
    }

    @AfterEach
    void stop() {
        shop.close();
    }

    private ObjectNode widget(String version, String name, String rest) {
        return shop.archive(version, "Widget", "widgets.acme.io", name, rest);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void restoresInAServedVersion(boolean aggregated) throws IOException {
        if (aggregated) {
            shop.server.aggregate();
        }
        widget(OLD, "w1", "'spec':{'size':3}");
        assertThat(shop.preview().warnings())
                .containsExactly("widgets.acme.io: this cluster does not serve version acme.io/v1alpha1, so the objects"
                        + " are restored in version acme.io/v1; verify their fields afterwards");
        ApplyReport report = shop.apply();
        assertThat(report.failed()).isEmpty();
        assertThat(report.created()).isEqualTo(1);
        assertThat(report.warnings()).isEmpty();
        assertThat(shop.server.at(V1 + "/w1").path("apiVersion").asText()).isEqualTo("acme.io/v1");
        assertThat(shop.server.at(V1 + "/w1").path("spec").path("size").asInt()).isEqualTo(3);
    }

    /** Other kinds of the same fault: built-in kinds of a newer Kubernetes, and the definitions themselves. */
    @ParameterizedTest
    @CsvSource({
        "policy/v1beta1, policy/v1, PodDisruptionBudget, poddisruptionbudgets",
        "batch/v1beta1, batch/v1, CronJob, cronjobs",
        "autoscaling/v2beta2, autoscaling/v2, HorizontalPodAutoscaler, horizontalpodautoscalers"
    })
    void restoresBuiltInKindsOfAnOlderKubernetes(String archived, String served, String kind, String plural)
            throws IOException {
        shop.server.serve(served, kind, plural, true);
        String group = served.substring(0, served.indexOf('/'));
        shop.archive(archived, kind, plural + "." + group, "web", "'spec':{'a':1}");
        assertThat(shop.apply().created()).isEqualTo(1);
        assertThat(shop.server
                        .at("/apis/" + served + "/namespaces/shop/" + plural + "/web")
                        .path("apiVersion")
                        .asText())
                .isEqualTo(served);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Skip", "Update", "Replace"})
    void refusesAnObjectThatWouldLoseAFieldInAnotherVersion(String onConflict) throws IOException {
        shop.server.put(V1, ApplyFixture.object("acme.io/v1", "Widget", "w2", "'spec':{'size':1}"));
        widget(OLD, "w1", "'spec':{'size':3,'colour':'red','legacy':true}");
        if (!onConflict.equals("Skip")) {
            widget(OLD, "w2", "'spec':{'size':3,'colour':'red'}");
        }
        ApplyReport report = shop.spec("{onConflict: " + onConflict + "}").apply();
        assertThat(report.created() + report.updated() + report.replaced()).isZero();
        assertThat(report.failed())
                .hasSize(onConflict.equals("Skip") ? 1 : 2)
                .allSatisfy(f -> assertThat(f.reason())
                        .contains("unknown field \"spec.colour\"")
                        .contains("does not serve version acme.io/v1alpha1")
                        .contains("was sent in version acme.io/v1")
                        .contains("spec.transforms"));
        assertThat(report.warnings())
                .contains("1 object is not restored because this cluster does not serve version acme.io/v1alpha1 of"
                        + " their kind, and version acme.io/v1 does not have fields of them (spec.colour, spec.legacy):"
                        + " widgets.acme.io shop/w1");
        assertThat(shop.server.at(V1 + "/w2").path("spec").path("size").asInt()).isEqualTo(1);
    }

    @Test
    void restoresAfterATransformRemovedTheField() throws IOException {
        widget(OLD, "w1", "'spec':{'size':3,'colour':'red'}");
        ApplyReport report = shop.spec("{transforms: [{select: {names: [w1]}, mergePatch: {spec: {colour: null}}}]}")
                .apply();
        assertThat(report.created()).isEqualTo(1);
    }

    @Test
    void checksTheFieldsInADryRunToo() throws IOException {
        widget(OLD, "w1", "'spec':{'colour':'red'}");
        shop.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
        ApplyReport report = shop.spec("{dryRun: true}").apply();
        assertThat(report.failed()).hasSize(1);
        assertThat(report.warnings()).hasSize(1);
        assertThat(shop.server.at(V1 + "/w1")).isNull();
    }

    /** The definition of the target has fewer fields in the same version: the server drops them with a warning. */
    @Test
    void namesFieldsThatTheServerDrops() throws IOException {
        widget("acme.io/v1", "w1", "'spec':{'size':3,'colour':'red'}");
        widget("acme.io/v1", "w2", "'spec':{'size':3,'colour':'red'}");
        ApplyReport report = shop.apply();
        assertThat(report.created()).isEqualTo(2);
        assertThat(report.warnings())
                .containsExactly("2 objects are restored without fields because this cluster does not know them in"
                        + " version acme.io/v1 (spec.colour): widgets.acme.io shop/w1, widgets.acme.io shop/w2");
    }

    /** Fields are texts of the archive: their number in warnings is limited. */
    @Test
    void limitsTheNumberOfNamedFields() throws IOException {
        for (int i = 0; i < 40; i++) {
            widget("acme.io/v1", "w" + i, "'spec':{'field" + i + "':1}");
        }
        ApplyReport report = shop.apply();
        assertThat(report.created()).isEqualTo(40);
        assertThat(report.warnings()).hasSize(21).last().asString().contains("20 objects", "of further causes");
    }

    @Test
    void namesAKindThatNoVersionServes() throws IOException {
        shop.archive("acme.io/v1", "Gadget", "gadgets.acme.io", "g", "");
        assertThat(shop.apply().failed().stream().map(ApplyReport.Failure::toString))
                .containsExactly("gadgets.acme.io shop/g: Gadget in version acme.io/v1 is not served by this cluster,"
                        + " and no other version of it is; install its CustomResourceDefinition or the API that serves"
                        + " it");
    }

    /** Another version of an API that does not answer now is not asked: it can have other fields. */
    @Test
    void doesNotReplaceAVersionThatDoesNotAnswer() throws IOException {
        shop.server.serve("metrics.acme.io/v1", "Rule", "rules", true);
        shop.server.aggregate("metrics.acme.io");
        shop.archive("metrics.acme.io/v1", "Rule", "rules.metrics.acme.io", "r", "");
        ApplyReport report = shop.apply();
        assertThat(report.created()).isZero();
        assertThat(report.deferred()).as("it is tried again later").hasSize(1);
    }

    @Test
    void checksRightsForTheServedVersion() throws IOException {
        widget(OLD, "w1", "'spec':{'size':3}");
        shop.server.allow((verb, resource) -> !resource.equals("widgets.acme.io"));
        org.assertj.core.api.Assertions.assertThatThrownBy(shop::apply).hasMessageContaining("create widgets.acme.io");
    }

    /** The garbage collector does not find an owner in a version that is not served. */
    @Test
    void refersToOwnersInTheirServedVersion() throws IOException {
        ((ObjectNode) widget(OLD, "w1", "'spec':{'size':3}").path("metadata")).put("uid", "old");
        ObjectNode owned = widget(OLD, "w2", "'spec':{'size':3}");
        ((ObjectNode) owned.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", OLD)
                .put("kind", "Widget")
                .put("name", "w1")
                .put("uid", "old");
        assertThat(shop.apply().failed()).isEmpty();
        assertThat(shop.server
                        .at(V1 + "/w2")
                        .path("metadata")
                        .path("ownerReferences")
                        .path(0)
                        .path("apiVersion")
                        .asText())
                .isEqualTo("acme.io/v1");
    }

    @Test
    void waitsForObjectsInTheirServedVersion() throws IOException {
        widget(OLD, "w1", "'spec':{'size':3}");
        shop.deployment("web", "'spec':{}");
        shop.spec("{order: [{first: [{kinds: [widgets.acme.io]}], then: [{kinds: [deployments.apps]}], timeout: 1m}]}");
        RestoreOrder order = new ResourceApply(shop.server.client()).ordering(shop.request());
        assertThat(order.stages().stream()
                        .flatMap(s -> s.before().stream())
                        .flatMap(w -> w.objects().stream())
                        .map(o -> o.path()))
                .isEqualTo(List.of(V1 + "/w1"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void restoresAStatusThatIsPlainData(boolean aggregated) throws IOException {
        if (aggregated) {
            shop.server.aggregate();
        }
        shop.server.serve("acme.io/v1", "Ticket", "tickets", true).withoutStatus("tickets.acme.io");
        shop.archive("acme.io/v1", "Ticket", "tickets.acme.io", "t", "'status':{'paid':true}");
        widget("acme.io/v1", "w1", "'spec':{'size':3},'status':{'ready':true}");
        assertThat(shop.apply().created()).isEqualTo(2);
        assertThat(shop.server
                        .at("/apis/acme.io/v1/namespaces/shop/tickets/t")
                        .path("status")
                        .path("paid")
                        .asBoolean())
                .isTrue();
        assertThat(shop.writes().stream()
                        .filter(w -> w.body().path("kind").asText().equals("Widget")))
                .noneMatch(w -> w.body().has("status"));
    }

    @Test
    void replacesAStatusThatIsPlainData() throws IOException {
        shop.server.serve("acme.io/v1", "Ticket", "tickets", true).withoutStatus("tickets.acme.io");
        String tickets = "/apis/acme.io/v1/namespaces/shop/tickets";
        shop.server.put(tickets, ApplyFixture.object("acme.io/v1", "Ticket", "t", "'status':{'paid':false}"));
        shop.archive("acme.io/v1", "Ticket", "tickets.acme.io", "t", "'status':{'paid':true}");
        assertThat(shop.spec("{onConflict: Replace}").apply().replaced()).isEqualTo(1);
        assertThat(shop.server.at(tickets + "/t").path("status").path("paid").asBoolean())
                .isTrue();
    }
}
