package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.trust.AdoptionIndex;
import io.breakwater.trust.TestAdoption;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the policies of a namespace report about points of an earlier one. */
class EarlierHistoryReportTest {
    private final InMemoryApiServer server = new InMemoryApiServer();
    private final KubernetesClient client = server.client();
    private final FakeClusterPoints cluster = new FakeClusterPoints("shop", "bank");
    private final BackupLocation location = cluster.addLocation("ops", "blob");
    private final EarlierHistoryReport report = new EarlierHistoryReport(
            TestObjects.of(client),
            TestConfig.of(Map.of("breakwater.site", "west")),
            new PlainStatusWriter(client),
            TestEvents.of(client, Clock.systemUTC()),
            Clock.systemUTC());

    @BeforeEach
    void policies() {
        policy("shop", "hourly", "blob");
        policy("shop", "elsewhere", "other");
        policy("bank", "hourly", "blob");
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void reportsTheCountAndTheCommandWhileThereAreSuchPoints() {
        publish(Map.of("shop", 17));

        assertThat(condition("shop", "hourly")).hasValueSatisfying(c -> {
            assertThat(c.status).isEqualTo("True");
            assertThat(c.reason).isEqualTo("EarlierHistory");
            assertThat(c.message)
                    .startsWith("17 points of an earlier namespace shop are not shown; ")
                    .endsWith("kubectl annotate namespace shop breakwater.io/adopt=west/shop");
        });
        assertThat(condition("shop", "elsewhere")).isEmpty();
        assertThat(condition("bank", "hourly")).isEmpty();
        assertThat(events()).hasSize(1);

        publish(Map.of("shop", 1));
        assertThat(condition("shop", "hourly").orElseThrow().message).startsWith("1 point of an earlier");
        assertThat(events()).hasSize(1);

        publish(Map.of());
        assertThat(condition("shop", "hourly")).isEmpty();
    }

    @Test
    void reportsAnAnnotationThatTheWebhookDidNotReview() {
        cluster.annotations.put("shop", Map.of(Api.ADOPT, "west/shop"));

        publish(Map.of("shop", 2));

        assertThat(condition("shop", "hourly").orElseThrow().message)
                .contains("the webhook did not review annotation breakwater.io/adopt", "deletes the annotation");
    }

    @Test
    void reportsNothingWhereTheNameMeansAnotherLocation() {
        report.publish(location, Map.of("shop", 17), index(), namespace -> false);
        assertThat(condition("shop", "hourly")).isEmpty();
    }

    private void publish(Map<String, Integer> hidden) {
        report.publish(location, hidden, index(), namespace -> true);
    }

    private AdoptionIndex index() {
        var identities = TestAdoption.identities("west", cluster::allNamespaces);
        return TestAdoption.rule(identities, List.of(), Optional::empty).index();
    }

    private Optional<Condition> condition(String namespace, String name) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
        return Optional.ofNullable(policy.getStatus()).flatMap(s -> s.condition(Condition.EARLIER_HISTORY));
    }

    private List<?> events() {
        return client.v1().events().inNamespace("shop").list().getItems();
    }

    private void policy(String namespace, String name, String first) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName(name);
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef(first);
        client.resource(policy).create();
    }
}
