package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.ObjectStore.Precondition;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sweep of site east in a store with versions, by the areas of the layout; decision 0023 gives the reasons. */
class OldVersionsTest {
    private static final Duration GRACE = Duration.ofHours(24);
    private static final byte[] FIRST = {1};
    private static final byte[] SECOND = {2};

    private final DeletionSigner signer = TestKeys.removals(new byte[32]);
    private final VersionedStore store = new VersionedStore(signer);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/keyrings/east.json",
                "breakwater/rotations/" + TestRegister.SHOP_ID + ".json",
                "breakwater/sites/east.json",
                "breakwater/tombstones/points/east/shop/x",
                "breakwater/tombstones/repos/" + TestRegister.SHOP_ID + "/x",
                "breakwater/readers/" + TestRegister.SHOP_ID + "/x.json",
                "breakwater/begun/east/shop/p.json",
                "breakwater/immutability/west.json",
                "breakwater/probe/west-x",
                "breakwater/removed/0123456789abcdef/00",
                "breakwater/plans/shop/shop/lease.json",
                TestRegister.SHOP + "locks/ab"
            })
    void deletesOverwrittenAndHiddenVersions(String key) {
        write(key, FIRST);
        write(key, SECOND);

        assertThat(sweep().removed()).as("within the grace period").isZero();
        store.pass(GRACE);
        assertThat(sweep()).isEqualTo(new OldVersions.Swept(1, 1, 0, 0));
        assertThat(store.versions(key)).hasSize(1);
        assertThat(store.read(key).orElseThrow().content()).isEqualTo(SECOND);

        store.delete(key);
        store.pass(GRACE);
        assertThat(sweep()).isEqualTo(new OldVersions.Swept(1, 1, 0, 0));
        assertThat(store.versions(key)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/keyrings/west.json",
                "breakwater/rotations/48059c7167e5392d1fd43df8e40a1423.json",
                "breakwater/sites/west.json",
                TestRegister.WEST_SHOP + "data/ab/abcd",
                "breakwater/points/west/shop/p/point.json"
            })
    void leavesObjectsOfOtherSites(String key) {
        write(key, FIRST);
        store.delete(key);
        store.pass(GRACE);

        assertThat(sweep()).isEqualTo(new OldVersions.Swept(0, 0, 0, 0));
        assertThat(store.versions(key)).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/location.json",
                "breakwater/escrow/0123456789abcdef.fedcba9876543210.rsa",
                "breakwater/escrow/0123456789abcdef.fedcba9876543210.json"
            })
    void restoresUnlockedObjectsHiddenByOthers(String key) {
        write(key, FIRST);
        store.delete(key);
        store.pass(GRACE);

        assertThat(sweep().restored()).containsExactly(key);
        assertThat(store.read(key).orElseThrow().content()).isEqualTo(FIRST);
        assertThat(store.relocked).as("the area is not locked").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                TestRegister.SHOP + "data/ab/abcd",
                "breakwater/points/east/shop/p/point.json",
                "velero/backups/west-shop-p/west-shop-p.tar.gz"
            })
    void restoresAndRelocksObjectsOfPoints(String key) {
        write(key, FIRST);
        store.delete(key);
        store.pass(GRACE);

        assertThat(sweep().restored()).containsExactly(key);
        assertThat(store.read(key).orElseThrow().content()).isEqualTo(FIRST);
        assertThat(store.relocked).containsExactly(key);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "breakwater/location.json",
                "breakwater/escrow/0123456789abcdef.fedcba9876543210.rsa",
                "breakwater/points/east/shop/p/point.json"
            })
    void retainsVersionsBelowAnOverwrite(String key) {
        write(key, FIRST);
        write(key, SECOND);
        store.pass(GRACE);

        assertThat(sweep()).isEqualTo(new OldVersions.Swept(0, 0, 1, 1));
        assertThat(store.versions(key)).hasSize(2);
    }

    @Test
    void deletesVersionsOfOwnDeletionsWhenTheirLockExpires() {
        String key = TestRegister.SHOP + "data/ab/abcd";
        write(key, FIRST);
        store.lock(key, store.now().plus(GRACE.multipliedBy(3)));
        signer.recordRemoval(store, key);
        store.delete(key);
        store.pass(GRACE);

        assertThat(sweep()).isEqualTo(new OldVersions.Swept(0, 0, 1, 1));
        store.pass(GRACE.multipliedBy(2));
        assertThat(sweep()).isEqualTo(new OldVersions.Swept(1, 1, 0, 0));
        assertThat(store.versions(key)).isEmpty();
        assertThat(notes()).as("the note is not needed any more").isEmpty();
    }

    @Test
    void restoresOneHiddenObject() {
        String key = StoreLayout.location();
        write(key, FIRST);
        store.delete(key);
        store.delete(key);
        write(key + "x", FIRST);
        store.delete(key + "x");

        assertThat(OldVersions.restore(store, key)).isTrue();
        assertThat(store.read(key)).isPresent();
        assertThat(store.read(key + "x")).isEmpty();
        assertThat(OldVersions.restore(store, key)).as("it is visible").isFalse();
    }

    @Test
    void restoresNothingWhereDeletionsAreNotSigned() {
        VersionedStore unsigned = new VersionedStore(null);
        unsigned.write(StoreLayout.location(), FIRST, Precondition.NONE);
        unsigned.delete(StoreLayout.location());

        assertThat(OldVersions.restore(unsigned, StoreLayout.location())).isFalse();
        assertThat(unsigned.read(StoreLayout.location())).isEmpty();
    }

    private OldVersions.Swept sweep() {
        return OldVersions.sweep(
                store,
                Stream.concat(
                                StoreLayout.prefixesFor("east").stream(),
                                StoreLayout.prefixesForRepository(TestRegister.SHOP_ID).stream())
                        .toList(),
                GRACE,
                Duration.ofDays(22),
                store.now().plusMillis(1));
    }

    private void write(String key, byte[] content) {
        store.write(key, content, Precondition.NONE);
    }

    private List<String> notes() {
        return List.copyOf(store.directories(StoreLayout.deletionNotes()));
    }
}
