package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.DeletedObjects.Swept;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.store.Tombstone.State;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Deletions that take effect after a grace period, in a directory. */
class DeletedObjectsTest {
    private static final String PACK = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
    private static final String TOMBSTONE = TestRegister.tombstone("east", "shop", PACK);
    private static final String SEAL = StoreLayout.seal(TestRegister.namespace("east", "shop"), "p");
    private static final String VOUCHER = SEAL.replace("point.json", "point.0123456789abcdef.json");
    private static final String ARCHIVE =
            StoreLayout.archive(TestRegister.namespace("east", "shop"), "p", "uid") + "resources.enc";
    private static final String SECOND_ARCHIVE = ARCHIVE.replace("/uid/", "/second/");
    private static final String SNAPSHOT = TestRegister.SHOP + "snapshots/" + "ab".repeat(32);
    private static final DeletedPoint POINT =
            new DeletedPoint(List.of(directory(ARCHIVE)), TestRegister.SHOP_ID, List.of("ab".repeat(32)), 7);
    private static final Duration NONE = Duration.ZERO;
    private static final Duration LONG = Duration.ofHours(1);

    @TempDir
    Path directory;

    private ObjectStore disk;
    private SoftDeleteStore store;
    private DeletedObjects deleted;

    @BeforeEach
    void fill() {
        disk = TestSigner.keyed(new FilesystemStore(directory, Clock.systemUTC()));
        store = TestRegister.visible(disk, "east", "shop");
        deleted = TestRegister.deleted(disk, "east");
        store.write(PACK, bytes("content"), Precondition.ABSENT);
    }

    @Test
    void hidesDeletedObjectsFromListingsButReadsThem() {
        store.delete(PACK);

        assertThat(listed()).isEmpty();
        assertThat(store.read(PACK)).isPresent();
        assertThat(store.head(PACK)).isPresent();
    }

    @Test
    void freesBytesOnlyAfterTheGracePeriod() {
        store.delete(PACK);

        assertThat(sweep(LONG)).isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 0));
        assertThat(directory.resolve(PACK)).doesNotExist();
        assertThat(directory.resolve(TOMBSTONE)).doesNotExist();
    }

    @Test
    void revivesADeletedObjectOnWrite() throws IOException {
        store.delete(PACK);
        try (Upload upload = store.upload(PACK, Precondition.ABSENT)) {
            upload.write(bytes("content"));
            assertThat(upload.commit()).as("it already exists").isEmpty();
        }

        assertThat(listed()).containsExactly(PACK);
        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 0));
        assertThat(directory.resolve(PACK)).exists();
    }

    @Test
    void aRevivedObjectCanBeDeletedAgain() {
        store.delete(PACK);
        mark(State.Revived);
        store.delete(PACK);

        assertThat(sweep(NONE).objects()).isEqualTo(1);
    }

    @Test
    void preservesObjectsOfEarlierReaders() {
        ReadLease.acquire(
                disk, TestRegister.of("east", "shop").id(), Instant.now().plus(LONG));
        store.delete(PACK);

        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
    }

    @Test
    void ignoresForeignAndExpiredReaders() {
        ReadLease.acquire(
                disk, TestRegister.of("east", "shop").id(), Instant.now().minusSeconds(1));
        ReadLease.acquire(
                disk, TestRegister.of("east", "other").id(), Instant.now().plus(LONG));
        ReadLease.acquire(
                disk, TestRegister.of("west", "shop").id(), Instant.now().plus(LONG));
        store.delete(PACK);

        assertThat(sweep(NONE).objects()).isEqualTo(1);
    }

    @Test
    void ignoresLaterReaders() throws Exception {
        store.delete(PACK);
        // The times of files are compared, so the lease must be younger by more than their precision.
        Path tombstone = directory.resolve(TOMBSTONE);
        Files.setLastModifiedTime(
                tombstone, java.nio.file.attribute.FileTime.from(Instant.now().minusSeconds(5)));
        ReadLease.acquire(
                disk, TestRegister.of("east", "shop").id(), Instant.now().plus(LONG));

        assertThat(sweep(NONE).objects()).isEqualTo(1);
    }

    @Test
    void ignoresTombstonesOfOtherSites() {
        store.delete(PACK);

        assertThat(TestRegister.deleted(disk, "west").sweep(NONE, Instant.now().plusSeconds(1), true))
                .isEqualTo(new Swept(0, 0, 0));
        assertThat(directory.resolve(PACK)).exists();
    }

    @Test
    void finishesTheWorkOfAKilledSweep() {
        store.delete(PACK);
        mark(State.Sweeping);

        assertThat(sweep(LONG)).as("within the grace period").isEqualTo(new Swept(0, 0, 1));
        assertThat(deleted.sweep(LONG, Instant.now(), true)).isEqualTo(new Swept(1, 7, 0));
        assertThat(directory.resolve(PACK)).doesNotExist();
    }

    /** Two sites sweep a repository that namespaces of both own. */
    @Test
    void leavesAYoungClaimToTheSiteThatMadeIt() {
        store.delete(PACK);
        claim("west");

        assertThat(deleted.sweep(LONG, Instant.now(), true)).isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();

        age(TOMBSTONE, (int) DeletedObjects.ABANDONED.toSeconds() + 5);
        assertThat(deleted.sweep(LONG.multipliedBy(5), Instant.now(), true)).isEqualTo(new Swept(1, 7, 0));
    }

    @Test
    void freesARepositoryFromTheSiteOfEachOwner() {
        store.delete(PACK);
        DeletedObjects west = new DeletedObjects(
                disk,
                "west",
                Map.of(TestRegister.namespace("west", "shop"), TestRegister.SHOP_ID),
                TestRegister.LONGEST_READ);
        ReadLease.acquire(disk, TestRegister.SHOP_ID, Instant.now().minusSeconds(1));

        assertThat(west.sweep(NONE, Instant.now().plusMillis(50), false)).isEqualTo(new Swept(1, 7, 0));
        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 0));
    }

    private void claim(String site) {
        Document document = disk.read(TOMBSTONE).orElseThrow();
        Tombstone claimed = Tombstone.of(disk.documents().verify(document)).claimed(site);
        disk.write(TOMBSTONE, claimed.signed(disk, TOMBSTONE), Precondition.NONE);
    }

    @Test
    void refusesWritesDuringASweep() {
        store.delete(PACK);
        mark(State.Sweeping);

        assertThatThrownBy(() -> store.write(PACK, bytes("content"), Precondition.ABSENT))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue());
    }

    @Test
    void waitsForLockedObjectsAndAllowsTheirRevival() {
        ObjectStore locked = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("delete") && arguments[0].equals(PACK)) {
                        throw BreakwaterException.permanent(Reason.Locked, "until tomorrow");
                    }
                    return method.invoke(disk, arguments);
                });
        store.delete(PACK);

        assertThat(TestRegister.deleted(locked, "east")
                        .sweep(NONE, Instant.now().plusMillis(50), false))
                .isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
        assertThat(listed()).as("it stays hidden").isEmpty();
        store.write(PACK, bytes("content"), Precondition.ABSENT);
        assertThat(listed()).containsExactly(PACK);
    }

    @Test
    void ignoresTombstonesOfOlderVersions() {
        List<ObjectInfo> listed = new ArrayList<>();
        disk.list(PACK, listed::add);
        disk.write(PACK, bytes("content"), Precondition.NONE); // by a writer that saw no tombstone yet
        age(PACK, 5);
        store.delete(listed.getFirst());

        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 0));
        assertThat(directory.resolve(PACK)).exists();
        assertThat(listed()).containsExactly(PACK);
    }

    @Test
    void deletesTheVersionOfATombstone() {
        List<ObjectInfo> listed = new ArrayList<>();
        disk.list(PACK, listed::add);
        store.delete(listed.getFirst());

        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 0));
        assertThat(directory.resolve(PACK)).doesNotExist();
    }

    @Test
    void replacesATombstoneOfAnOlderVersion() {
        List<ObjectInfo> listed = new ArrayList<>();
        disk.list(PACK, listed::add);
        disk.write(PACK, bytes("content"), Precondition.NONE);
        age(PACK, 5);
        store.delete(listed.getFirst());
        store.delete(PACK);

        assertThat(sweep(NONE).objects()).isEqualTo(1);
    }

    private void age(String key, int seconds) {
        try {
            Files.setLastModifiedTime(
                    directory.resolve(key),
                    java.nio.file.attribute.FileTime.from(Instant.now().minusSeconds(seconds)));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void deletesLocksImmediately() {
        String lock = TestRegister.of("east", "shop").prefix() + "locks/ef01";
        store.write(lock, bytes("lock"), Precondition.ABSENT);
        store.delete(lock);

        assertThat(directory.resolve(lock)).doesNotExist();
    }

    @Test
    void removesAnObjectButRetainsItsContentUntilTheSweep() {
        store.deletePoint(disk.read(PACK).orElseThrow(), new DeletedPoint(null, null, null, 0));

        assertThat(store.read(PACK)).isEmpty();
        assertThat(DeletedObjects.contentOf(
                        disk, TestRegister.of("east", "shop").deletions(), PACK))
                .hasValueSatisfying(c -> assertThat(c).isEqualTo(bytes("content")));
        assertThat(sweep(NONE).objects()).isEqualTo(1);
        assertThat(DeletedObjects.contentOf(
                        disk, TestRegister.of("east", "shop").deletions(), PACK))
                .isEmpty();
    }

    /** One tombstone deletes the whole point: its snapshot gets one of its own, and its archive goes with the seal. */
    @Test
    void deletesTheArchiveOfADeletedPointAndHidesItsSnapshot() {
        fillPoint();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);

        assertThat(disk.read(SEAL)).isEmpty();
        assertThat(sweep(LONG).objects()).isZero();
        assertThat(disk.head(ARCHIVE)).isPresent();
        assertThat(sweep(NONE).objects()).as("seal, voucher and archive").isEqualTo(3);
        assertThat(disk.head(ARCHIVE)).isEmpty();
        assertThat(disk.directories("breakwater/points/")).isEmpty();
        assertThat(disk.head(SNAPSHOT)).as("its grace period starts now").isPresent();
        List<String> visible = new ArrayList<>();
        store.list(TestRegister.SHOP + "snapshots/", o -> visible.add(o.key()));
        assertThat(visible).isEmpty();
        assertThat(sweep(NONE).objects()).isEqualTo(1);
        assertThat(disk.head(SNAPSHOT)).isEmpty();
    }

    /** The other site may use the snapshot, and this one must not decide alone. */
    @Test
    void hidesNoSnapshotsWhereAnotherSiteIsAnOwnerToo() {
        fillPoint();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);

        sweep(false, false);

        assertThat(disk.head(ARCHIVE)).isEmpty();
        assertThat(disk.head(TestRegister.tombstone("east", "shop", SNAPSHOT))).isEmpty();
    }

    /** The tombstone is the proof that a prune is due. A new process has nothing else. */
    @Test
    void retainsHiddenSnapshotsUntilAPrune() {
        fillPoint();
        store.delete(SNAPSHOT);

        sweep(true, true);
        assertThat(disk.head(SNAPSHOT)).isPresent();
        assertThat(disk.head(TestRegister.tombstone("east", "shop", SNAPSHOT))).isPresent();

        sweep(true, false);
        assertThat(disk.head(SNAPSHOT)).isEmpty();
    }

    private void sweep(boolean alone, boolean waiting) {
        OwnedRepository shop = TestRegister.of("east", "shop");
        new DeletedObjects(
                        disk,
                        "east",
                        Map.of(shop.source(), shop.id()),
                        TestRegister.LONGEST_READ,
                        id -> alone,
                        tombstone -> waiting)
                .sweep(NONE, Instant.now().plusSeconds(1), false);
    }

    /** Otherwise a prune would see the snapshot, and its data would stay. */
    @Test
    void replacesAnObjectInThePlaceOfTheTombstoneOfASnapshot() {
        fillPoint();
        String at = TestRegister.tombstone("east", "shop", SNAPSHOT);
        disk.write(at, bytes("{}"), Precondition.ABSENT);

        POINT.hideSnapshots(disk);

        assertThat(Tombstone.readIfValid(disk, at)).isPresent();
        List<String> visible = new ArrayList<>();
        store.list(TestRegister.SHOP + "snapshots/", o -> visible.add(o.key()));
        assertThat(visible).isEmpty();
    }

    @Test
    void deletesNothingOfAPointWhoseDeletionWasUndone() {
        fillPoint();
        byte[] seal = disk.read(SEAL).orElseThrow().content();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);
        disk.write(SEAL, seal, Precondition.ABSENT);

        sweep(NONE);

        assertThat(disk.head(ARCHIVE)).isPresent();
        assertThat(disk.head(VOUCHER)).isPresent();
        assertThat(disk.head(TestRegister.tombstone("east", "shop", SNAPSHOT))).isEmpty();
    }

    /** What vouches for its seal stays, and the archive of the first one does not. */
    @Test
    void deletesBothOfTwoPointsOfOneName() {
        fillPoint();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);
        disk.write(SEAL, bytes("second"), Precondition.ABSENT);
        disk.write(SECOND_ARCHIVE, bytes("content"), Precondition.ABSENT);
        store.deletePoint(
                disk.read(SEAL).orElseThrow(), new DeletedPoint(List.of(directory(SECOND_ARCHIVE)), null, null, 0));

        assertThat(disk.head(TestRegister.tombstone("east", "shop", SNAPSHOT)))
                .as("the second tombstone replaces the first one")
                .isPresent();
        sweep(NONE);
        sweep(NONE);
        for (String key : List.of(ARCHIVE, SECOND_ARCHIVE, SNAPSHOT)) {
            assertThat(disk.head(key)).as(key).isEmpty();
        }
    }

    @Test
    void preservesASecondPointOfTheSameName() {
        fillPoint();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);
        disk.write(SEAL, bytes("second"), Precondition.ABSENT);

        sweep(NONE);

        assertThat(disk.head(SEAL)).isPresent();
        assertThat(disk.head(VOUCHER)).isPresent();
        assertThat(disk.head(ARCHIVE)).isEmpty();
    }

    /** A tombstone names directories of its own namespace only, and snapshots of repositories that the site owns. */
    @Test
    void deletesNothingElseThatATombstoneNames() {
        fillPoint();
        String other = StoreLayout.archive(TestRegister.namespace("east", "bank"), "p", "uid") + "resources.enc";
        disk.write(other, bytes("content"), Precondition.ABSENT);
        store.deletePoint(
                disk.read(SEAL).orElseThrow(),
                new DeletedPoint(
                        List.of(directory(other), "breakwater/repos/", ""),
                        TestRegister.of("east", "bank").id(),
                        List.of("../../points", "ab".repeat(32)),
                        0));

        sweep(NONE);

        assertThat(disk.head(other)).isPresent();
        assertThat(disk.head(PACK)).isPresent();
        assertThat(disk.directories("breakwater/tombstones/repos/")).isEmpty();
    }

    /** An undelete changes the tombstone first, so a sweep that read it before cannot claim it. */
    @Test
    void startsTheGracePeriodAgainForAnUndelete() {
        fillPoint();
        store.deletePoint(disk.read(SEAL).orElseThrow(), POINT);
        DeletionScope scope = DeletionScope.points(TestRegister.namespace("east", "shop"));
        age(scope.tombstone(SEAL), 7200);

        assertThat(DeletedObjects.renew(disk, scope, SEAL))
                .hasValueSatisfying(c -> assertThat(c).isEqualTo(bytes("seal")));
        assertThat(sweep(LONG).objects()).isZero();
        assertThat(disk.head(ARCHIVE)).isPresent();
        assertThat(DeletedPoint.read(
                        disk, disk.head(scope.tombstone(SEAL)).orElseThrow().info()))
                .contains(POINT);
    }

    private void fillPoint() {
        disk.write(SEAL, bytes("seal"), Precondition.ABSENT);
        disk.write(VOUCHER, bytes("voucher"), Precondition.ABSENT);
        disk.write(ARCHIVE, bytes("content"), Precondition.ABSENT);
        disk.write(SNAPSHOT, bytes("content"), Precondition.ABSENT);
    }

    private static String directory(String key) {
        return key.substring(0, key.lastIndexOf('/') + 1);
    }

    /** What someone else may write in the place of a tombstone. */
    private static Stream<byte[]> junk() {
        return Stream.of(
                new byte[Tombstone.MAX_BYTES + 1],
                bytes("{"),
                bytes("null"),
                bytes("{}"),
                bytes("[".repeat(100_000)),
                bytes("{\"schemaVersion\":1,\"key\":\"x\",\"state\":\"Gone\"}"));
    }

    @ParameterizedTest
    @MethodSource("junk")
    void skipsWhatIsNotATombstoneAndFreesTheOthers(byte[] junk) {
        String other = TOMBSTONE + "0";
        disk.write(other, junk, Precondition.NONE);
        store.delete(PACK);

        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 1, 0, 1));
        assertThat(directory.resolve(PACK)).doesNotExist();
        assertThat(directory.resolve(other)).exists();
    }

    @ParameterizedTest
    @MethodSource("junk")
    void replacesWhatIsNotATombstone(byte[] junk) {
        disk.write(TOMBSTONE, junk, Precondition.NONE);
        store.write(PACK, bytes("content"), Precondition.NONE);
        assertThat(listed()).containsExactly(PACK);

        disk.write(TOMBSTONE, junk, Precondition.NONE);
        store.delete(PACK);
        assertThat(sweep(NONE).objects()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("junk")
    void listsObjectsBelowWhatIsNotATombstoneWhereDeletionsAreSigned(byte[] junk) {
        KeyRing ring = TestKeys.ring(new byte[32]);
        DeletionSigner signer = new DeletionSigner(() -> ring.signingKeys(ring.current()), Clock.systemUTC());
        ObjectStore signed = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) ->
                        method.getName().equals("removals") ? Optional.of(signer) : invoke(method, arguments));
        disk.write(TOMBSTONE, junk, Precondition.NONE);
        List<String> found = new ArrayList<>();

        TestRegister.visible(signed, "east", "shop").listWithoutValidTombstone(PACK, o -> found.add(o.key()));

        assertThat(found).containsExactly(PACK);
    }

    private Object invoke(Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(disk, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Test
    void freesTheOldestFirstWhenThereAreMoreThanFitIntoMemory() {
        MemoryStore memory = new MemoryStore();
        SoftDeleteStore visible = TestRegister.visible(memory, "east", "shop");
        for (int i = 0; i < 5; i++) {
            visible.write(PACK + i, bytes("content"), Precondition.ABSENT);
            visible.delete(PACK + i);
        }
        memory.limits = new ListingLimits(100, 2, Duration.ofMinutes(1));
        DeletedObjects few = TestRegister.deleted(memory, "east");

        assertThat(few.sweep(NONE, Instant.now(), false)).isEqualTo(new Swept(2, 14, 3));
        assertThat(few.sweep(NONE, Instant.now(), false)).isEqualTo(new Swept(2, 14, 1));
        assertThat(few.sweep(NONE, Instant.now(), false)).isEqualTo(new Swept(1, 7, 0));
    }

    @Test
    void preservesObjectsOfAReaderWhoseLeaseIsTooLarge() {
        String lease = StoreLayout.readLease(TestRegister.of("east", "shop").id(), "large");
        disk.write(lease, new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);
        store.delete(PACK);

        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
        assertThat(directory.resolve(lease)).exists();
    }

    /** A location without locks has no other protection against tombstones of someone who can write to it. */
    @Test
    void aTombstoneWithoutASignatureDeletesNothing() {
        disk.write(TOMBSTONE, new Tombstone(1, PACK, 7, State.Dead, null, null, null).bytes(), Precondition.NONE);

        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 1, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
    }

    @Test
    void aTombstoneInThePlaceOfAnotherOneDeletesNothing() {
        store.write(PACK + "0", bytes("content"), Precondition.ABSENT);
        store.delete(PACK + "0");
        disk.write(TOMBSTONE, disk.read(TOMBSTONE + "0").orElseThrow().content(), Precondition.NONE);

        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 1, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
    }

    @Test
    void preservesObjectsOfAReaderWhoseLeaseWasAltered() {
        ReadLease.acquire(disk, TestRegister.SHOP_ID, Instant.now().plus(LONG));
        String lease =
                disk.gather(StoreLayout.readLeases(), Optional::of).getFirst().key();
        disk.write(lease, bytes("{\"schemaVersion\":1,\"until\":\"2020-01-01T00:00:00Z\"}"), Precondition.NONE);
        store.delete(PACK);

        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 1));
        assertThat(directory.resolve(PACK)).exists();
    }

    /** The lease of a reader has no valid signature once the master key that signed it was removed. */
    @Test
    void freesDataAgainWhenAnUnverifiableLeaseMustHaveExpired() {
        ObjectStore before =
                new KeyedStore(new FilesystemStore(directory, Clock.systemUTC()), TestSigner.of("fedcba9876543210"));
        ReadLease.acquire(before, TestRegister.SHOP_ID, Instant.now().plus(LONG));
        String lease =
                disk.gather(StoreLayout.readLeases(), Optional::of).getFirst().key();
        store.delete(PACK);
        age(lease, (int) TestRegister.LONGEST_READ.minusMinutes(1).toSeconds());
        assertThat(sweep(NONE)).isEqualTo(new Swept(0, 0, 1));

        age(lease, (int) TestRegister.LONGEST_READ.toSeconds());

        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 0));
        assertThat(directory.resolve(lease)).doesNotExist();
    }

    @Test
    void skipsATombstoneThatIsTooLarge() {
        String large = TestRegister.tombstone(
                "east", "shop", TestRegister.of("east", "shop").prefix() + "data/aa/large");
        disk.write(large, new byte[Tombstone.MAX_BYTES + 1], Precondition.NONE);
        age(large, 5);
        store.delete(PACK);

        assertThat(sweep(NONE)).isEqualTo(new Swept(1, 7, 1, 0, 1));
        assertThat(directory.resolve(large)).exists();
    }

    @Test
    void deletesATombstoneThatIsTooLargeWhereDeletionsAreSigned() {
        VersionedStore signed = new VersionedStore(TestKeys.removals(new byte[32]));
        String large = TestRegister.tombstone(
                "east", "shop", TestRegister.of("east", "shop").prefix() + "data/aa/large");
        signed.write(large, new byte[Tombstone.MAX_BYTES + 1], Precondition.NONE);
        signed.write(PACK, bytes("content"), Precondition.NONE);
        TestRegister.visible(signed, "east", "shop").delete(PACK);
        DeletedObjects objects = TestRegister.deleted(signed, "east");

        assertThat(objects.sweep(LONG, signed.now(), true)).as("none is due").isEqualTo(new Swept(0, 0, 2, 0));
        assertThat(objects.sweep(NONE, signed.now(), false)).isEqualTo(new Swept(1, 7, 0, 1));
        assertThat(signed.head(PACK)).isEmpty();
    }

    /** The state after a kill at this point. */
    private void mark(State state) {
        Document document = disk.read(TOMBSTONE).orElseThrow();
        Tombstone marked = Tombstone.of(disk.documents().verify(document));
        disk.write(
                TOMBSTONE,
                (state == State.Sweeping ? marked.claimed("east") : marked.in(state)).signed(disk, TOMBSTONE),
                Precondition.NONE);
    }

    private Swept sweep(Duration grace) {
        return deleted.sweep(grace, Instant.now().plusMillis(50), false);
    }

    private List<String> listed() {
        List<String> keys = new ArrayList<>();
        store.list(TestRegister.of("east", "shop").prefix() + "data/", o -> keys.add(o.key()));
        return keys;
    }

    @Test
    void delaysDeletionsInTheRepositoryOfANamespaceNamedLocks() {
        String pack = TestRegister.of("east", "locks").prefix() + "data/ab/abcd";
        disk.write(pack, bytes("content"), Precondition.NONE);

        TestRegister.visible(disk, "east", "locks").delete(pack);

        assertThat(disk.read(pack)).isPresent();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
