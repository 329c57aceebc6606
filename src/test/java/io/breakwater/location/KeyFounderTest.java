package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two clusters with the same locations, each with the real probe: there is one master key, however their steps interleave. */
class KeyFounderTest {
    private static final int SEEDS = 60;

    @TempDir
    Path directory;

    private final TestCluster east = new TestCluster("east");
    private final TestCluster west = new TestCluster("west");
    private Path root;
    private Turns turns;
    private volatile Duration passed = Duration.ZERO;

    @BeforeEach
    void start() {
        root = directory.resolve("first");
        east.reset();
        west.reset();
    }

    @AfterEach
    void close() {
        east.server.close();
        west.server.close();
    }

    @Test
    void twoSitesThatAreInstalledAtOnceHaveOneKey() throws InterruptedException {
        for (int seed = 0; seed < SEEDS; seed++) {
            root = directory.resolve("seed-" + seed);
            List<TestCluster> clusters = List.of(east, west);
            Random random = new Random(seed);
            turns = new Turns(new Random(seed));
            List<Thread> threads = new ArrayList<>();
            for (TestCluster cluster : clusters) {
                cluster.reset();
                List<String> order = new ArrayList<>(List.of("a", "b"));
                Collections.shuffle(order, random);
                threads.add(Thread.ofVirtual().unstarted(() -> cluster.install(order)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            turns = null;
            Set<String> written = new TreeSet<>();
            List.of("a", "b").forEach(name -> written.add(keyOf(name)));
            assertThat(clusters.stream().filter(c -> c.secret().isPresent()))
                    .as("clusters that created a key, seed %d", seed)
                    .hasSize(1);
            assertThat(written).as("keys of the locations, seed %d", seed).hasSize(1);
        }
    }

    @Test
    void aClusterWithoutKeyWaitsForTheOneThatSetUpTheLocation() {
        east.locate("a", "b");
        east.probeUntilReady("a", "b");
        west.locate("a");

        String id = east.ring().current();
        assertThatThrownBy(() -> west.probe("a"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.SecretNotFound))
                .hasMessageContaining("was set up by site east with master key " + id)
                .hasMessageContaining("deploy/keys-copy --from <context of site east> --to <context of this cluster>");
        assertThat(west.secret()).isEmpty();
    }

    /** A location of its own that is empty is no reason to create a second key, if another location of the cluster is in use. */
    @Test
    void aClusterCreatesNoKeyForAnEmptyLocationNextToOneInUse() {
        east.locate("a");
        east.probeUntilReady("a");
        west.locate("a", "own");

        passed = Duration.ofHours(1);
        assertThatThrownBy(() -> west.probe("own"))
                .hasMessageContaining("BackupLocation breakwater-system/a")
                .hasMessageContaining("is in use with a master key that this cluster does not have");
        assertThat(west.secret()).isEmpty();
    }

    @Test
    void aSecretThatIsPresentFirstIsUsedAtOnce() {
        west.locate("a");
        byte[] key = new byte[KeyRing.BYTES];
        west.put(TestKeys.data(key));

        west.probe("a");

        assertThat(keyOf("a")).isEqualTo(TestKeys.id(key));
    }

    @Test
    void aClaimOfAClusterThatIsGoneIsReportedWithTheWayOut() {
        east.locate("a");
        assertThatThrownBy(() -> east.probe("a")).hasMessageContaining("the location is new");
        west.locate("a");
        passed = Duration.ofDays(1);

        assertThatThrownBy(() -> west.probe("a"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue())
                .hasMessageContaining("to be site east and to create the master key")
                .hasMessageContaining("create the Secret here, see docs/keys.md");
        west.put(TestKeys.data(new byte[KeyRing.BYTES]));
        west.probe("a");
    }

    @Test
    void aClaimWithOtherContentThanAClaimCreatesNoKeyAndIsNotQuoted() {
        west.locate("a");
        String foreign = "{\"site\": \"east; run <this>\", \"cluster\": \"c\"}";
        open(west, "a").write(StoreLayout.keyClaim(), foreign.getBytes(), Precondition.NONE);
        passed = Duration.ofDays(1);

        assertThatThrownBy(() -> west.probe("a"))
                .hasMessageContaining("is not a valid claim")
                .hasMessageNotContaining("run <this>");
        assertThat(west.secret()).isEmpty();
    }

    @Test
    void aLocationThatDoesNotRespondDelaysTheKeyForFiveMinutesOnly() {
        east.locate("a", "silent");
        east.silent = "silent";

        assertThatThrownBy(() -> east.probe("a")).hasMessageContaining("no answer");
        passed = Duration.ofMinutes(4);
        assertThatThrownBy(() -> east.probe("a")).hasMessageContaining("when all locations respond");
        passed = Duration.ofMinutes(6);
        east.probe("a");
    }

    @Test
    void twoKeysAreToldApartAndBothClustersReadEverythingAfterTheMerge() {
        east.locate("a");
        east.probeUntilReady("a");
        west.locate("b");
        west.probeUntilReady("b");
        east.locate("b");
        west.locate("a");
        String eastKey = east.ring().current();
        String westKey = west.ring().current();

        assertThatThrownBy(() -> east.probe("b"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KeyMismatch))
                .hasMessageContaining("is written with master key " + westKey)
                .hasMessageContaining("it holds " + eastKey)
                .hasMessageContaining("site west created it, so two clusters may have created a key each")
                .hasMessageContaining("deploy/keys-copy --from <context of site west>");
        assertThatThrownBy(() -> west.probe("a")).hasMessageContaining("it holds " + westKey);

        Map<String, String> merged = merged(east.secret().get(), west.secret().get());
        east.put(merged);
        west.put(merged);
        for (TestCluster cluster : List.of(east, west)) {
            assertThat(cluster.ring().current()).isEqualTo(eastKey);
            assertThat(cluster.probe("a").keyId()).isEqualTo(eastKey);
            assertThat(cluster.probe("b").keyId())
                    .as("data of the key of west is still read; the rotation changes it")
                    .isEqualTo(westKey);
            assertThat(cluster.probe("b").turning()).isTrue();
        }
    }

    private static Map<String, String> merged(Secret first, Secret second) {
        Map<String, String> data = new TreeMap<>(first.getData());
        data.put(KeyRing.OLDER + "west", second.getData().get(KeyRing.ENTRY));
        return data;
    }

    private String keyOf(String name) {
        TestCluster holder = east.secret().isPresent() ? east : west;
        return LocationDocument.read(open(holder, name)).orElseThrow().keyId();
    }

    private ObjectStore open(TestCluster cluster, String name) {
        return cluster.stores.open(cluster.location(name));
    }

    /** A cluster with the real probe. Each access to a store is a step that the test orders. */
    private final class TestCluster {
        private final String site;
        private final InMemoryApiServer server = new InMemoryApiServer();
        private final BreakwaterConfig config;
        private Stores stores;
        private volatile String silent = "";

        TestCluster(String site) {
            this.site = site;
            config = TestConfig.of(Map.of("breakwater.site", site));
            server.add(new NamespaceBuilder()
                    .withNewMetadata()
                    .withName("kube-system")
                    .endMetadata()
                    .build());
        }

        /** The cluster as it is after the installation. */
        void reset() {
            server.client().secrets().inNamespace(config.namespace()).delete();
            server.client()
                    .resources(BackupLocation.class)
                    .inNamespace(config.namespace())
                    .delete();
            stores = new SteppingStores(this);
        }

        void install(List<String> names) {
            try {
                turns.step(site);
                locate("a", "b");
                for (int round = 0; round < 4; round++) {
                    for (String name : names) {
                        try {
                            probe(name);
                        } catch (BreakwaterException e) {
                            turns.step(site);
                        }
                    }
                    passed = passed.plusSeconds(6);
                }
            } finally {
                turns.leave(site);
            }
        }

        void locate(String... names) {
            for (String name : names) {
                BackupLocation location = new BackupLocation();
                location.getMetadata().setName(name);
                location.getMetadata().setNamespace(config.namespace());
                location.getMetadata().setGeneration(1L);
                location.setSpec(new BackupLocationSpec());
                location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
                location.getSpec().filesystem.path = name;
                location.setStatus(new BackupLocationStatus());
                server.client().resource(location).create();
            }
        }

        BackupLocation location(String name) {
            BackupLocation found = server.client()
                    .resources(BackupLocation.class)
                    .inNamespace(config.namespace())
                    .withName(name)
                    .get();
            found.setStatus(new BackupLocationStatus());
            return found;
        }

        LocationProbe.Findings probe(String name) {
            return new LocationProbe(
                            server.client(), stores, new LocationKeys(server.client()), config, Clock.systemUTC())
                    .run(location(name));
        }

        void probeUntilReady(String... names) {
            passed = Duration.ZERO;
            assertThatThrownBy(() -> probe(names[0])).hasMessageContaining("the location is new");
            passed = KeyFounder.SETTLED.plusSeconds(1);
            for (String name : names) {
                probe(name);
            }
        }

        Optional<Secret> secret() {
            return Optional.ofNullable(server.client()
                    .secrets()
                    .inNamespace(config.namespace())
                    .withName(LocationKeys.DEFAULT_SECRET)
                    .get());
        }

        KeyRing ring() {
            return KeyRing.of(secret().orElseThrow().getData());
        }

        void put(Map<String, String> data) {
            secret().ifPresent(s -> server.client().resource(s).delete());
            server.add(new SecretBuilder()
                    .withNewMetadata()
                    .withName(LocationKeys.DEFAULT_SECRET)
                    .withNamespace(config.namespace())
                    .endMetadata()
                    .withData(data)
                    .build());
            stores = new SteppingStores(this);
        }
    }

    /** The stores of the product, with a step of the test before each access, and with a clock that the test moves. */
    private final class SteppingStores extends Stores {
        private final TestCluster cluster;
        private final Stores real;

        SteppingStores(TestCluster cluster) {
            super(null, null, null, Clock.systemUTC(), null);
            this.cluster = cluster;
            BreakwaterConfig config = TestConfig.of(
                    Map.of("breakwater.site", cluster.site, "breakwater.gateway.filesystem-root", root.toString()));
            this.real = new Stores(
                    cluster.server.client(),
                    config,
                    StampFixture.trusting(),
                    Clock.systemUTC(),
                    new LocationEndpoints(cluster.server.client(), config));
        }

        @Override
        public ObjectStore open(BackupLocation location) {
            if (location.getMetadata().getName().equals(cluster.silent)) {
                throw BreakwaterException.retryable(Reason.StoreUnavailable, "no answer");
            }
            ObjectStore store = real.open(location);
            return (ObjectStore) Proxy.newProxyInstance(
                    ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, args) -> {
                        if (turns != null) {
                            turns.step(cluster.site);
                        }
                        try {
                            return later(method.invoke(store, args));
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }

        private Object later(Object result) {
            if (result instanceof Optional<?> present && present.isPresent()) {
                return switch (present.get()) {
                    case Observed o -> Optional.of(new Observed(o.info(), later(o.storeTime())));
                    case Document d -> Optional.of(new Document(d.info(), d.content(), later(d.storeTime())));
                    default -> result;
                };
            }
            return result;
        }

        private Instant later(Instant time) {
            return time.plus(passed);
        }
    }

    /** Lets one of two threads run at a time. A seed chooses which one makes the next step. */
    private static final class Turns {
        private final Random random;
        private final List<String> present = new ArrayList<>(List.of("east", "west"));
        private String turn = "east";

        Turns(Random random) {
            this.random = random;
        }

        synchronized void step(String who) {
            if (turn.equals(who)) {
                next();
            }
            while (!turn.equals(who)) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        synchronized void leave(String who) {
            present.remove(who);
            if (!present.isEmpty()) {
                next();
            }
        }

        private void next() {
            turn = present.get(random.nextInt(present.size()));
            notifyAll();
        }
    }
}
