package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStoreContract;
import io.breakwater.store.TestStores;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The generated store is one as any other, and has objects that are never stored. */
class GeneratedStoreTest extends ObjectStoreContract {
    private static final int MANY = 10_000_000;

    private final FleetClock clock = new FleetClock(Instant.now());
    private final GeneratedStore server = new GeneratedStore(clock);
    private final ObjectStore store = TestStores.s3(server.url(), ListingLimits.DEFAULT);

    @Override
    public ObjectStore store() {
        return store;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private void generateMany() {
        server.generate(new GeneratedObjects() {
            @Override
            public int size() {
                return MANY;
            }

            @Override
            public String key(int index) {
                return "below/packs/" + (MANY + index);
            }

            @Override
            public byte[] body(int index) {
                return ("pack " + index).getBytes(StandardCharsets.US_ASCII);
            }

            @Override
            public byte[] metadata(int index) {
                throw new UnsupportedOperationException();
            }
        });
    }

    /** The answer has all that a caller needs. */
    @Test
    void writesAnObjectWithOneCall() {
        assertThat(store.write("packs/1", new byte[1], Precondition.ABSENT)).isPresent();
        assertThat(store.write("packs/2", new byte[1], Precondition.NONE)).isPresent();

        assertThat(server.counts().now()).containsExactlyEntriesOf(Map.of("put packs", 2L));
    }

    @Test
    void listsAndReadsGeneratedObjectsInTheirOrder() {
        generateMany();

        assertThat(keys("packs/19999")).hasSize(1000).isSorted().contains("packs/19999000", "packs/19999999");
        assertThat(keys("packs/1234")).hasSize(10_000).isSorted();
        assertThat(store.read("packs/10000007").orElseThrow().content())
                .asString()
                .isEqualTo("pack 7");
        assertThat(server.counts().now()).containsEntry("list packs", 11L).containsEntry("get packs", 1L);
    }

    @Test
    void replacesAndDeletesGeneratedObjects() {
        generateMany();

        store.write("packs/19999998", "other".getBytes(StandardCharsets.US_ASCII), Precondition.NONE);
        store.delete("packs/19999999");

        assertThat(keys("packs/1999999")).hasSize(9).endsWith("packs/19999998");
        assertThat(store.read("packs/19999998").orElseThrow().content())
                .asString()
                .isEqualTo("other");
        assertThat(store.head("packs/19999999")).isEmpty();
        assertThat(store.write("packs/10000000", new byte[1], Precondition.ABSENT))
                .isEmpty();
    }

    @Test
    void makesACallLastForItsLatency() {
        server.latency = Duration.ofMillis(80);
        CompletableFuture<?> call = CompletableFuture.runAsync(() -> store.head("any"));

        while (clock.next() == Long.MAX_VALUE) {
            Thread.onSpinWait();
        }
        assertThat(clock.next()).isEqualTo(Duration.ofMillis(80).toNanos());
        assertThat(clock.isQuiet()).isTrue();
        assertThat(call).isNotDone();

        clock.advance(clock.next());
        call.join();
    }

    @Test
    void refusesCallsWhileItThrottles() {
        server.throttleEvery = 2;

        for (int i = 0; i < 4; i++) {
            assertThat(store.head("any")).isEmpty(); // the client repeats what is refused
        }
        assertThat(server.counts().now()).containsEntry("head any", 7L).containsEntry("refused SlowDown", 3L);
    }

    private List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        store.list(prefix, object -> keys.add(object.key()));
        return keys;
    }
}
