package io.breakwater.rotation;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.location.HandClock;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The alerts on master keys, from what the real controller exports about the real rotation of two sites. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class RotationAlertsTest {
    private static final byte[] FIRST = RotationTest.key(1);
    private static final byte[] SECOND = RotationTest.key(2);
    private static final String DOCUMENT = "breakwater/location.json";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final MemoryStore disk = new MemoryStore();
    private final Random random = new Random(7);
    private final HandClock clock = new HandClock();
    private final SiteFixture east = new SiteFixture("east", disk, random, () -> false);
    private final SiteFixture west = new SiteFixture("west", disk, random, () -> false);
    private PrometheusMeterRegistry registry;
    private RotationReconciler reconciler;

    @BeforeEach
    void start() {
        startProcess();
        client.resource(new KubernetesSerialization().clone(east.location())).create();
        give(FIRST);
        for (SiteFixture site : List.of(east, west)) {
            site.capture("p-" + site.name);
            site.makeRepository("shop", true);
            site.rotate();
        }
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    @ProvesAlerts("BreakwaterKeyRotation")
    void reportsARotationThatDoesNotEnd() {
        AlertProof proof = AlertProof.of("BreakwaterKeyRotation").quiet(scrape());
        give(east, SECOND, FIRST);
        scrape();
        clock.pass(Duration.ofHours(25));
        proof.firing(scrape());
        startProcess();
        proof.restarted(scrape());
        give(west, SECOND, FIRST);
        untilRotated();

        proof.over(scrape()).check();
    }

    @Test
    @ProvesAlerts("BreakwaterKeyMissing")
    void reportsDataThatNoKeyDecrypts() {
        AlertProof proof = AlertProof.of("BreakwaterKeyMissing").quiet(scrape());
        give(SECOND, FIRST);
        byte[] signed =
                east.store().documents().signWith(RotationTest.id(SECOND), DOCUMENT, 9, RotationTest.switched());
        east.store().write(DOCUMENT, signed, Precondition.NONE);
        give(SECOND);
        proof.firing(scrape());
        startProcess();
        proof.restarted(scrape());
        give(SECOND, FIRST);
        untilRotated();

        proof.over(scrape()).check();
    }

    private void startProcess() {
        registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        reconciler = new RotationReconciler(
                TestObjects.of(client),
                null,
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                new Meters(registry, clock),
                clock);
    }

    private void give(byte[]... masterKeys) {
        give(east, masterKeys);
        give(west, masterKeys);
    }

    private static void give(SiteFixture site, byte[]... masterKeys) {
        site.give(masterKeys);
        site.probe();
    }

    private void untilRotated() {
        for (int i = 0; i < 10; i++) {
            west.rotate();
            east.rotate();
        }
    }

    private String scrape() {
        reconciler.done(client.resource(east.location()).get(), east.rotate());
        return registry.scrape();
    }
}
