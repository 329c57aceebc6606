package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A webhook or an extension API server that does not run yet defers objects; a policy that refuses them does not. */
class DeferredApplyTest {
    private static final String NO_WEBHOOK = "Internal error occurred: failed calling webhook \"guard\": failed to call"
            + " webhook: Post \"https://hook.shop.svc:443/\": no endpoints available for service \"hook\"";
    private static final String RBAC = "rbac.authorization.k8s.io";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void retriesWhatAWebhookCouldNotAdmit() throws IOException {
        scene.configMap("guarded", "'data':{'a':'b'}");
        scene.configMap("plain", "'data':{}");
        scene.deployment("hook", "'spec':{}");
        refuse(Set.of("guarded"), NO_WEBHOOK);

        ApplyReport first = scene.apply();

        assertThat(scene.written())
                .as("one request for the plain ConfigMap; one and three retries for the other")
                .containsOnlyOnce("POST deployments")
                .hasSize(1 + 1 + 4);
        assertThat(first.failed()).isEmpty();
        assertThat(first.created()).isEqualTo(2);
        assertThat(first.deferred()).singleElement().satisfies(d -> {
            assertThat(d.kind()).isEqualTo("configmaps");
            assertThat(d.name()).isEqualTo("guarded");
            assertThat(d.failure().toString()).contains("configmaps shop/guarded: 500 Internal error", "no endpoints");
        });
        assertThat(retry(first).deferred()).as("the webhook still does not run").hasSize(1);

        refuse(Set.of(), "");
        scene.server.requests().clear();
        ApplyReport last = retry(first);
        assertThat(last.created()).isEqualTo(1);
        assertThat(last.deferred()).isEmpty();
        assertThat(scene.written()).as("nothing else is written").containsExactly("POST configmaps");
        assertThat(retry(first))
                .as("after a kill before the status was written")
                .isEqualTo(last);
    }

    @Test
    void defersNoRefusalThatIsADecision() throws IOException {
        scene.configMap("guarded", "'data':{}");
        refuse(Set.of("guarded"), "admission webhook \"policy\" denied the request: label owner is missing");
        ApplyReport report = scene.apply();
        assertThat(report.deferred()).isEmpty();
        assertThat(report.failed()).singleElement().asString().contains("denied the request");
    }

    @Test
    void reportsADecisionInARetry() throws IOException {
        scene.configMap("guarded", "'data':{}");
        refuse(Set.of("guarded"), NO_WEBHOOK);
        ApplyReport first = scene.apply();
        refuse(Set.of("guarded"), "denied");
        ApplyReport second = retry(first);
        assertThat(second.deferred()).isEmpty();
        assertThat(second.failed()).singleElement().asString().contains("configmaps shop/guarded: 422 denied");
    }

    /** The owner is deferred, and the webhook does not select the dependent; and the other way round. */
    @Test
    void addsOwnersThatWereDeferred() throws IOException {
        uid(scene.configMap("owner", "'data':{}"), "o");
        ownedBy(scene.configMap("child", "'data':{}"), "owner", "o");
        uid(scene.configMap("early", "'data':{}"), "e");
        ownedBy(scene.configMap("late", "'data':{}"), "early", "e");
        refuse(Set.of("owner", "late"), NO_WEBHOOK);
        ApplyReport first = scene.apply();
        assertThat(first.deferred()).hasSize(2);
        ObjectNode adopted = scene.server.at(ApplyFixture.CORE + "configmaps/child");
        ((ObjectNode) adopted.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("kind", "Widget")
                .put("uid", "of a controller that runs");

        refuse(Set.of(), "");
        retry(first);

        assertThat(owners("child")).contains(liveUid("owner"), "of a controller that runs");
        assertThat(owners("late")).containsExactly(liveUid("early"));
    }

    @Test
    void defersTheBindingOfADeferredRole() throws IOException {
        scene.archive(RBAC + "/v1", "Role", "roles." + RBAC, "reader", "'rules':[]");
        scene.archive(
                RBAC + "/v1",
                "RoleBinding",
                "rolebindings." + RBAC,
                "readers",
                "'roleRef':{'kind':'Role','name':'reader'}");
        refuse(Set.of("reader"), NO_WEBHOOK);
        ApplyReport first = scene.apply();
        assertThat(first.failed()).isEmpty();
        assertThat(first.deferred()).extracting(ApplyReport.Deferral::name).containsExactly("reader", "readers");
        assertThat(first.deferred().getLast().failure().reason())
                .isEqualTo("it needs roles." + RBAC + " shop/reader, which is not restored yet");
        refuse(Set.of(), "");
        assertThat(retry(first).created()).isEqualTo(2);
    }

    /** The token controller deletes a token Secret without its account; the API server refuses a pod without it. */
    @Test
    void defersTokensAndPodsOfADeferredAccount() throws IOException {
        scene.archive("v1", "ServiceAccount", "serviceaccounts", "robot", "");
        ObjectNode token =
                scene.archive("v1", "Secret", "secrets", "token", "'type':'kubernetes.io/service-account-token'");
        ((ObjectNode) token.path("metadata"))
                .putObject("annotations")
                .put("kubernetes.io/service-account.name", "robot");
        scene.archive("v1", "Pod", "pods", "bare", "'spec':{'serviceAccountName':'robot'}");
        refuse(Set.of("robot"), NO_WEBHOOK);
        ApplyReport first = scene.apply();
        assertThat(first.deferred()).extracting(ApplyReport.Deferral::name).containsExactly("robot", "token", "bare");
        refuse(Set.of(), "");
        assertThat(retry(first).created()).isEqualTo(3);
    }

    @Test
    void defersObjectsOfADeferredDefinition() throws IOException {
        scene.admin = true;
        definition("widgets.acme.io");
        scene.archive("acme.io/v1", "Widget", "widgets.acme.io", "w", "'spec':{}");
        refuse(Set.of("widgets.acme.io"), NO_WEBHOOK);
        ApplyReport first = scene.apply();
        assertThat(first.failed()).isEmpty();
        assertThat(first.deferred()).extracting(ApplyReport.Deferral::name).containsExactly("widgets.acme.io", "w");

        scene.server.judge((method, object) -> {
            if (object.path("kind").asText().equals("CustomResourceDefinition")) {
                scene.server.serve("acme.io/v1", "Widget", "widgets", true);
                ((ObjectNode) object)
                        .putObject("status")
                        .putArray("conditions")
                        .addObject()
                        .put("type", "Established")
                        .put("status", "True");
            }
            return "";
        });
        assertThat(retry(first).created()).isEqualTo(2);
    }

    /** The kinds of an extension API server are not listed while its pods do not run. */
    @Test
    void defersObjectsOfAnExtensionApiServer() throws IOException {
        scene.archive("metrics.acme.io/v1", "Sample", "samples.metrics.acme.io", "s", "'spec':{}");
        scene.server.serve("metrics.acme.io/v1", "Sample", "samples", true);
        scene.server.aggregate("metrics.acme.io");
        ApplyReport first = scene.apply();
        assertThat(first.failed()).isEmpty();
        assertThat(first.deferred())
                .singleElement()
                .satisfies(d -> assertThat(d.name()).isEqualTo("s"));
        scene.server.aggregate();
        assertThat(retry(first).created()).isEqualTo(1);
    }

    /** Custom resources exist in another version, and their conversion webhook runs in the pods that are held. */
    @Test
    void restoresAlthoughExistingObjectsCannotBeConverted() throws IOException {
        scene.spec("onConflict: Replace");
        scene.server.serve("acme.io/v2", "Widget", "widgets", true);
        scene.archive("acme.io/v2", "Widget", "widgets.acme.io", "w", "'spec':{}");
        scene.configMap("plain", "'data':{}");
        String message = "Internal error occurred: conversion webhook for acme.io/v1, Kind=Widget failed: Post"
                + " \"https://hook.shop.svc:443/convert\": no endpoints available for service \"hook\"";
        scene.server.judge((method, object) -> object.path("kind").asText().startsWith("Widget") ? message : "");
        assertThat(scene.preview().warnings())
                .singleElement()
                .asString()
                .startsWith("existing widgets.acme.io of namespace shop were not counted")
                .contains("conversion webhook");
        ApplyReport first = scene.apply();
        assertThat(first.created()).isEqualTo(1);
        assertThat(first.deferred()).extracting(ApplyReport.Deferral::name).containsExactly("w");
        refuse(Set.of(), "");
        assertThat(retry(first).created()).isEqualTo(1);
    }

    @Test
    void refusesAKindThatNoObjectOfThePointServes() throws IOException {
        scene.archive("acme.io/v1", "Widget", "widgets.acme.io", "w", "'spec':{}");
        ApplyReport report = scene.apply();
        assertThat(report.deferred()).isEmpty();
        assertThat(report.failed()).hasSize(1);
    }

    @Test
    void defersTheUpdateOfAnExistingObject() throws IOException {
        scene.spec("onConflict: Replace");
        scene.configMap("guarded", "'data':{'a':'new'}");
        scene.server.put(
                ApplyFixture.CORE + "configmaps",
                ApplyFixture.object("v1", "ConfigMap", "guarded", "'data':{'a':'old'}"));
        scene.server.judge((method, object) -> method.equals("PUT") ? NO_WEBHOOK : "");
        ApplyReport first = scene.apply();
        assertThat(first.deferred()).hasSize(1);
        refuse(Set.of(), "");
        assertThat(retry(first).replaced()).isEqualTo(1);
    }

    @Test
    void reportsADeferredObjectAsARefusalOfADryRun() throws IOException {
        scene.spec("dryRun: true");
        scene.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
        scene.configMap("guarded", "'data':{}");
        refuse(Set.of("guarded"), NO_WEBHOOK);
        assertThat(scene.apply().lines())
                .singleElement()
                .asString()
                .startsWith("refuse   configmaps shop/guarded: 500")
                .endsWith("; a Restore retries the object when its pods run");
    }

    @Test
    void countsNoObjectTwiceWhenAWholeKindIsRetried() throws IOException {
        scene.configMap("done", "'data':{}");
        scene.configMap("guarded", "'data':{}");
        refuse(Set.of("guarded"), NO_WEBHOOK);
        assertThat(scene.apply().created()).isEqualTo(1);
        refuse(Set.of(), "");
        ApplyReport rest = new ResourceApply(scene.server.client())
                .retry(scene.request(), new DeferredSelection(Map.of("configmaps", Set.of())));
        assertThat(rest.created()).isEqualTo(1);
        assertThat(rest.skipped()).isZero();
    }

    private ApplyReport retry(ApplyReport first) throws IOException {
        Map<String, Set<String>> names = first.deferred().stream()
                .collect(Collectors.groupingBy(
                        ApplyReport.Deferral::kind,
                        Collectors.mapping(ApplyReport.Deferral::name, Collectors.toSet())));
        return new ResourceApply(scene.server.client()).retry(scene.request(), new DeferredSelection(names));
    }

    private void refuse(Set<String> names, String message) {
        scene.server.judge((method, object) ->
                names.contains(object.path("metadata").path("name").asText()) ? message : "");
    }

    private void definition(String name) {
        ObjectNode object = scene.archive(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "customresourcedefinitions.apiextensions.k8s.io",
                name,
                "");
        ((ObjectNode) object.path("metadata")).remove("namespace");
        scene.placeInCluster(name);
    }

    private static void uid(ObjectNode object, String uid) {
        ((ObjectNode) object.path("metadata")).put("uid", uid);
    }

    private static void ownedBy(ObjectNode object, String name, String uid) {
        ((ObjectNode) object.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("kind", "ConfigMap")
                .put("name", name)
                .put("uid", uid);
    }

    private String liveUid(String name) {
        return scene.server
                .at(ApplyFixture.CORE + "configmaps/" + name)
                .path("metadata")
                .path("uid")
                .asText();
    }

    private java.util.List<String> owners(String name) {
        return scene.server
                .at(ApplyFixture.CORE + "configmaps/" + name)
                .path("metadata")
                .path("ownerReferences")
                .valueStream()
                .map(r -> r.path("uid").asText())
                .toList();
    }
}
