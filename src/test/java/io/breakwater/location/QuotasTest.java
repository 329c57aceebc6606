package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ForwardingStore;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.TestStores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a repository is full, and how often it is listed to find that. */
class QuotasTest {
    private static final long MIB = 1L << 20;
    private static final OwnedRepository SHOP = TestRegister.of("east", "shop");

    @TempDir
    private Path directory;

    private final BackupLocation location = TestQuotas.location("1000Mi");
    private Counting store;
    private long nanos;
    private Quotas quotas;

    @BeforeEach
    void open() {
        store = new Counting(directory);
        quotas = TestQuotas.of(store, "east", () -> nanos);
    }

    @Test
    void countsOnlyTheObjectsInTheRepository() {
        location.getSpec().quota.perNamespace = "100";
        put(TestRegister.of("east", "shop").prefix() + "data/a", 60);
        put(TestRegister.of("east", "shop").prefix() + "index/a", 30);
        put(TestRegister.of("east", "shopping").prefix() + "data/a", 5000);
        put(TestRegister.of("west", "shop").prefix() + "data/a", 5000);
        put("velero/backups/east-shop-p/a", 5000);
        admit();

        put(TestRegister.of("east", "shop").prefix() + "data/b", 10);
        quotas.added(location, SHOP, 10);
        assertThatThrownBy(this::admit).isInstanceOfSatisfying(BreakwaterException.class, e -> {
            assertThat(e.reason()).isEqualTo(Reason.QuotaExceeded);
            assertThat(e.isRetryable()).isFalse();
            assertThat(e).hasMessageContainingAll("namespace shop", "sys/blob", "100 bytes", "spec.quota");
        });
    }

    @Test
    void countsDeletedObjectsUntilTheyAreFreed() {
        location.getSpec().quota.perNamespace = "100";
        put(TestRegister.of("east", "shop").prefix() + "data/a", 100);
        TestRegister.visible(store, "east", "shop")
                .delete(TestRegister.of("east", "shop").prefix() + "data/a");
        assertThatThrownBy(this::admit).isInstanceOf(BreakwaterException.class);

        store.delete(TestRegister.of("east", "shop").prefix() + "data/a");
        pass(RepositorySize.FRESH);
        assertThatCode(this::admit).doesNotThrowAnyException();
    }

    @Test
    void allowsOtherFilesSlightlyOverQuota() {
        location.getSpec().quota.perNamespace = "100";
        put(TestRegister.of("east", "shop").prefix() + "data/a", 200);
        assertThatThrownBy(this::admit).isInstanceOf(BreakwaterException.class);
        assertThatCode(() -> quotas.admit(location, SHOP, false)).doesNotThrowAnyException();
        quotas.added(location, SHOP, 65 * MIB);
        put(TestRegister.of("east", "shop").prefix() + "index/large", (int) (65 * MIB));
        assertThatThrownBy(() -> quotas.admit(location, SHOP, false)).isInstanceOf(BreakwaterException.class);
    }

    @Test
    void measuresTheStoreBeforeRefusing() {
        admit();
        quotas.added(location, SHOP, 2000 * MIB); // as it lay there already
        assertThatCode(this::admit).doesNotThrowAnyException();
    }

    @Test
    void appliesARaisedQuotaImmediately() {
        location.getSpec().quota.perNamespace = "100";
        put(TestRegister.of("east", "shop").prefix() + "data/a", 100);
        assertThatThrownBy(this::admit).isInstanceOf(BreakwaterException.class);
        location.getSpec().quota.perNamespace = "101";
        assertThatCode(this::admit).doesNotThrowAnyException();
    }

    @Test
    void measuresAgainAfterGrowthOrTime() {
        admit();
        admit();
        quotas.added(location, SHOP, 100 * MIB);
        admit();
        assertThat(store.lists).as("lists before an eighth of the room is used").isEqualTo(1);
        quotas.added(location, SHOP, 26 * MIB);
        admit();
        assertThat(store.lists).as("lists after an eighth of the room is used").isEqualTo(2);
        pass(RepositorySize.OLD);
        admit();
        assertThat(store.lists)
                .as("lists after a while, as others may have added data")
                .isEqualTo(3);
    }

    /** Each gateway sees its own uploads and, when it lists, the uploads of all. */
    @Test
    void limitsTheOverrunOfSeveralGateways() {
        long[] held = {0};
        FullStore shared = new FullStore(held);
        int gateways = 8;
        Quotas[] all = new Quotas[gateways];
        for (int i = 0; i < gateways; i++) {
            all[i] = TestQuotas.of(shared, "east", () -> nanos);
        }
        int refused = 0;
        for (int i = 0; refused < gateways; i++) {
            try {
                all[i % gateways].admit(location, SHOP, true);
                held[0] += 16 * MIB;
                all[i % gateways].added(location, SHOP, 16 * MIB);
            } catch (BreakwaterException e) {
                refused++;
            }
        }
        assertThat(held[0]).isBetween(1000 * MIB, 1000 * MIB + gateways * RepositorySize.STEP);
    }

    @Test
    void toleratesAFailingStoreWhileWithinQuota() {
        admit();
        store.ill = true;
        pass(RepositorySize.OLD);
        assertThatCode(this::admit).doesNotThrowAnyException();
        quotas.added(location, SHOP, 2000 * MIB);
        assertThatThrownBy(this::admit)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.StoreUnavailable));
    }

    @Test
    void measuresEveryRepositoryOfTheLocation() {
        location.getSpec().quota.perNamespace = "100";
        put(TestRegister.of("east", "shop").prefix() + "data/a", 95);
        put(TestRegister.of("west", "shop").prefix() + "data/a", 100);
        put(TestRegister.of("east", "bank").prefix() + "data/a", 10);
        TestRegister.create(store, "east", "shop");
        TestRegister.create(store, "west", "shop");
        TestRegister.create(store, "east", "bank");

        assertThat(quotas.measure(location))
                .extracting(u -> u.site() + "/" + u.namespace() + " " + u.used() + " " + u.isNear() + " " + u.isOver())
                .containsExactlyInAnyOrder(
                        "east/shop 95 true false", "west/shop 100 false true", "east/bank 10 false false");
        assertThat(quotas.known(location, "shop")).map(Quotas.Usage::used).contains(95L);
        assertThat(quotas.known(location, "unknown")).isEmpty();
        quotas.added(location, SHOP, 2);
        assertThat(quotas.known(location, "shop")).map(Quotas.Usage::used).contains(97L);
        assertThat(store.lists).isEqualTo(1);
    }

    /** The first point of a namespace creates its repository, after its quota was checked. */
    @Test
    void knowsTheUsageOfARepositoryThatTheFirstPointCreated() {
        location.getSpec().quota.perNamespace = "100";
        assertThat(quotas.exceeded(location, SHOP.source())).isEmpty();
        TestRegister.create(store, "east", "shop");

        admit();
        quotas.added(location, SHOP, 40);

        assertThat(quotas.known(location, "shop")).map(Quotas.Usage::used).contains(40L);
    }

    @Test
    void measuresNothingWithoutAQuota() {
        location.getSpec().quota = null;
        admit();
        quotas.added(location, SHOP, 5);
        assertThat(quotas.exceeded(location, SHOP.source())).isEmpty();
        assertThat(quotas.known(location, "shop")).isEmpty();
        assertThat(store.lists).isZero();
    }

    private void admit() {
        quotas.admit(location, SHOP, true);
    }

    private void pass(Duration time) {
        nanos += time.toNanos() + 1;
    }

    private void put(String key, int size) {
        store.write(key, new byte[Math.min(size, 16 << 20)], Precondition.NONE);
        if (size > 16 << 20) {
            for (int i = 1; i * (16 << 20) < size; i++) {
                store.write(key + i, new byte[16 << 20], Precondition.NONE);
            }
        }
    }

    /** Counts lists, and fails on request. */
    private static final class Counting extends ForwardingStore {
        int lists;
        boolean ill;

        Counting(Path directory) {
            super(TestStores.filesystem(directory));
        }

        @Override
        public void list(String prefix, Consumer<ObjectInfo> each) {
            if (ill) {
                throw BreakwaterException.retryable(Reason.StoreUnavailable, "ill");
            }
            lists += prefix.startsWith("breakwater/repos/") ? 1 : 0;
            super.list(prefix, each);
        }
    }

    /** One object of a given size. */
    private static final class FullStore extends ForwardingStore {
        private final long[] held;

        FullStore(long[] held) {
            super(new MemoryStore());
            this.held = held;
        }

        @Override
        public void list(String prefix, Consumer<ObjectInfo> each) {
            each.accept(new ObjectInfo(prefix + "data/a", held[0], "", null));
        }
    }
}
