package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.ForwardingStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the catalog refuses to sign, and to copy. */
class CatalogTest {
    private static final PointKey KEY = PointKeys.of("east", "shop", "p");
    private static final byte[] MASTER = new byte[32];
    private static final byte[] TENANTS =
            "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    private static final String SNAPSHOT = Digests.sha256Hex("snapshot");

    @TempDir
    Path directory;

    private final BackupLocation location = new BackupLocation();
    private ObjectStore store;
    private Catalog catalog;

    @BeforeEach
    void open() {
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("disk");
        location.setSpec(new BackupLocationSpec());
        store = TestStores.filesystem(directory);
        catalog = new Catalog(TestStores.always(store), TestKeys.from(() -> TestKeys.data(MASTER)));
    }

    @Test
    void sealsOnlyObjectsOfItsOwnRestorePoint() {
        PointDocument own = document(KEY.archiveKey("uid"));
        assertThat(refusal(() -> catalog.seal(location, own)))
                .as("its snapshot does not exist in the repository")
                .isEqualTo(Reason.RestorePointNotSealed);
        store.write(TestRegister.of(KEY).snapshot(SNAPSHOT), new byte[1], Precondition.NONE);
        assertThat(catalog.seal(location, own)).isNotEmpty();
        for (String foreign : List.of(
                KEY.archiveKey("another"),
                PointKeys.of("east", "bank", "p").archiveKey("uid"),
                "breakwater/points/east/bank/p/point.json")) {
            assertThat(refusal(() -> catalog.seal(location, document(foreign))))
                    .as(foreign)
                    .isEqualTo(Reason.Conflict);
        }
    }

    /** Each of the three waits for the others, so one after the other would not end. */
    @Test
    void startsAPointWithItsThreeCallsAtTheSameTime() {
        CyclicBarrier together = new CyclicBarrier(3);
        ObjectStore meeting = new ForwardingStore(store) {
            @Override
            public Optional<Document> read(String key, int max) {
                meet(together);
                return super.read(key, max);
            }

            @Override
            public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
                meet(together);
                return super.write(key, content, precondition);
            }
        };
        Catalog parallel = new Catalog(TestStores.always(meeting), TestKeys.from(() -> TestKeys.data(MASTER)));

        Catalog.Opening opening = parallel.startPoint(location, KEY, "uid");

        assertThat(opening.present()).isEmpty();
        assertThat(opening.keyId()).isEqualTo(TestKeys.id(MASTER));
        assertThat(InProgressMarker.since(store, KEY)).isPresent();
    }

    private static void meet(CyclicBarrier together) {
        try {
            together.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the other calls did not come", e);
        }
    }

    /** The snapshot of an earlier point, which may be locked, would be deleted with this one. */
    @Test
    void sealsNoSnapshotThatIsOlderThanTheCapture() throws Exception {
        String snapshot = TestRegister.of(KEY).prefix() + "snapshots/" + SNAPSHOT;
        store.write(snapshot, new byte[1], Precondition.NONE);
        catalog.startPoint(location, KEY, "uid");
        Files.setLastModifiedTime(
                directory.resolve(snapshot), FileTime.from(Instant.now().minusSeconds(600)));
        PointDocument document = document(KEY.archiveKey("uid"));

        assertThat(refusal(() -> catalog.seal(location, document))).isEqualTo(Reason.Conflict);

        Files.setLastModifiedTime(
                directory.resolve(snapshot), FileTime.from(Instant.now().plusSeconds(600)));
        assertThat(catalog.seal(location, document)).isNotEmpty();
    }

    /** The location switched to another master key after the archive was written: the seal needs no other key than its archive. */
    @Test
    void sealsWithTheKeyOfTheArchive() {
        byte[] older = {1, 2, 3};
        byte[] old = java.util.Arrays.copyOf(older, 32);
        catalog = new Catalog(TestStores.always(store), TestKeys.from(() -> TestKeys.data(MASTER, old)));
        PointDocument document = TestArchives.write(store, KEY, "uid", new byte[10], old);

        catalog.seal(location, document);

        assertThat(catalog.find(location, KEY).orElseThrow().keyId()).isEqualTo(TestKeys.id(old));
    }

    @Test
    void sealsNoArchiveOfAnotherPoint() {
        PointDocument other = TestArchives.write(store, PointKeys.of("east", "bank", "p"), "uid", new byte[10], MASTER);
        PointDocument forged = PointDocument.builder(KEY, "uid")
                .archive(KEY.archiveKey("uid"), 1)
                .keyId(other.keyId())
                .archiveKey(other.archiveKey())
                .build();

        assertThat(refusal(() -> catalog.seal(location, forged))).isEqualTo(Reason.Tampered);
    }

    @Test
    void copiesOnlySealsThatTheKeysOfTheTargetVerify() {
        byte[] own = TestPoints.seal(document(KEY.archiveKey("uid")), MASTER);
        assertThat(catalog.verifyCopy(location, store, KEY, own).key()).isEqualTo(KEY);

        byte[] tenants = TestPoints.seal(document(KEY.archiveKey("uid")), TENANTS);
        assertThat(refusal(() -> catalog.verifyCopy(location, store, KEY, tenants)))
                .isEqualTo(Reason.KeyMismatch);
    }

    @Test
    void copiesNoSealThatNamesObjectsOfAnotherPoint() {
        byte[] foreign =
                TestPoints.seal(document(PointKeys.of("east", "bank", "p").archiveKey("uid")), MASTER);
        assertThat(refusal(() -> catalog.verifyCopy(location, store, KEY, foreign)))
                .isEqualTo(Reason.Tampered);
    }

    private static Reason refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return catchThrowableOfType(BreakwaterException.class, call).reason();
    }

    private static PointDocument document(String object) {
        return PointDocument.builder(KEY, "uid")
                .repository(TestRegister.of(KEY).id())
                .capturedAt("2026-06-01T00:00:00Z")
                .volumes(List.of(new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", SNAPSHOT, 7, 7)))
                .archive(object, 1)
                .objects(List.of(new PointDocument.StoredObject(object, 1, SNAPSHOT)))
                .build();
    }
}
