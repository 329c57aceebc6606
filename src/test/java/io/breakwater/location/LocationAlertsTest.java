package io.breakwater.location;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.TestConfig;
import io.breakwater.location.keys.KeyEscrow;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.trust.AuthorReport;
import io.breakwater.trust.StampFixture;
import io.breakwater.trust.TestAdoption;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The alerts on locations, from what the real controller exports about the findings of a probe. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class LocationAlertsTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Clock clock = Clock.systemUTC();
    private PrometheusMeterRegistry registry;
    private BackupLocationReconciler reconciler;
    private Stores stores;
    private BackupLocation location;

    @BeforeEach
    void start() {
        startProcess();
        location = client.resource(TestQuotas.location("100")).create();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    @ProvesAlerts("BreakwaterLocationNotReady")
    void reportsALocationThatCannotBeUsed() {
        AlertProof proof = AlertProof.of("BreakwaterLocationNotReady").quiet(usable(null));
        proof.firing(unusable());
        startProcess();
        proof.restarted(unusable());
        client.resource(location).delete();
        reconciler.reconcile(location, null);

        proof.over(registry.scrape()).check();
    }

    @Test
    @ProvesAlerts("BreakwaterLocationSlow")
    void reportsALocationThatThrottles() {
        AlertProof proof = AlertProof.of("BreakwaterLocationSlow").quiet(usable(null));
        stores.limit(location).throttled(Duration.ofSeconds(1));
        proof.firing(usable(null));
        startProcess();
        stores.limit(location).throttled(Duration.ZERO);

        proof.restarted(unusable());
        startProcess();
        proof.over(usable(null)).check();
    }

    @Test
    @ProvesAlerts("BreakwaterNotEscrowed")
    void reportsKeysThatAreNotInEscrow() {
        KeyEscrow.State none = new KeyEscrow.State(false, null, Reason.KeyMismatch, "the public key is too short");
        KeyEscrow.State good = new KeyEscrow.State(true, "f", Reason.Ready, "all keys are in escrow");
        AlertProof proof = AlertProof.of("BreakwaterNotEscrowed").quiet(usable(good));
        proof.firing(usable(none));
        startProcess();

        proof.restarted(usable(none)).over(usable(good)).check();
    }

    private void startProcess() {
        registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Meters meters = new Meters(registry, clock);
        stores = TestStores.of(client, TestConfig.of(Map.of()));
        reconciler = new BackupLocationReconciler(
                TestObjects.of(client),
                null,
                stores,
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                meters,
                new AuthorReport(StampFixture.reviewing(Optional::empty), TestEvents.of(client, clock), meters),
                TestAdoption.identities("east", () -> TestAdoption.namespaces("uid-", "kube-system")),
                clock);
        TestLocations.start(reconciler, client);
    }

    String usable(KeyEscrow.State escrow) {
        reconciler.done(
                client.resource(location).get(),
                new LocationProbe.Findings(
                        "key",
                        true,
                        new ObjectStore.Locking(false, false),
                        Duration.ZERO,
                        escrow,
                        false,
                        1,
                        List.of(),
                        Optional.empty(),
                        List.of()));
        return registry.scrape();
    }

    String unusable() {
        reconciler.failed(
                client.resource(location).get(),
                BreakwaterException.retryable(Reason.StoreUnavailable, "the store does not answer"));
        return registry.scrape();
    }
}
