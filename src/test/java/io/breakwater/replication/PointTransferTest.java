package io.breakwater.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.replication.ReplicationFixture.Point;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKeys;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A point that is visible at the target can be read there, regardless of faults during the copy. */
class PointTransferTest {
    private static final String POINT = "breakwater/points/east/shop/cluster-of-east/uid-of-shop/p1/";

    private final MemoryStore source = new MemoryStore();
    private final MemoryStore target = new MemoryStore();
    private final ReplicationFixture scene = new ReplicationFixture(source);

    @Test
    void copiesEveryByteExceptLocks() {
        Point point = scene.capture(source, "p1", 10);

        CopyResult copied = point.copy(source, target);

        assertThat(ReplicationFixture.contents(target)).isEqualTo(ReplicationFixture.contents(source));
        assertThat(target.objects.keySet()).noneMatch(k -> k.contains("/locks/"));
        assertThat(copied.bytes())
                .isEqualTo(target.objects.values().stream()
                        .mapToLong(c -> c.length)
                        .sum());
        assertThat(copied.objects()).isEqualTo(target.objects.size());
    }

    @Test
    void writesReferencedFilesFirstAndTheSealLast() {
        scene.capture(source, "p1", 10).copy(source, target);

        List<String> order =
                List.of("/data/", "/index/", "/keys/", "/config", "/snapshots/", "/archives/", "point.json");
        assertThat(target.written.stream()
                        .map(k -> order.indexOf(
                                order.stream().filter(k::contains).findFirst().orElseThrow())))
                .isSorted();
        assertThat(target.written).last().isEqualTo(POINT + "point.json");
    }

    /** The key that signed the seal may not be available where the copy is read. */
    @Test
    void writesVouchersBeforeTheSeal() {
        Point point = scene.capture(source, "p1", 1);
        String voucher = POINT + "point.0123456789abcdef.json";
        source.write(voucher, new byte[] {1, 2, 3}, Precondition.NONE);

        point.copy(source, target);

        assertThat(target.objects.get(voucher)).containsExactly(1, 2, 3);
        assertThat(target.written.indexOf(voucher)).isLessThan(target.written.indexOf(POINT + "point.json"));
    }

    @Test
    void copiesAPointNextToAnObjectThatIsTooLarge() {
        Point point = scene.capture(source, "p1", 1);
        String foreign = POINT + "foreign";
        source.write(foreign, new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);

        point.copy(source, target);

        assertThat(target.objects).containsKey(POINT + "point.json").doesNotContainKey(foreign);
    }

    @ParameterizedTest
    @CsvSource({
        "breakwater/points/east/shop/cluster-of-east/uid-of-shop/p1/, breakwater/points/east/victim/c/n/p1/point.json",
        "breakwater/points/east/shop/cluster-of-east/uid-of-shop/p1/, breakwater/points/east/shop/cluster-of-east/uid-of-shop/p1/../../../n/p1/point.json",
        TestRegister.SHOP
                + "data/, breakwater/repos/00000000000000000000000000000000/snapshots/4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"
    })
    void writesNoKeyThatTheSourceListsOutsideOfThePoint(String listed, String foreign) {
        MemoryStore lying = new MemoryStore() {
            @Override
            public void list(String prefix, Consumer<ObjectInfo> each) {
                super.list(prefix, each);
                if (prefix.equals(listed)) {
                    each.accept(head(foreign).orElseThrow().info());
                }
            }
        };
        Point point = new ReplicationFixture(lying).capture(lying, "p1", 1);
        lying.write(foreign, new byte[] {1}, Precondition.NONE);

        assertThatThrownBy(() -> point.copy(lying, target))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Tampered));
        assertThat(target.objects).doesNotContainKeys(foreign, POINT + "point.json");
    }

    @Test
    void copiesOnlyAreasThatAreReplicated() {
        scene.capture(source, "p1", 3);
        Point point = scene.capture(source, "p2", 3);
        for (String key : List.of(
                StoreLayout.location(),
                StoreLayout.keyRing("east"),
                StoreLayout.inProgress(PointKeys.source("east", "shop"), "p2"),
                "breakwater/readers/" + TestRegister.of("east", "shop").id() + "/id.json",
                StoreLayout.wrappedKey("key", "print"))) {
            source.write(key, new byte[1], Precondition.NONE);
        }

        point.copy(source, target);

        assertThat(target.written)
                .isNotEmpty()
                .allSatisfy(key -> assertThat(StoreLayout.area(key))
                        .as(key)
                        .hasValueSatisfying(
                                area -> assertThat(area.replicated()).isTrue()));
    }

    @Test
    void copiesOnlyNewObjectsOfTheNextPoint() {
        scene.capture(source, "p1", 10).copy(source, target);
        int before = target.objects.size();

        CopyResult copied = scene.capture(source, "p2", 1).copy(source, target);

        assertThat(copied.objects()).as("pack, index, snapshot, archive, seal").isEqualTo(5);
        assertThat(target.objects).hasSize(before + 5);
        assertThat(copied.present())
                .as("10 packs, index, key, config, snapshot")
                .isEqualTo(14);
    }

    @Test
    void copiesNothingOnASecondRun() {
        Point point = scene.capture(source, "p1", 3);
        point.copy(source, target);

        assertThat(point.copy(source, target)).isEqualTo(new CopyResult(0, 0, 1));
    }

    @Test
    void finishesACopyKilledBeforeAnyWrite() {
        Point point = scene.capture(source, "p1", 6);
        int writes = ReplicationFixture.contents(source).size();
        for (int survive = 0; survive < writes; survive++) {
            MemoryStore fresh = new MemoryStore();
            AtomicInteger left = new AtomicInteger(survive);
            fresh.beforeWrite = key -> {
                if (left.getAndDecrement() <= 0) {
                    throw unavailable();
                }
            };

            assertThatThrownBy(() -> point.copy(source, fresh)).isInstanceOf(BreakwaterException.class);

            assertThat(fresh.objects).as("after %s writes", survive).hasSize(survive);
            assertThat(fresh.objects.keySet()).noneMatch(k -> k.endsWith("point.json"));
            assertThat(ReplicationFixture.dangling(fresh))
                    .as("after %s writes", survive)
                    .isEmpty();

            fresh.beforeWrite = key -> {};
            CopyResult rest = point.copy(source, fresh);
            assertThat(rest.objects()).as("after %s writes", survive).isEqualTo(writes - survive);
            assertThat(ReplicationFixture.contents(fresh)).isEqualTo(ReplicationFixture.contents(source));
        }
    }

    @Test
    void discardsATruncatedStream() {
        Point point = scene.capture(source, "p1", 2);
        source.onRead = content -> Arrays.copyOf(content, content.length / 2);

        BreakwaterException e = failure(point);

        assertThat(e.isRetryable()).isTrue();
        assertThat(e).hasMessageContaining("bytes arrived");
        assertThat(target.objects).isEmpty();
    }

    @Test
    void refusesToCopyAnAlteredPack() {
        Point point = scene.capture(source, "p1", 2);
        String pack = source.objects.ceilingKey(ReplicationFixture.REPO + "data/");
        source.objects.computeIfPresent(pack, (k, c) -> flipped(c));

        BreakwaterException e = failure(point);

        assertThat(e.reason()).isEqualTo(Reason.Tampered);
        assertThat(e).hasMessageContaining(pack);
        assertThat(target.objects).doesNotContainKey(pack);
        assertThat(target.objects.keySet()).noneMatch(k -> k.contains("/index/") || k.endsWith("point.json"));
    }

    @Test
    void replacesATruncatedPackAtTheTarget() {
        Point point = scene.capture(source, "p1", 4);
        String pack = source.objects.ceilingKey(ReplicationFixture.REPO + "data/");
        target.objects.put(pack, Arrays.copyOf(source.objects.get(pack), 17));

        point.copy(source, target);

        assertThat(ReplicationFixture.contents(target)).isEqualTo(ReplicationFixture.contents(source));
    }

    @Test
    void replacesADifferentArchiveOfTheSameSize() {
        Point point = scene.capture(source, "p1", 1);
        String archive = point.document().archive();
        target.objects.put(archive, flipped(source.objects.get(archive)));

        point.copy(source, target);

        assertThat(target.objects.get(archive)).isEqualTo(source.objects.get(archive));
    }

    @Test
    void refusesToCopyIntoARepositoryWithOtherKeys() {
        Point point = scene.capture(source, "p1", 1);
        target.objects.put(ReplicationFixture.REPO + "config", scene.bytes(155));

        BreakwaterException e = failure(point);

        assertThat(e.reason()).isEqualTo(Reason.Conflict);
        assertThat(target.objects).hasSize(1);
    }

    @Test
    void refusesToOverwriteAnotherPointOfTheSameName() {
        Point point = scene.capture(source, "p1", 1);
        target.objects.put(point.document().key().sealKey(), scene.bytes(50));

        BreakwaterException e = failure(point);

        assertThat(e.reason()).isEqualTo(Reason.Conflict);
        assertThat(target.objects).hasSize(1);
    }

    @Test
    void copiesWhileAMoverAppends() {
        Point point = scene.capture(source, "p1", 3);
        source.beforeList = prefix -> scene.append(source, 2);
        target.beforeList = prefix -> scene.append(source, 1);

        point.copy(source, target);

        assertThat(ReplicationFixture.dangling(target)).isEmpty();
        assertThat(target.objects).containsKey(point.document().key().sealKey());
    }

    @Test
    void reportsAPruneOfTheSourceAsRetryable() {
        Point first = scene.capture(source, "p1", 3);
        AtomicBoolean pruned = new AtomicBoolean();
        source.beforeList = prefix -> {
            if (prefix.endsWith("/data/") && !pruned.getAndSet(true)) {
                prune();
            }
        };

        BreakwaterException e = failure(first);

        assertThat(e.isRetryable()).isTrue();
        assertThat(target.objects).isEmpty();
    }

    @Test
    void detectsAPruneOfTheTargetBeforeTheSeal() {
        Point point = scene.capture(source, "p1", 3);
        AtomicInteger looks = new AtomicInteger();

        Throwable e = catchThrowable(() -> point.copy(source, target, () -> {
            if (looks.incrementAndGet() == 2) {
                target.delete(target.objects.ceilingKey(ReplicationFixture.REPO + "data/"));
            }
        }));

        assertThat(e).isInstanceOf(BreakwaterException.class).hasMessageContaining("deleted from the target");
        assertThat(target.objects.keySet()).noneMatch(k -> k.endsWith("point.json"));
        point.copy(source, target);
        assertThat(ReplicationFixture.contents(target)).isEqualTo(ReplicationFixture.contents(source));
    }

    @Test
    void sealsNothingInAStaleEpoch() {
        Point point = scene.capture(source, "p1", 3);
        AtomicInteger looks = new AtomicInteger();

        assertThatThrownBy(() -> point.copy(source, target, () -> {
                    if (looks.incrementAndGet() == 2) {
                        throw BreakwaterException.permanent(Reason.Standby, "epoch 3 is over");
                    }
                }))
                .hasMessage("epoch 3 is over");

        assertThat(target.objects.keySet()).noneMatch(k -> k.endsWith("point.json"));
    }

    @Test
    void refusesToCopyAPointWithoutItsSnapshot() {
        Point point = scene.capture(source, "p1", 1);
        source.delete(ReplicationFixture.REPO + "snapshots/"
                + point.document().volumes().getFirst().repositorySnapshot());

        BreakwaterException e = failure(point);

        assertThat(e.reason()).isEqualTo(Reason.Tampered);
        assertThat(target.objects).isEmpty();
    }

    @Test
    void limitsConcurrentStreams() {
        Point point = scene.capture(source, "p1", 40);
        AtomicInteger open = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        source.beforeOpen = key -> most.accumulateAndGet(open.incrementAndGet(), Math::max);
        target.beforeWrite = key -> {
            LockSupport.parkNanos(1_000_000);
            open.decrementAndGet();
        };

        new PointTransfer(source, target, new LocationPlaces(3, 100)).run(point.document(), point.seal(), () -> {});

        assertThat(most.get()).isBetween(2, 3);
    }

    /** Does what restic's prune does: writes a new pack and index, then deletes the old index, then the old packs. */
    private void prune() {
        List<String> index = List.copyOf(scene.indexes);
        List<String> packs = source.objects.keySet().stream()
                .filter(k -> k.contains("/data/"))
                .toList();
        scene.indexes.clear();
        scene.append(source, 1);
        index.forEach(source::delete);
        packs.forEach(source::delete);
    }

    private BreakwaterException failure(Point point) {
        return catchThrowableOfType(BreakwaterException.class, () -> point.copy(source, target));
    }

    private static byte[] flipped(byte[] content) {
        byte[] other = content.clone();
        other[other.length / 2] ^= 1;
        return other;
    }

    private static BreakwaterException unavailable() {
        return BreakwaterException.retryable(Reason.StoreUnavailable, "killed");
    }
}
