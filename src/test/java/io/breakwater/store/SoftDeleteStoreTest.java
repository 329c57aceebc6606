package io.breakwater.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectStore.Precondition;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A namespace deletes its own objects only. */
class SoftDeleteStoreTest {
    private static final String ARCHIVE = "velero/backups/shop-p-0123456789abcdef-uid/";
    private final MemoryStore store = new MemoryStore();
    private static final String ENCRYPTED = "breakwater/archives/east/shop/cluster-of-east/uid-of-shop/p/uid/";
    private final SoftDeleteStore shop =
            TestRegister.visible(store, "east", "shop").withArchives(List.of(ARCHIVE, ENCRYPTED));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/points/east/shop-2/p/point.json",
                "breakwater/points/west/shop/p/point.json",
                "breakwater/points/east/shop/cluster-of-east/other-uid/p/point.json",
                TestRegister.BANK + "data/ab/abcd",
                "breakwater/archives/east/shop/cluster-of-east/uid-of-shop/p/uid2/resources.enc",
                "breakwater/archives/east/shop/cluster-of-east/other-uid/p/uid/resources.enc",
                "breakwater/archives/east/bank/c/n/p/uid/resources.enc",
                "velero/backups/shop-p-0123456789abcdef-uid2/a.tar.gz",
                "velero/backups/east-shop-p/east-shop-p.tar.gz",
                "breakwater/location.json"
            })
    void deletesNothingOfAnotherNamespace(String key) {
        store.write(key, new byte[1], Precondition.NONE);
        ObjectStore.ObjectInfo info = store.head(key).orElseThrow().info();

        for (Runnable deletion : List.<Runnable>of(
                () -> shop.delete(key),
                () -> shop.delete(info),
                () -> shop.deletePoint(store.read(key).orElseThrow(), new DeletedPoint(null, null, null, 0)))) {
            assertThatThrownBy(deletion::run)
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden));
        }
        List<String> keys = new ArrayList<>();
        store.list("", o -> keys.add(o.key()));
        assertThat(keys).containsExactly(key);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/points/east/shop/cluster-of-east/uid-of-shop/p/point.json",
                TestRegister.SHOP + "data/ab/abcd",
                ENCRYPTED + "resources.enc",
                ARCHIVE + "a.tar.gz"
            })
    void deletesObjectsOfItsNamespace(String key) {
        store.write(key, new byte[1], Precondition.NONE);

        shop.delete(key);

        List<String> visible = new ArrayList<>();
        shop.list(key, o -> visible.add(o.key()));
        assertThat(visible).doesNotContain(key);
    }

    /** A prune deletes the data of a snapshot that it does not see. */
    @ParameterizedTest
    @ValueSource(strings = {"snapshots/", "index/", "keys/"})
    void listsObjectsThatAnUnsignedTombstoneHides(String part) {
        String prefix = TestRegister.of("east", "shop").prefix() + part;
        String key = prefix + "ab".repeat(32);
        store.write(key, new byte[1], Precondition.NONE);
        store.write(TestRegister.tombstone("east", "shop", key), "junk".getBytes(UTF_8), Precondition.NONE);

        assertThat(listed(prefix)).containsExactly(key);

        store.delete(TestRegister.tombstone("east", "shop", key));
        shop.delete(key);
        assertThat(listed(prefix)).isEmpty();
    }

    private List<String> listed(String prefix) {
        List<String> visible = new ArrayList<>();
        shop.list(prefix, o -> visible.add(o.key()));
        return visible;
    }

    @Test
    void acceptsNoArchiveDirectoryThatContainsOthers() {
        for (String prefix : List.of(
                "velero/backups/",
                "velero/backups/a",
                "velero/backups/a/b/",
                "breakwater/points/",
                "breakwater/archives/east/shop/",
                "breakwater/archives/east/shop/cluster-of-east/uid-of-shop/p/",
                "breakwater/archives/east/shop/cluster-of-east/other-uid/p/uid/",
                "breakwater/archives/east/bank/c/n/p/uid/")) {
            assertThatThrownBy(() -> TestRegister.visible(store, "east", "shop").withArchives(List.of(prefix)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
