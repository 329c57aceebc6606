package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.TestSite;
import io.breakwater.trust.StampFixture;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A rebuilt cluster must not replace the heartbeat of its predecessor before the status has the key in it. */
class FirstHeartbeatTest {
    private static final String BEAT = "breakwater/sites/west.json";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.site", "west"));
    private final MemoryStore objects = new MemoryStore();
    private final ObjectStore store = new TestSite("west", "w2", "w1").view(objects, Map.of());
    private final BackupLocation location = new BackupLocation();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void leavesTheHeartbeatOfAnEarlierClusterUntilTheStatusHasIt() {
        TestSite earlier = new TestSite("west", "w1");
        SiteHeartbeat.write(earlier.view(objects, Map.of()), "west", Instant.now());
        byte[] before = objects.objects.get(BEAT);
        location.getMetadata().setName("north");
        location.getMetadata().setNamespace("breakwater");
        location.setSpec(new BackupLocationSpec());

        LocationProbe.Findings first = probe();
        // The process is killed here; the next one starts without a status.
        LocationProbe.Findings second = probe();

        assertThat(objects.objects.get(BEAT)).isEqualTo(before);
        assertThat(first.sites())
                .singleElement()
                .satisfies(pin -> assertThat(pin.publicKey).isEqualTo(earlier.publicKey()));
        location.setStatus(new BackupLocationStatus());
        location.getStatus().sites = second.sites();
        assertThat(probe().sites())
                .singleElement()
                .satisfies(pin -> assertThat(pin.cluster).isEqualTo("w1"));
        assertThat(objects.objects.get(BEAT)).isNotEqualTo(before);
    }

    private LocationProbe.Findings probe() {
        Stores stores =
                new Stores(
                        cluster.client(),
                        config,
                        StampFixture.trusting(),
                        Clock.systemUTC(),
                        new LocationEndpoints(cluster.client(), config)) {
                    @Override
                    public ObjectStore open(BackupLocation opened) {
                        return store;
                    }
                };
        return new LocationProbe(
                        cluster.client(),
                        stores,
                        TestKeys.from(() -> TestKeys.data(new byte[32])),
                        config,
                        Clock.systemUTC())
                .run(location);
    }
}
