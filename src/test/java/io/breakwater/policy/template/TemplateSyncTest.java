package io.breakwater.policy.template;

import static io.breakwater.policy.template.TemplatePlanTest.namespace;
import static io.breakwater.policy.template.TemplatePlanTest.policy;
import static io.breakwater.policy.template.TemplatePlanTest.template;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.Condition;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Templates against an API server in memory, which has no server-side apply. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class TemplateSyncTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(java.util.Map.of("breakwater.namespace", "ops"));
    private final Clock clock = Clock.fixed(Instant.parse("2026-03-01T00:00:00Z"), ZoneOffset.UTC);
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry, clock);
    private final Set<String> refusing = new HashSet<>();
    private final AuthorStamps stamps = StampFixture.stamps();
    private final CoverageSurvey coverage = new CoverageSurvey(client, config, new PlainStatusWriter(client), meters);
    private final TemplateSync templates = new Playing();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void handsOnTheAuthorOfTheTemplate() {
        BackupPolicy template = stored("shop");
        namespaces("shop");

        templates.sync(template);
        assertThat(author()).contains("system:serviceaccount:ops:breakwater-operator");

        stamps.sign(new Author("jane", "", List.of(), java.util.Map.of()), template);
        templates.sync(template);
        assertThat(author()).as("also if nothing else has changed").contains("jane");
    }

    private Optional<String> author() {
        return stamps.author(client.resources(BackupPolicy.class)
                        .inNamespace("shop")
                        .withName("all")
                        .get())
                .map(Author::username);
    }

    @Test
    void createsAndDeletesPoliciesWithTheSelection() {
        BackupPolicy template = stored("shop", "blog");
        namespaces("shop", "blog", "bank", "ops");

        templates.sync(template);
        assertThat(places()).containsExactlyInAnyOrder("ops/all", "shop/all", "blog/all");

        template.getSpec().source.namespaces.include = List.of("shop", "bank");
        templates.sync(template);
        assertThat(places())
                .as("policies while the API server has the earlier selection")
                .containsExactlyInAnyOrder("ops/all", "shop/all", "blog/all", "bank/all");

        client.resource(template).unlock().update();
        templates.sync(template);
        assertThat(places()).containsExactlyInAnyOrder("ops/all", "shop/all", "bank/all");
    }

    @Test
    void continuesAfterAFailingNamespace() {
        BackupPolicy template = stored("*");
        namespaces("a", "b", "c");
        refusing.add("a");

        assertThat(templates.sync(template)).isLessThan(Duration.ofMinutes(1));

        assertThat(places()).contains("b/all", "c/all").doesNotContain("a/all");
        BackupPolicyStatus status = status();
        assertThat(status.namespaces.failing).isEqualTo(1);
        assertThat(status.namespaces.failingNamespaces.getFirst().name).isEqualTo("a");
        assertThat(status.namespaces.failingNamespaces.getFirst().message).contains("no room for it");
        assertThat(condition(Condition.READY).reason).isEqualTo("Forbidden");
        assertThat(gauge("left")).isEqualTo(1);
    }

    @Test
    @ProvesAlerts("BreakwaterNamespaceLeftOut")
    void raisesAnAlertForANamespaceWithoutItsPolicy() {
        BackupPolicy template = stored("*");
        namespaces("a", "b");
        templates.sync(template);
        AlertProof proof = AlertProof.of("BreakwaterNamespaceLeftOut").quiet(registry.scrape());
        namespaces("c");
        refusing.add("c");
        templates.sync(template);
        proof.firing(registry.scrape());
        refusing.clear();
        templates.sync(template);

        proof.over(registry.scrape()).check();
    }

    @Test
    void summarizesTheStatusOfAllNamespaces() {
        BackupPolicy template = stored("*");
        template.getSpec().objectives = new BackupPolicySpec.Objectives();
        template.getSpec().objectives.rpo = "1h";
        namespaces("fine", "broken", "late", "new", "own");
        client.resource(policy("own", "mine", null)).create();
        templates.sync(template);
        stands("fine", true, true, "p1");
        stands("broken", false, true, "p1");
        stands("late", true, false, "p1");

        templates.sync(template);

        BackupPolicyStatus status = status();
        assertThat(status.namespaces.summary).isEqualTo("1 of 5");
        assertThat(status.namespaces.failingNamespaces)
                .extracting(f -> f.name + " " + f.reason)
                .containsExactly("broken LocationNotReady", "late ObjectiveMissed", "own PolicyConflict");
        assertThat(condition(Condition.READY).holds()).isFalse();
        assertThat(condition(Condition.READY).message)
                .contains("broken (LocationNotReady), own (PolicyConflict)")
                .doesNotContain("late");
        assertThat(condition(Condition.PROTECTED).holds()).isFalse();
        assertThat(condition(Condition.PROTECTED).message).contains("late (ObjectiveMissed)", "new (Pending)");
        assertThat(gauge("protected")).isEqualTo(1);
        assertThat(gauge("waiting")).isEqualTo(1);
        assertThat(gauge("failing")).isEqualTo(2);
        assertThat(gauge("left")).as("to a policy without a template").isEqualTo(1);
        assertThat(events()).filteredOn(e -> e.contains("own/mine")).hasSize(1);
    }

    @Test
    void reportsReadyAndProtectedWhenAllNamespacesAre() {
        BackupPolicy template = stored("*");
        template.getSpec().objectives = new BackupPolicySpec.Objectives();
        template.getSpec().objectives.rpo = "1h";
        namespaces("a", "b");
        templates.sync(template);
        assertThat(condition(Condition.READY).holds())
                .as("there is no problem yet")
                .isTrue();
        assertThat(condition(Condition.PROTECTED).holds()).as("no point yet").isFalse();

        stands("a", true, true, "p1");
        stands("b", true, true, "p1");
        templates.sync(template);

        assertThat(status().namespaces.summary).isEqualTo("2 of 2");
        assertThat(status().namespaces.failingNamespaces).isNull();
        assertThat(condition(Condition.READY).holds()).isTrue();
        assertThat(condition(Condition.PROTECTED).reason).isEqualTo("ObjectiveMet");
    }

    @Test
    void limitsTheNamesOfFailingNamespaces() {
        BackupPolicy template = stored("*");
        for (int i = 100; i < 150; i++) {
            namespaces("n" + i);
            refusing.add("n" + i);
        }
        templates.sync(template);
        assertThat(status().namespaces.failing).isEqualTo(50);
        assertThat(status().namespaces.failingNamespaces).hasSize(32);
        assertThat(condition(Condition.READY).message).contains("and 45 more");
    }

    @Test
    void clearsThePolicyStatusWhenItBecomesATemplate() {
        BackupPolicy template = template("*");
        template.setStatus(new BackupPolicyStatus());
        template.getStatus().lastSuccessfulPoint = "p1";
        template.getStatus().nextRunTime = "2026-03-01T01:00:00Z";
        template.getStatus().conditions.add(condition(Condition.PROVEN, true, "Proven"));
        client.resource(template).create();
        meters.set(MeterName.POLICY_RPO, 1, "namespace", "ops", "policy", "all");

        templates.sync(template);

        assertThat(status().lastSuccessfulPoint).isNull();
        assertThat(status().nextRunTime).isNull();
        assertThat(status().condition(Condition.PROVEN)).isEmpty();
        assertThat(status().namespaces.selected).isZero();
        assertThat(registry.find(MeterName.POLICY_RPO.registered()).gauge()).isNull();
    }

    @Test
    void reportsAnEmptySelectionAsUnprotected() {
        BackupPolicy template = stored("nowhere");
        template.getSpec().objectives = new BackupPolicySpec.Objectives();
        template.getSpec().objectives.rpo = "1h";
        templates.sync(template);
        assertThat(condition(Condition.PROTECTED).holds()).isFalse();
        assertThat(condition(Condition.READY).message).contains("no namespace is selected");
    }

    @Test
    void detectsPoliciesThatTheTemplateNoLongerSelects() {
        BackupPolicy kept = policy("shop", "all", "all");
        namespaces("shop", "blog");
        assertThat(templates.isOrphaned(kept)).as("no template").isTrue();

        BackupPolicy template = stored("shop");
        assertThat(templates.isOrphaned(kept)).isFalse();
        assertThat(templates.isOrphaned(policy("blog", "all", "all")))
                .as("not selected")
                .isTrue();
        assertThat(templates.isOrphaned(policy("shop", "other", "all")))
                .as("another name")
                .isTrue();
        assertThat(templates.isOrphaned(policy("blog", "all", null)))
                .as("a policy without a template")
                .isFalse();
        assertThat(templates.isOrphaned(policy("ops", "all", "all")))
                .as("in the operator's namespace")
                .isFalse();

        template.getSpec().source = null;
        client.resource(template).update();
        assertThat(templates.isOrphaned(kept)).as("the template was deleted").isTrue();
    }

    /** The operator restarted, and has not counted yet. */
    @Test
    void keepsTheNumberOfUncoveredNamespacesUntilTheNextCount() {
        BackupPolicy template = template("shop");
        template.setStatus(new BackupPolicyStatus());
        template.getStatus().namespaces = new BackupPolicyStatus.Namespaces();
        template.getStatus().namespaces.uncovered = 1;
        template.getStatus().namespaces.uncoveredNamespaces = List.of("bank");
        client.resource(template).create();

        templates.sync(template);
        assertThat(status().namespaces.selected).isZero();
        assertThat(status().namespaces.uncovered).isEqualTo(1);
        assertThat(status().namespaces.uncoveredNamespaces).containsExactly("bank");

        coverage.survey();
        templates.sync(template);
        assertThat(status().namespaces.uncovered).isZero();
        assertThat(status().namespaces.uncoveredNamespaces).isNull();
    }

    private double gauge(String state) {
        return registry.find(MeterName.TEMPLATE_NAMESPACES.registered())
                .tag("state", state)
                .gauge()
                .value();
    }

    private BackupPolicy stored(String... include) {
        BackupPolicy template = template(include);
        client.resource(template).create();
        return template;
    }

    private void namespaces(String... names) {
        for (String name : names) {
            client.resource(namespace(name)).create();
        }
    }

    private void stands(String namespace, boolean ready, boolean isProtected, String point) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName("all")
                .get();
        policy.setStatus(new BackupPolicyStatus());
        policy.getStatus().lastSuccessfulPoint = point;
        policy.getStatus().conditions.add(condition(Condition.READY, ready, ready ? "Ready" : "LocationNotReady"));
        policy.getStatus()
                .conditions
                .add(condition(Condition.PROTECTED, isProtected, isProtected ? "ObjectiveMet" : "ObjectiveMissed"));
        client.resource(policy).update();
    }

    private static Condition condition(String type, boolean holds, String reason) {
        Condition c = new Condition();
        c.type = type;
        c.status = holds ? "True" : "False";
        c.reason = reason;
        c.message = "about " + type;
        return c;
    }

    private BackupPolicyStatus status() {
        return client.resources(BackupPolicy.class)
                .inNamespace("ops")
                .withName("all")
                .get()
                .getStatus();
    }

    private Condition condition(String type) {
        return status().condition(type).orElseThrow();
    }

    private List<String> places() {
        return client.resources(BackupPolicy.class).inAnyNamespace().list().getItems().stream()
                .map(p -> p.getMetadata().getNamespace() + "/" + p.getMetadata().getName())
                .toList();
    }

    private List<String> events() {
        return client.v1().events().inNamespace("ops").list().getItems().stream()
                .map(e -> e.getMessage())
                .toList();
    }

    /** Writes by replacing, and simulates namespaces that refuse. */
    private final class Playing extends TemplateSync {
        Playing() {
            super(
                    client,
                    TestObjects.of(client),
                    config,
                    new TemplateReport(
                            new PlainStatusWriter(client), meters, TestEvents.of(client, clock), coverage, clock),
                    TestEvents.of(client, clock),
                    stamps);
        }

        @Override
        void apply(BackupPolicy wanted) {
            if (refusing.contains(wanted.getMetadata().getNamespace())) {
                throw new KubernetesClientException("no room for it", 403, null);
            }
            client.resource(wanted).createOr(NonDeletingOperation::update);
        }
    }
}
