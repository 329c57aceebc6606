package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Version;
import io.breakwater.store.TestStores;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.trust.PointKeys;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks are extended, and their age is reported, only in locations with spec.immutability. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class ImmutabilityReconcilerTest {
    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void extendsLocksOnlyInLocationsWithImmutability() {
        BreakwaterConfig config = TestConfig.of(
                Map.of("breakwater.site", "east", "breakwater.gateway.filesystem-root", directory.toString()));
        Stores stores = TestStores.of(client, config);
        ImmutabilityReconciler reconciler = new ImmutabilityReconciler(
                TestObjects.of(client),
                stores,
                new Catalog(stores, TestKeys.of(client)),
                config,
                new PlainStatusWriter(client),
                new Meters(registry, Clock.systemUTC()),
                TestEvents.of(client, Clock.systemUTC()),
                Clock.systemUTC(),
                TestRegister.of(stores));
        TestLocations.start(reconciler, client);
        BackupLocation location = location(config.namespace());
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("breakwater-master-key")
                        .withNamespace(config.namespace())
                        .endMetadata()
                        .withData(TestKeys.data(new byte[32]))
                        .build())
                .create();
        ObjectStore store = stores.open(location);
        store.write(PointKeys.of("east", "shop", "p").sealKey(), new byte[1], Precondition.NONE);

        reconciler.reconcile(location, null);
        assertThat(store.read("breakwater/immutability/east.json")).isEmpty();

        location.getSpec().immutability = new BackupLocationSpec.Immutability();
        location.getSpec().immutability.mode = BackupLocationSpec.Immutability.Mode.Governance;
        location.getSpec().immutability.period = "30d";
        client.resource(location).update();
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    reconciler.reconcile(location, null);
                    return registry.find(MeterName.IMMUTABILITY_AGE.registered())
                                    .gauge()
                            != null;
                });
        assertThat(store.read("breakwater/immutability/east.json")).isPresent();
        assertThat(registry.find(MeterName.IMMUTABILITY_AGE.registered())
                        .gauge()
                        .value())
                .isBetween(0.0, 60.0);
        assertThat(registry.find(MeterName.IMMUTABILITY_PERIOD.registered())
                        .gauge()
                        .value())
                .isEqualTo(30 * 24 * 3600.0);

        BackupLocation now = client.resource(location).get();
        now.getSpec().immutability = null;
        client.resource(now).update();
        reconciler.reconcile(now, null);
        assertThat(registry.find(MeterName.IMMUTABILITY_AGE.registered()).gauge())
                .isNull();
    }

    @Test
    void reportsForeignDeletions() {
        BreakwaterConfig config = TestConfig.of(Map.of("breakwater.site", "east"));
        String key = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
        Set<String> destroyed = new HashSet<>();
        TestRegister.create(TestStores.filesystem(directory), "east", "shop");
        ObjectStore attacked = attacked(
                List.of(
                        new Version(key, "marker", 0, Instant.now(), true, true),
                        new Version(key, "content", 3, Instant.now(), false, false)),
                destroyed);
        ImmutabilityReconciler reconciler = reconciler(attacked, Clock.systemUTC());
        BackupLocation location = locked(config.namespace());

        Condition intact = await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            reconciler.reconcile(location, null);
                            return client.resource(location).get().getStatus().condition(Condition.INTACT);
                        },
                        Optional::isPresent)
                .orElseThrow();
        assertThat(intact.status).isEqualTo("False");
        assertThat(intact.reason).isEqualTo(Reason.Tampered.name());
        assertThat(intact.message).contains("1 objects", key);
        assertThat(destroyed).containsExactly("marker");
        assertThat(registry.find(MeterName.FOREIGN_REMOVALS.registered())
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(client.v1().events().inNamespace(config.namespace()).list().getItems())
                .anyMatch(e -> e.getMessage().contains(key) && e.getType().equals("Warning"));
    }

    /** The process that finds the deletions has exported nothing before. */
    @Test
    @ProvesAlerts("BreakwaterForeignRemoval")
    void raisesAnAlertForForeignDeletions() {
        BackupLocation location = locked("breakwater-system");
        String key = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
        TestRegister.create(TestStores.filesystem(directory), "east", "shop");
        ObjectStore healthy = attacked(List.of(new Version(key, "content", 3, Instant.now(), true, false)), Set.of());
        AlertProof proof = AlertProof.of("BreakwaterForeignRemoval")
                .quiet(scrapeOnce(location, healthy, Clock.systemUTC(), MeterName.LOCKED_VERSIONS));
        String attacked = scrapeOnce(
                location,
                attacked(
                        List.of(
                                new Version(key, "marker", 0, Instant.now(), true, true),
                                new Version(key, "content", 3, Instant.now(), false, false)),
                        new HashSet<>()),
                Clock.systemUTC(),
                MeterName.LOCKED_VERSIONS);

        proof.restarted(attacked).over(attacked).check();
    }

    /** A process that has completed no round reads the age of the last one from the store. */
    @Test
    @ProvesAlerts("BreakwaterLocksNotExtended")
    void raisesAnAlertForOldLocksAfterARestart() {
        BackupLocation location = locked("breakwater-system");
        ObjectStore disk = TestStores.filesystem(directory);
        disk.write(PointKeys.of("east", "shop", "p").sealKey(), new byte[1], Precondition.NONE);
        AlertProof proof = AlertProof.of("BreakwaterLocksNotExtended")
                .quiet(scrapeOnce(location, disk, Clock.systemUTC(), MeterName.IMMUTABILITY_AGE));
        Clock later = Clock.offset(Clock.systemUTC(), Duration.ofDays(13));
        proof.restarted(scrapeOnce(location, refusing(disk), later, MeterName.IMMUTABILITY_AGE));

        proof.over(scrapeOnce(location, disk, Clock.systemUTC(), MeterName.IMMUTABILITY_AGE))
                .check();
    }

    /** What a process exports when its first round is over. */
    private String scrapeOnce(BackupLocation location, ObjectStore store, Clock measured, MeterName awaited) {
        registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ImmutabilityReconciler reconciler = reconciler(store, measured);
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    reconciler.reconcile(location, null);
                    return registry.find(awaited.registered()).gauge() != null;
                });
        return registry.scrape();
    }

    private ImmutabilityReconciler reconciler(ObjectStore store, Clock measured) {
        ImmutabilityReconciler reconciler = new ImmutabilityReconciler(
                TestObjects.of(client),
                TestStores.always(store),
                new Catalog(TestStores.always(store), TestKeys.of(client)),
                TestConfig.of(Map.of("breakwater.site", "east")),
                new PlainStatusWriter(client),
                new Meters(registry, measured),
                TestEvents.of(client, Clock.systemUTC()),
                Clock.systemUTC(),
                TestRegister.of(store));
        TestLocations.start(reconciler, client);
        return reconciler;
    }

    /** A store whose credentials do not allow to read versions. */
    private static ObjectStore refusing(ObjectStore disk) {
        return (ObjectStore) Proxy.newProxyInstance(
                ImmutabilityReconcilerTest.class.getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("histories")) {
                        throw BreakwaterException.retryable(Reason.CredentialsRejected, "access denied");
                    }
                    return method.invoke(disk, arguments);
                });
    }

    private BackupLocation locked(String namespace) {
        BackupLocation location = location(namespace);
        location.getSpec().immutability = new BackupLocationSpec.Immutability();
        location.getSpec().immutability.mode = BackupLocationSpec.Immutability.Mode.Governance;
        location.getSpec().immutability.period = "30d";
        client.resource(location).update();
        return location;
    }

    /** A directory with one object that is hidden. */
    private ObjectStore attacked(List<Version> history, Set<String> destroyed) {
        ObjectStore disk = TestStores.filesystem(directory);
        return (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "removals" -> {
                            return Optional.of(TestKeys.removals(new byte[32]));
                        }
                        case "histories" -> {
                            if (history.getFirst().key().startsWith((String) arguments[0])) {
                                accept(arguments[1], history);
                            }
                            return null;
                        }
                        case "destroy" -> {
                            destroyed.add(((Version) arguments[0]).id());
                            return Optional.empty();
                        }
                        default -> {
                            return method.invoke(disk, arguments);
                        }
                    }
                });
    }

    @SuppressWarnings("unchecked")
    private static void accept(Object consumer, List<Version> history) {
        ((Consumer<List<Version>>) consumer).accept(history);
    }

    private BackupLocation location(String namespace) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName("disk");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = "disk";
        location.setStatus(new BackupLocationStatus());
        Condition ready = new Condition();
        ready.type = Condition.READY;
        ready.status = "True";
        location.getStatus().conditions.add(ready);
        BackupLocation created = client.resource(location).create();
        created.setStatus(location.getStatus());
        return created;
    }
}
