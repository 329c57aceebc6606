package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Archives in a store whose answers change from read to read. */
class ArchiveSpoolsTest {
    private static final byte[] MASTER = new byte[32];
    private static final PointKey POINT = PointKeys.of("east", "shop", "p");
    private static final byte[] HONEST = "honest objects".repeat(5000).getBytes(StandardCharsets.UTF_8);
    private static final byte[] EVIL = "evil objects".repeat(5000).getBytes(StandardCharsets.UTF_8);
    private static final String DIGEST = "digest of the seal";

    /** The part that remains for copies of archives has room for one archive of the tests, but not for two. */
    private static final long LIMIT = (64L << 20) + HONEST.length * 3 / 2;

    private final MemoryStore store = new MemoryStore();
    private final BackupLocation location = new BackupLocation();
    private final AtomicInteger reads = new AtomicInteger();
    private ArchiveSpools spools;

    @BeforeEach
    void open() {
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("blob");
        location.setSpec(new BackupLocationSpec());
        store.beforeOpen = key -> reads.incrementAndGet();
        spools = new ArchiveSpools(TestStores.always(store), TestKeys.from(() -> TestKeys.data(MASTER)), LIMIT);
    }

    /** The store returns the verified archive up to some read, and the archive of an attacker from then on. */
    @ParameterizedTest
    @EnumSource(Layout.class)
    void returnsTheVerifiedBytesOrNone(Layout layout) throws IOException {
        location.getSpec().layout = layout;
        PointDocument document = point(layout, HONEST);
        byte[] evil = layout == Layout.Velero ? EVIL : TestArchives.encrypted(POINT, "uid", EVIL, MASTER);
        for (int honest = 0; honest < 4; honest++) {
            reads.set(0);
            int last = honest;
            store.onRead = content -> reads.get() <= last ? content : evil;
            String run = "run-" + honest;
            if (honest == 0) {
                assertThat(reason(() -> spools.verify(run, location, document, DIGEST)))
                        .isEqualTo(Reason.Tampered);
                assertThat(reason(() -> read(run, document))).isEqualTo(Reason.Tampered);
                continue;
            }
            spools.verify(run, location, document, DIGEST);
            for (int reader = 0; reader < 4; reader++) {
                assertThat(read(run, document)).isEqualTo(HONEST);
            }
            assertThat(reads).as("reads of the store").hasValue(1);
            spools.release(run);
        }
    }

    @Test
    void readsAndVerifiesAgainAfterARestart() throws IOException {
        PointDocument document = point(Layout.Breakwater, HONEST);
        assertThat(read("run", document)).isEqualTo(HONEST);

        spools = new ArchiveSpools(TestStores.always(store), TestKeys.from(() -> TestKeys.data(MASTER)), LIMIT);
        store.objects.put(document.archive(), TestArchives.encrypted(POINT, "uid", EVIL, MASTER));

        assertThat(reason(() -> read("run", document))).isEqualTo(Reason.Tampered);
    }

    @Test
    void readsAgainForAnotherSealOrAfterTheEndOfTheRun() throws IOException {
        PointDocument document = point(Layout.Breakwater, HONEST);
        spools.verify("run", location, document, DIGEST);
        spools.verify("run", location, document, "digest of another seal");
        assertThat(reads).hasValue(2);
        spools.release("run");
        assertThat(read("next run", document)).isEqualTo(HONEST);
        assertThat(reads).hasValue(3);
    }

    /** The Restore was deleted while an activity of it runs: no copy is made that has no end. */
    @Test
    void makesNoOtherCopyForARunThatHasEnded() throws IOException {
        PointDocument document = point(Layout.Breakwater, HONEST);
        spools.verify("run", location, document, DIGEST);
        spools.release("run");

        assertThat(reason(() -> read("run", document))).isEqualTo(Reason.ResourcesFailed);
        assertThat(reads).hasValue(1);
    }

    @Test
    void waitsUntilAnotherRunReleasesItsRoom() throws IOException {
        PointDocument document = point(Layout.Breakwater, HONEST);
        spools.verify("one", location, document, DIGEST);

        assertThat(catchThrowable(() -> spools.verify("two", location, document, DIGEST)))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.isRetryable()).isTrue();
                    assertThat(e).hasMessageContaining("operator.tmp");
                });
        assertThat(reads).hasValue(1);
        spools.release("one");
        assertThat(read("two", document)).isEqualTo(HONEST);
    }

    /** A copy that failed uses no room any more. */
    @Test
    void releasesTheRoomOfACopyThatFailed() throws IOException {
        PointDocument document = point(Layout.Breakwater, HONEST);
        store.onRead = content -> new byte[content.length];
        assertThat(reason(() -> read("one", document))).isEqualTo(Reason.Tampered);

        store.onRead = content -> content;
        assertThat(read("two", document)).isEqualTo(HONEST);
    }

    @Test
    void refusesAnArchiveThatIsLargerThanTheWholeRoom() {
        PointDocument document =
                point(Layout.Velero, "x".repeat(2 * HONEST.length).getBytes(StandardCharsets.UTF_8));
        location.getSpec().layout = Layout.Velero;

        assertThat(catchThrowable(() -> spools.verify("run", location, document, DIGEST)))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.isRetryable()).isFalse();
                    assertThat(e).hasMessageContaining("Helm value operator.tmp");
                });
        assertThat(reads).hasValue(0);
    }

    /** The archive has its digest, but it was encrypted for another point: an attacker with the master key could seal that. */
    @Test
    void refusesTheArchiveOfAnotherPoint() {
        PointDocument other = TestArchives.write(store, PointKeys.of("east", "bank", "p"), "uid", EVIL, MASTER);
        store.objects.put(POINT.archiveKey("uid"), store.objects.get(other.archive()));
        PointDocument.StoredObject moved = new PointDocument.StoredObject(
                POINT.archiveKey("uid"),
                other.objects().getFirst().size(),
                other.objects().getFirst().sha256());
        PointDocument document = PointDocument.builder(POINT, "uid")
                .archive(moved.key(), 1)
                .objects(List.of(moved))
                .keyId(other.keyId())
                .archiveKey(other.archiveKey())
                .build();

        assertThat(reason(() -> read("run", document))).isEqualTo(Reason.Tampered);
    }

    @Test
    void refusesASealThatNamesNoArchiveOfItsOwn() {
        PointDocument foreign = TestArchives.write(store, PointKeys.of("east", "bank", "p"), "uid", EVIL, MASTER);
        PointDocument document = PointDocument.builder(POINT, "uid")
                .archive(foreign.archive(), 1)
                .objects(foreign.objects())
                .keyId(foreign.keyId())
                .archiveKey(foreign.archiveKey())
                .build();
        assertThat(reason(() -> read("run", document))).isEqualTo(Reason.Tampered);
        assertThat(reads).hasValue(0);

        PointDocument without =
                PointDocument.builder(POINT, "uid").archive("a", 1).build();
        assertThat(reason(() -> read("run", without))).isEqualTo(Reason.Tampered);
    }

    /** A store that never ends, and one that returns less than the seal names. */
    @Test
    void readsNoMoreThanTheSealNames() {
        PointDocument document = point(Layout.Breakwater, HONEST);
        AtomicInteger blocks = new AtomicInteger();
        ObjectStore endless = new MemoryStore() {
            @Override
            public java.util.Optional<InputStream> open(String key, long offset, long length) {
                return java.util.Optional.of(new InputStream() {
                    @Override
                    public int read() {
                        return 7;
                    }

                    @Override
                    public int read(byte[] bytes, int from, int count) {
                        blocks.addAndGet(count);
                        return count;
                    }
                });
            }
        };
        spools = new ArchiveSpools(TestStores.always(endless), TestKeys.from(() -> TestKeys.data(MASTER)), LIMIT);

        assertThat(reason(() -> read("run", document))).isEqualTo(Reason.Tampered);
        assertThat((long) blocks.get()).isEqualTo(document.objects().getFirst().size() + 1);
    }

    @Test
    void refusesAnArchiveThatDoesNotFitBeforeItIsRead() {
        PointDocument document = point(Layout.Breakwater, HONEST);
        PointDocument huge = PointDocument.builder(POINT, "uid")
                .archive(document.archive(), 1)
                .objects(List.of(new PointDocument.StoredObject(document.archive(), 1L << 50, "0".repeat(64))))
                .keyId(document.keyId())
                .archiveKey(document.archiveKey())
                .build();

        assertThat(reason(() -> read("run", huge))).isEqualTo(Reason.Tampered);
        assertThat(reads).hasValue(0);
    }

    private PointDocument point(Layout layout, byte[] clear) {
        if (layout == Layout.Breakwater) {
            return TestArchives.write(store, POINT, "uid", clear, MASTER);
        }
        store.objects.put("backups/b/b.tar.gz", clear);
        return PointDocument.builder(POINT, "uid")
                .archive("backups/b/b.tar.gz", 1)
                .objects(List.of(
                        new PointDocument.StoredObject("backups/b/b.tar.gz", clear.length, Digests.sha256Hex(clear))))
                .build();
    }

    private byte[] read(String run, PointDocument document) throws IOException {
        try (InputStream in = spools.open(run, location, document, DIGEST)) {
            return in.readAllBytes();
        }
    }

    private static Reason reason(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return catchThrowable(call) instanceof BreakwaterException e ? e.reason() : null;
    }
}
