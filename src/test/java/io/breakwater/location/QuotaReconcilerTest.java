package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The condition WithinQuota names the namespaces above their quota, and follows changes of usage and quota. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class QuotaReconcilerTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final MemoryStore store = new MemoryStore();
    private QuotaReconciler reconciler;
    private BackupLocation location;

    @BeforeEach
    void make() {
        Clock clock = Clock.systemUTC();
        reconciler = new QuotaReconciler(
                TestObjects.of(client),
                TestQuotas.of(store, "east", System::nanoTime),
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                new Meters(registry, clock),
                clock);
        TestLocations.start(reconciler, client);
        BackupLocation made = TestQuotas.location("100");
        made.setStatus(new BackupLocationStatus());
        Condition ready = new Condition();
        ready.type = Condition.READY;
        ready.status = "True";
        made.getStatus().conditions.add(ready);
        location = client.resource(made).create();
        TestRegister.create(store, "east", "shop");
        TestRegister.create(store, "west", "shop");
        TestRegister.create(store, "east", "bank");
        store.write(TestRegister.of("east", "shop").prefix() + "data/a", new byte[95], Precondition.NONE);
        store.write(TestRegister.of("west", "shop").prefix() + "data/a", new byte[120], Precondition.NONE);
        store.write(TestRegister.of("east", "bank").prefix() + "data/a", new byte[10], Precondition.NONE);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void countsNearAndExceededQuotasAndNamesTheExceeded() {
        Condition condition = await("False");

        assertThat(condition.reason).isEqualTo(Reason.QuotaExceeded.name());
        assertThat(condition.message).contains("west/shop (120 B of 100 B)").doesNotContain("east/shop");
        BackupLocationStatus status = now().getStatus();
        assertThat(List.of(status.quota.repositories, status.quota.near, status.quota.over))
                .containsExactly(3, 1, 1);
        assertThat(gauge(MeterName.QUOTA_USED, "west", "shop").value()).isEqualTo(120);
        assertThat(gauge(MeterName.QUOTA, "east", "bank").value()).isEqualTo(100);
        assertThat(client.v1().events().inNamespace("sys").list().getItems())
                .singleElement()
                .satisfies(e -> assertThat(e.getReason()).isEqualTo(Reason.QuotaExceeded.name()));
    }

    @Test
    void appliesARaisedQuotaAndClearsADeletedOne() {
        await("False");
        change("1Ki");
        assertThat(await("True").message).isEqualTo("all namespaces are within quota");
        assertThat(now().getStatus().quota.over).isZero();

        change(null);
        reconciler.reconcile(now(), null);
        assertThat(now().getStatus().quota).isNull();
        assertThat(now().getStatus().condition(Condition.WITHIN_QUOTA)).isEmpty();
        assertThat(gauge(MeterName.QUOTA_USED, "west", "shop")).isNull();
    }

    @Test
    @ProvesAlerts("BreakwaterQuotaNear")
    void raisesAnAlertNearTheQuota() {
        change("1Ki");
        await("True");
        AlertProof proof = AlertProof.of("BreakwaterQuotaNear").quiet(registry.scrape());
        change("100");
        await("False");
        proof.firing(registry.scrape());
        client.resource(location).delete();
        reconciler.reconcile(location, null);

        proof.over(registry.scrape()).check();
    }

    private void change(String size) {
        BackupLocation changed = now();
        if (size == null) {
            changed.getSpec().quota = null;
        } else {
            changed.getSpec().quota.perNamespace = size;
        }
        Long generation = changed.getMetadata().getGeneration();
        changed.getMetadata().setGeneration(generation == null ? 2L : generation + 1);
        client.resource(changed).update();
    }

    private Condition await(String status) {
        return org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            reconciler.reconcile(now(), null);
                            return now().getStatus()
                                    .condition(Condition.WITHIN_QUOTA)
                                    .filter(c -> status.equals(c.status));
                        },
                        java.util.Optional::isPresent)
                .orElseThrow();
    }

    private BackupLocation now() {
        return client.resource(location).get();
    }

    private Gauge gauge(MeterName name, String site, String namespace) {
        return registry.find(name.registered())
                .tags("namespace", namespace, "site", site, "location", "blob")
                .gauge();
    }
}
