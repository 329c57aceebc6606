package io.breakwater.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.breakwater.api.BackupLocationSpec.Immutability.Mode;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletedPoint;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OldVersions;
import io.breakwater.store.OldVersions.Swept;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestSigner;
import io.breakwater.store.Tombstone;
import io.breakwater.store.endpoint.EndpointRules;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * An attacker with the store's credentials but no master key: the objects that the attacker deletes are restored, and Breakwater
 * deletes nothing for the attacker. In a bucket with Object Lock of a real S3 server.
 */
@Tag("slow")
class S3DeletionSignerTest {
    private static final Duration PERIOD = Duration.ofDays(30);
    private static final Duration LEAST = Duration.ofDays(22);
    private static final String PACK = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
    private static final String ARCHIVE = "velero/backups/east-shop-p/east-shop-p.tar.gz";
    private static final String SEAL = "breakwater/points/east/shop/cluster-of-east/uid-of-shop/p/point.json";
    private static final String TOMBSTONE = TestRegister.tombstone("east", "shop", PACK);
    private static final byte[] CONTENT = new byte[] {1, 2, 3};
    private static final byte[] OLD = new byte[32];
    private static final byte[] NEW = filled((byte) 1);
    private static final byte[] STRANGE = filled((byte) 2);

    private static LockingS3Server server;
    private final Instant later = Instant.now().plusSeconds(3600);
    private S3 spec;
    private S3Store store;

    @BeforeAll
    static void start(@TempDir Path directory) {
        assumeTrue(LockingS3Server.program().isPresent(), "BREAKWATER_VERSITYGW is not set: run dev/test");
        server = LockingS3Server.start(directory);
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void open() {
        spec = server.bucket(true);
        store = open(PERIOD, OLD);
    }

    @Test
    void restoresAndRelocksObjectsDeletedByOthers() {
        S3Store brief = open(Duration.ofSeconds(5), OLD);
        for (String key : List.of(PACK, ARCHIVE, SEAL)) {
            brief.write(key, CONTENT, Precondition.NONE);
            remove(key);
            remove(key); // again: two markers, one above the other
            assertThat(store.read(key)).isEmpty();
        }

        Swept swept = sweep(store);

        assertThat(swept.restored()).containsExactlyInAnyOrder(PACK, ARCHIVE, SEAL);
        assertThat(swept.removed()).isZero();
        for (String key : List.of(PACK, ARCHIVE, SEAL)) {
            assertThat(store.read(key).orElseThrow().content()).as(key).isEqualTo(CONTENT);
            assertThat(store.facts(key).orElseThrow().objectLockRetainUntilDate())
                    .as(key)
                    .isAfter(Instant.now().plus(PERIOD).minusSeconds(120));
        }
        assertThat(sweep(store).restored()).isEmpty();
    }

    @Test
    void restoresUnlockedObjectsDeletedByOthers() {
        String wrapped = StoreLayout.wrappedKey("0123456789abcdef", "fedcba9876543210");
        for (String key : List.of(StoreLayout.location(), wrapped)) {
            store.write(key, CONTENT, Precondition.NONE);
            remove(key);
        }

        assertThat(OldVersions.restore(store, StoreLayout.location())).isTrue();
        Swept swept = OldVersions.sweep(store, StoreLayout.prefixesFor("east"), Duration.ZERO, LEAST, later);

        assertThat(swept.restored()).containsExactly(wrapped);
        for (String key : List.of(StoreLayout.location(), wrapped)) {
            assertThat(store.read(key).orElseThrow().content()).as(key).isEqualTo(CONTENT);
            assertThat(store.facts(key).orElseThrow().objectLockRetainUntilDate())
                    .as(key)
                    .isNull();
        }
    }

    @Test
    void deletesOlderVersionsOfKeyReportsAndRekeyNotes() {
        List<String> keys = List.of(
                StoreLayout.keyRing("east"),
                StoreLayout.pruneRecord(TestRegister.of("east", "shop").id()),
                StoreLayout.rekeyNote(TestRegister.of("east", "shop").id()));
        for (String key : keys) {
            store.write(key, new byte[] {4}, Precondition.NONE);
            store.write(key, CONTENT, Precondition.NONE);
        }

        List<String> prefixes = new ArrayList<>(StoreLayout.prefixesFor("east"));
        prefixes.addAll(StoreLayout.prefixesForRepository(
                TestRegister.of("east", "shop").id()));
        assertThat(OldVersions.sweep(store, prefixes, Duration.ZERO, LEAST, later))
                .isEqualTo(new Swept(keys.size(), keys.size(), 0, 0));
        keys.forEach(key -> assertThat(versions(key)).as(key).isEqualTo(1));
    }

    /** Earlier versions of Breakwater deleted such an object permanently when its lock had expired. */
    @Test
    void preservesObjectsDeletedByOthersAfterLockExpiry() {
        S3Store brief = open(Duration.ofSeconds(1), OLD);
        brief.write(PACK, CONTENT, Precondition.NONE);
        Instant over =
                store.facts(PACK).orElseThrow().objectLockRetainUntilDate().plusSeconds(1);
        remove(PACK);
        await().atMost(Duration.ofSeconds(60)).until(() -> Instant.now().isAfter(over));

        assertThat(sweep(store).removed()).isZero();
        assertThat(store.read(PACK)).isPresent();
    }

    @Test
    void deletesAllVersionsAndTheNoteOfOwnDeletions() {
        S3Store brief = open(Duration.ofSeconds(6), OLD);
        brief.write(ARCHIVE, CONTENT, Precondition.NONE);
        brief.write(ARCHIVE, new byte[] {4}, Precondition.NONE); // a capture that was repeated
        SoftDeleteStore grace = TestRegister.visible(TestSigner.keyed(brief), "east", "shop")
                .withArchives(List.of(ARCHIVE.substring(0, ARCHIVE.lastIndexOf('/') + 1)));
        grace.delete(ARCHIVE);
        assertThat(TestRegister.deleted(TestSigner.keyed(brief), "east").sweep(Duration.ZERO, later, false))
                .isEqualTo(new DeletedObjects.Swept(1, 1, 0));
        assertThat(keys(StoreLayout.deletionNotes())).hasSize(1);

        assertThat(sweep(brief)).isEqualTo(new Swept(0, 0, 2, 4));
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    Swept swept = sweep(brief);
                    assertThat(swept.restored()).isEmpty();
                    return swept.waiting() == 0;
                });
        assertThat(versions(ARCHIVE)).isZero();
        assertThat(keys(StoreLayout.deletionNotes())).isEmpty();
    }

    @Test
    void restoresNoSealThatBreakwaterRemoved() {
        store.write(SEAL, CONTENT, Precondition.NONE);
        TestRegister.visible(TestSigner.keyed(store), "east", "shop")
                .deletePoint(store.read(SEAL).orElseThrow(), new DeletedPoint(null, null, null, 0));

        assertThat(sweep(store).restored()).isEmpty();
        assertThat(store.read(SEAL)).isEmpty();
        assertThat(DeletedObjects.contentOf(
                        TestSigner.keyed(store), DeletionScope.points(TestRegister.namespace("east", "shop")), SEAL))
                .contains(CONTENT);
    }

    /** The note is about the first version; the second one was written after it. */
    @Test
    void appliesADeletionNoteToOneVersionOnly() {
        store.write(PACK, CONTENT, Precondition.NONE);
        removals(OLD).recordRemoval(store, PACK);
        store.write(PACK, CONTENT, Precondition.NONE); // the same content
        remove(PACK);

        assertThat(sweep(store).restored()).containsExactly(PACK);
    }

    @Test
    void ignoresTombstonesWithoutAValidSignature() {
        for (Tombstone.State state : List.of(Tombstone.State.Dead, Tombstone.State.Sweeping)) {
            for (int i = 0; i < 4; i++) {
                String pack = TestRegister.of("east", "shop").prefix() + "data/" + state
                        + i; // this server refuses a second write of the key
                store.write(pack, CONTENT, Precondition.NONE);
                ObjectInfo there = store.head(pack).orElseThrow().info();
                Tombstone.Proof proof = new Tombstone.Proof[] {
                            null,
                            removals(STRANGE).sign(there),
                            new Tombstone.Proof(TestKeys.id(OLD), Tombstone.Version.of(there), "00"),
                            removals(OLD).sign(new ObjectInfo(pack + "x", 3, there.etag(), there.lastModified()))
                        }
                        [i];
                String at = TestRegister.tombstone("east", "shop", pack);
                store.write(
                        at,
                        new Tombstone(1, pack, 3, state, null, null, proof).signed(TestSigner.keyed(store), at),
                        Precondition.NONE);
                assertThat(listed()).as("objects whose locks are extended").contains(pack);
                assertThat(TestRegister.deleted(TestSigner.keyed(store), "east").sweep(Duration.ZERO, later, true))
                        .as("%s %s", state, proof)
                        .isEqualTo(new DeletedObjects.Swept(0, 0, 0, 1));
                assertThat(store.read(pack)).isPresent();
            }
        }
    }

    @Test
    void deletesDespiteAForgedTombstone() {
        store.write(PACK, CONTENT, Precondition.NONE);
        store.write(
                TOMBSTONE,
                new Tombstone(1, PACK, 3, Tombstone.State.Dead, null, null, null)
                        .signed(TestSigner.keyed(store), TOMBSTONE),
                Precondition.NONE);
        removeByTombstone();
        assertThat(store.read(PACK)).isEmpty();
        assertThat(sweep(store).restored()).isEmpty();
    }

    @Test
    void preservesObjectsOverwrittenAfterTheirDeletion() {
        store.write(PACK, CONTENT, Precondition.NONE);
        TestRegister.visible(TestSigner.keyed(store), "east", "shop").delete(PACK);
        try (S3Client client = server.client(spec)) {
            client.putObject(
                    r -> r.bucket(spec.bucket).key(store.full(PACK)), RequestBody.fromBytes("strange".getBytes(UTF_8)));
        }
        assertThat(TestRegister.deleted(TestSigner.keyed(store), "east")
                        .sweep(Duration.ZERO, later, false)
                        .objects())
                .isZero();
        assertThat(store.read(PACK)).isPresent();
    }

    @Test
    void acceptsDeletionsSignedWithAnOlderKey() {
        store.write(PACK, CONTENT, Precondition.NONE);
        TestRegister.visible(TestSigner.keyed(store), "east", "shop").delete(PACK);
        S3Store rotated = open(PERIOD, NEW, OLD);
        assertThat(TestRegister.deleted(TestSigner.keyed(rotated), "east")
                        .sweep(Duration.ZERO, later, false)
                        .objects())
                .isEqualTo(1);
        assertThat(sweep(rotated).restored()).isEmpty();
        assertThat(sweep(open(PERIOD, STRANGE)).restored())
                .as("an object of an unknown key stays")
                .containsExactly(PACK);
    }

    /** Waits for another second than that of the write: the time of an older version is the one at which it became older. */
    private void removeByTombstone() {
        Instant written = store.head(PACK).orElseThrow().info().lastModified();
        await().atMost(Duration.ofSeconds(10)).until(() -> Instant.now().isAfter(written.plusSeconds(1)));
        TestRegister.visible(TestSigner.keyed(store), "east", "shop").delete(PACK);
        assertThat(TestRegister.deleted(TestSigner.keyed(store), "east")
                        .sweep(Duration.ZERO, later, false)
                        .objects())
                .isEqualTo(1);
    }

    private S3Store open(Duration period, byte[]... keys) {
        return S3Store.open(
                spec,
                LockingS3Server.ID,
                LockingS3Server.SECRET,
                new ObjectLock(Mode.Governance, period, Clock.systemUTC()),
                removals(keys),
                ListingLimits.DEFAULT,
                EndpointRules.trusting(spec.endpoint));
    }

    private static DeletionSigner removals(byte[]... keys) {
        KeyRing ring = TestKeys.ring(keys);
        return new DeletionSigner(() -> ring.signingKeys(ring.current()), Clock.systemUTC());
    }

    private Swept sweep(S3Store of) {
        return OldVersions.sweep(
                of, List.of("breakwater/repos/", "breakwater/points/", "velero/"), Duration.ZERO, LEAST, later);
    }

    private List<String> listed() {
        List<String> found = new ArrayList<>();
        TestRegister.visible(TestSigner.keyed(store), "east", "shop")
                .listWithoutValidTombstone(TestRegister.SHOP + "data/", o -> found.add(o.key()));
        return found;
    }

    private List<String> keys(String prefix) {
        List<String> found = new ArrayList<>();
        store.list(prefix, o -> found.add(o.key()));
        return found;
    }

    private int versions(String key) {
        try (S3Client client = server.client(spec)) {
            var found = client.listObjectVersions(r -> r.bucket(spec.bucket).prefix(store.full(key)));
            return found.versions().size() + found.deleteMarkers().size();
        }
    }

    /** Deletes an object without Breakwater. */
    private void remove(String key) {
        try (S3Client client = server.client(spec)) {
            client.deleteObject(r -> r.bucket(spec.bucket).key(store.full(key)));
        }
    }

    private static byte[] filled(byte b) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, b);
        return key;
    }
}
