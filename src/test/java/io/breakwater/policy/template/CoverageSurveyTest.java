package io.breakwater.policy.template;

import static io.breakwater.policy.template.TemplatePlanTest.namespace;
import static io.breakwater.policy.template.TemplatePlanTest.policy;
import static io.breakwater.policy.template.TemplatePlanTest.template;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The count of namespaces without a policy, against an API server in memory. */
class CoverageSurveyTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry, Clock.systemUTC());
    final CoverageSurvey survey = survey(client);

    private CoverageSurvey survey(KubernetesClient of) {
        return new CoverageSurvey(
                of,
                TestConfig.of(Map.of("breakwater.namespace", "ops", "breakwater.coverage.exclude", "kube-*,lab")),
                new PlainStatusWriter(of),
                meters);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void namesNamespacesWithClaimsAndWithoutAPolicy() {
        withClaim("shop", "blog", "bank");
        cluster.add(namespace("empty"), policy("shop", "nightly", null));

        survey.survey();

        assertThat(uncovered()).containsExactly("bank", "blog");
        assertThat(gauge("uncovered")).isEqualTo(2);
        assertThat(gauge("covered")).isEqualTo(1);
        assertThat(gauge("excluded")).isZero();
    }

    @Test
    void countsAPolicyThatFailsAsCover() {
        withClaim("shop");
        BackupPolicy failing = policy("shop", "nightly", null);
        failing.getSpec().suspend = true;
        failing.setStatus(new BackupPolicyStatus());
        failing.getStatus().conditions.add(new Condition());
        failing.getStatus().conditions.getFirst().type = Condition.READY;
        failing.getStatus().conditions.getFirst().status = "False";
        cluster.add(failing);

        survey.survey();

        assertThat(uncovered()).isEmpty();
    }

    @Test
    void countsOnlyTheSelectionOfATemplateAsCover() {
        withClaim("shop", "bank");
        cluster.add(template("shop"));

        survey.survey();

        assertThat(uncovered()).containsExactly("bank");
    }

    @Test
    void ignoresTemplatesWithoutEffect() {
        withClaim("shop", "blog");
        BackupPolicy misplaced = template("*");
        misplaced.getMetadata().setNamespace("blog");
        BackupPolicy deleted = policy("shop", "old", null);
        deleted.getMetadata().setFinalizers(List.of("example.org/wait"));
        cluster.add(misplaced, deleted);
        client.resource(deleted).delete();

        survey.survey();

        assertThat(uncovered()).containsExactly("blog", "shop");
    }

    @Test
    void excludesNamespacesOfTheSystemAndByLabel() {
        withClaim("ops", "kube-system", "lab", "labs");
        labelled("scratch", Api.EXCLUDE);
        labelled("old", Api.VELERO_EXCLUDE);
        labelled("copy", Api.SANDBOX);

        survey.survey();

        assertThat(uncovered()).containsExactly("labs");
        assertThat(gauge("excluded")).as("kube-system, lab, scratch and old").isEqualTo(4);
    }

    @Test
    void countsAnExcludedNamespaceWithAPolicyAsCovered() {
        withClaim("kube-system");
        cluster.add(policy("kube-system", "nightly", null));

        survey.survey();

        assertThat(gauge("covered")).isEqualTo(1);
        assertThat(gauge("excluded")).isZero();
    }

    @Test
    void ignoresClaimsThatNoPointContains() {
        PersistentVolumeClaim ephemeral = claim("builds", "runner-1-work");
        ephemeral
                .getMetadata()
                .setOwnerReferences(List.of(new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("Pod")
                        .withName("runner-1")
                        .withUid("u")
                        .withController(true)
                        .build()));
        PersistentVolumeClaim excluded = claim("cache", "data");
        excluded.getMetadata().setLabels(Map.of(Api.EXCLUDE, "true"));
        cluster.add(namespace("builds"), namespace("cache"));
        cluster.add(ephemeral, excluded);

        survey.survey();

        assertThat(uncovered()).isEmpty();
    }

    @Test
    void limitsTheNamesInTheStatusOfTemplates() {
        BackupPolicy template = stored(template("shop"));
        IntStream.range(100, 140).forEach(i -> withClaim("n" + i));

        survey.survey();

        BackupPolicyStatus.Namespaces status = status(template);
        assertThat(status.uncovered).isEqualTo(40);
        assertThat(status.uncoveredNamespaces).hasSize(32).startsWith("n100").endsWith("n131");
        assertThat(status.selected).as("of the template itself").isEqualTo(7);
    }

    @Test
    void updatesTheStatusWhenANamespaceIsCovered() {
        BackupPolicy template = stored(template("shop"));
        withClaim("bank");
        survey.survey();
        assertThat(status(template).uncoveredNamespaces).containsExactly("bank");

        cluster.add(policy("bank", "own", null));
        survey.survey();

        assertThat(status(template).uncovered).isZero();
        assertThat(status(template).uncoveredNamespaces).isNull();
    }

    @Test
    @ProvesAlerts("BreakwaterNamespaceUncovered")
    void reportsAnUncoveredNamespace() {
        withClaim("shop");
        cluster.add(policy("shop", "nightly", null));
        survey.survey();
        AlertProof proof = AlertProof.of("BreakwaterNamespaceUncovered").quiet(registry.scrape());

        withClaim("bank");
        survey.survey();

        proof.firing(registry.scrape());
        cluster.add(policy("bank", "nightly", null));
        survey.survey();

        proof.over(registry.scrape()).check();
    }

    /** An old number would be reported as the present one. */
    @Test
    void removesTheMetricWhenACountFails() throws IOException {
        withClaim("bank");
        survey.survey();
        try (FakeApiServer refusing = new FakeApiServer()) {
            refusing.refuse((method, path) -> path.endsWith("/persistentvolumeclaims") ? 403 : 0);
            CoverageSurvey failing = survey(refusing.client());
            assertThatThrownBy(failing::survey)
                    .isInstanceOf(BreakwaterException.class)
                    .hasMessageContaining("persistentvolumeclaims");
            assertThat(failing.latest()).isEmpty();
        }
        assertThat(registry.scrape()).doesNotContain(MeterName.COVERAGE_NAMESPACES.exported());
    }

    /** The number of requests depends on the number of claims, and on nothing else. */
    @Test
    void listsClaimsInPagesOfMetadata() throws IOException {
        try (FakeApiServer pages = new FakeApiServer()) {
            // The server in memory has no lists for all namespaces, so these kinds are served without one.
            pages.serve("v1", "PersistentVolumeClaim", "persistentvolumeclaims", false);
            pages.serve("v1", "Namespace", "namespaces", false);
            pages.serve(Api.GROUP + "/" + Api.VERSION, "BackupPolicy", "backuppolicies", true);
            pages.serve(Api.GROUP + "/" + Api.VERSION, "BackupPolicy", "backuppolicies", false);
            for (int i = 1000; i < 2200; i++) {
                pages.put(
                        "/api/v1/persistentvolumeclaims",
                        "{'metadata': {'name': 'c%d', 'namespace': 'n%d'}}".formatted(i, i % 100));
            }
            for (int i = 0; i < 100; i++) {
                pages.put("/api/v1/namespaces", "{'metadata': {'name': 'n%d'}}".formatted(i));
            }

            survey(pages.client()).survey();

            assertThat(gauge("uncovered")).isEqualTo(100);
            List<FakeApiServer.Request> claims = pages.requests().stream()
                    .filter(r -> r.path().endsWith("/persistentvolumeclaims"))
                    .toList();
            assertThat(claims)
                    .hasSize(3)
                    .allSatisfy(r -> assertThat(r.texts("Accept"))
                            .singleElement()
                            .asString()
                            .startsWith("application/json;as=PartialObjectMetadataList"));
            assertThat(pages.requests()).hasSizeLessThanOrEqualTo(6);
        }
    }

    private BackupPolicy stored(BackupPolicy template) {
        template.setStatus(new BackupPolicyStatus());
        template.getStatus().namespaces = new BackupPolicyStatus.Namespaces();
        template.getStatus().namespaces.selected = 7;
        cluster.add(template);
        return template;
    }

    private BackupPolicyStatus.Namespaces status(BackupPolicy template) {
        return client.resource(template).get().getStatus().namespaces;
    }

    private void withClaim(String... names) {
        for (String name : names) {
            cluster.add(namespace(name));
            cluster.add(claim(name, "data"));
        }
    }

    private void labelled(String name, String label) {
        Namespace namespace = namespace(name);
        namespace.getMetadata().setLabels(Map.of(label, "true"));
        cluster.add(namespace);
        cluster.add(claim(name, "data"));
    }

    private static PersistentVolumeClaim claim(String namespace, String name) {
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .endMetadata()
                .build();
    }

    private Iterable<String> uncovered() {
        return survey.latest().orElseThrow().uncovered();
    }

    private double gauge(String state) {
        return registry.get(MeterName.COVERAGE_NAMESPACES.registered())
                .tag("state", state)
                .gauge()
                .value();
    }
}
