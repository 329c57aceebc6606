package io.breakwater.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.breakwater.api.BackupLocationSpec.Immutability.Mode;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Locking;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.store.ObjectStore.Version;
import io.breakwater.store.ObjectStoreContract;
import io.breakwater.store.OldVersions;
import io.breakwater.store.OldVersions.Swept;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.TestSigner;
import java.io.IOException;
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
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectLockMode;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** A bucket with Object Lock: locks, and the contract with concurrent writers. */
@Tag("slow")
class S3LocksTest extends ObjectStoreContract {
    private static final Duration PERIOD = Duration.ofDays(30);
    private static final String PACK = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
    private static final byte[] CONTENT = new byte[] {1, 2, 3};

    private static LockingS3Server server;
    private S3 spec;
    private S3Store store;
    private S3Store plain;

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
        store = open(Mode.Compliance, PERIOD);
        plain = S3Store.open(server.bucket(false), LockingS3Server.ID, LockingS3Server.SECRET, null);
    }

    /**
     * Without versions. After an object was deleted, this server accepts a write that depends on an older version; Amazon refuses
     * it.
     */
    @Override
    public ObjectStore store() {
        return plain;
    }

    private S3Store open(Mode mode, Duration period) {
        return S3Store.open(
                spec, LockingS3Server.ID, LockingS3Server.SECRET, new ObjectLock(mode, period, Clock.systemUTC()));
    }

    @Test
    void locksObjectsOfPointsForThePeriod() throws IOException {
        List<String> keys = List.of(
                PACK,
                TestRegister.of("east", "shop").prefix() + "config",
                TestRegister.of("east", "shop").prefix() + "snapshots/ef01",
                "breakwater/points/east/shop/p/point.json",
                "velero/backups/east-shop-p/east-shop-p.tar.gz");
        keys.forEach(key -> store.write(key, CONTENT, Precondition.NONE));
        String large = "velero/backups/east-shop-q/east-shop-q.tar.gz";
        try (Upload upload = store.upload(large, Precondition.NONE)) {
            upload.write(new byte[6 << 20]);
            assertThat(upload.commit()).isPresent();
        }

        for (String key : List.of(PACK, keys.get(1), keys.get(2), keys.get(3), keys.get(4), large)) {
            HeadObjectResponse head = head(key);
            assertThat(head.objectLockMode()).as(key).isEqualTo(ObjectLockMode.COMPLIANCE);
            assertThat(head.objectLockRetainUntilDate())
                    .as(key)
                    .isBetween(
                            Instant.now().plus(PERIOD).minusSeconds(120),
                            Instant.now().plus(PERIOD).plusSeconds(120));
            assertRefused(key, head.versionId());
        }
    }

    @Test
    void locksNoMutableObjects() {
        for (String key : List.of(
                TestRegister.of("east", "shop").prefix() + "locks/ab",
                "breakwater/plans/shop/shop/lease.json",
                "breakwater/sites/east.json",
                "breakwater/readers/east/shop/x.json",
                "breakwater/begun/east/shop/p.json",
                "breakwater/tombstones/east/shop/" + PACK,
                "breakwater/location.json")) {
            store.write(key, CONTENT, Precondition.NONE);
            assertThat(head(key).objectLockRetainUntilDate()).as(key).isNull();
        }
    }

    @Test
    void extendsShortLocksAndShortensNone() {
        open(Mode.Governance, Duration.ofHours(1)).write(PACK, CONTENT, Precondition.NONE);
        Duration least = PERIOD.dividedBy(4).multipliedBy(3);

        assertThat(store.relock(PACK, least)).isTrue();
        Instant until = head(PACK).objectLockRetainUntilDate();
        assertThat(until).isAfter(Instant.now().plus(PERIOD).minusSeconds(120));
        assertThat(head(PACK).objectLockMode()).as("as before").isEqualTo(ObjectLockMode.GOVERNANCE);
        assertThat(store.relock(PACK, least)).as("it lasts long enough").isFalse();

        assertThat(open(Mode.Governance, Duration.ofDays(1)).relock(PACK, Duration.ofHours(18)))
                .isFalse();
        assertThat(head(PACK).objectLockRetainUntilDate()).isEqualTo(until);
        assertThat(store.relock(TestRegister.of("east", "shop").prefix() + "data/no", least))
                .isFalse();
    }

    @Test
    void deletesVersionsAfterTheirLockExpires() {
        S3Store brief = open(Mode.Governance, Duration.ofSeconds(8));
        brief.write(PACK, CONTENT, Precondition.NONE);
        SoftDeleteStore grace = TestRegister.visible(TestSigner.keyed(brief), "east", "shop");
        grace.delete(PACK);
        Instant later = Instant.now().plusSeconds(60);
        assertThat(TestRegister.deleted(TestSigner.keyed(brief), "east")
                        .sweep(Duration.ZERO, later, false)
                        .objects())
                .isEqualTo(1);
        assertThat(brief.read(PACK)).as("it is hidden").isEmpty();

        Swept early = sweep(brief, Duration.ZERO, later);
        assertThat(early.waiting()).as("locked").isEqualTo(1);
        assertThat(early.waitingBytes()).isEqualTo(CONTENT.length);
        assertThat(brief.read(PACK)).as("it stays hidden").isEmpty();

        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    Swept swept = sweep(brief, Duration.ZERO, later);
                    return swept.waiting() == 0;
                });
        assertThat(versions()).isEmpty();
        assertThat(brief.read(PACK)).isEmpty();
    }

    @Test
    void deletesAllButTheNewestVersion() {
        store.write("breakwater/sites/east.json", CONTENT, Precondition.NONE);
        store.write("breakwater/sites/east.json", CONTENT, Precondition.NONE);
        store.write("breakwater/sites/east.json", new byte[] {4}, Precondition.NONE);
        Instant later = Instant.now().plusSeconds(60);

        assertThat(sweep(store, Duration.ofHours(1), later).removed())
                .as("within the grace period")
                .isZero();
        assertThat(sweep(store, Duration.ZERO, later)).isEqualTo(new Swept(2, 2L * CONTENT.length, 0, 0));
        assertThat(store.read("breakwater/sites/east.json").orElseThrow().content())
                .containsExactly(4);
        assertThat(versions()).hasSize(1);
    }

    @Test
    void readsAnObjectWrittenOverALockedOne() {
        store.write(PACK, CONTENT, Precondition.NONE);
        store.write(PACK, new byte[] {9}, Precondition.NONE);

        assertThat(store.read(PACK).orElseThrow().content()).containsExactly(9);
        assertThat(sweep(store, Duration.ZERO, Instant.now().plusSeconds(60)).waiting())
                .as("the first one stays")
                .isEqualTo(1);
    }

    /** Any holder of the credentials may overwrite it. Breakwater must not delete the good version then. */
    @Test
    void preservesOverwrittenVersionsAfterTheirLockExpires() {
        S3Store brief = open(Mode.Governance, Duration.ofSeconds(1));
        brief.write(PACK, CONTENT, Precondition.NONE);
        brief.write(PACK, new byte[] {9}, Precondition.NONE);
        Instant over = head(PACK).objectLockRetainUntilDate().plusSeconds(1);
        await().atMost(Duration.ofSeconds(60)).until(() -> Instant.now().isAfter(over));

        assertThat(sweep(brief, Duration.ZERO, over.plusSeconds(60))).isEqualTo(new Swept(0, 0, 1, CONTENT.length));
        assertThat(versions()).hasSize(2);
    }

    @Test
    void detectsAndProbesObjectLockSupport() {
        assertThat(store.locking()).isEqualTo(new Locking(true, true));
        assertThat(store.enforcesLocks("breakwater/probe/east-locked")).isTrue();
        assertThat(store.enforcesLocks("breakwater/probe/east-locked")).isTrue();
        assertThat(versions()).as("the first one is used again").hasSize(1);

        spec = server.bucket(false);
        S3Store without = open(Mode.Governance, PERIOD);
        assertThat(without.locking().objectLock()).isFalse();
        assertThat(without.enforcesLocks("breakwater/probe/east-locked")).isFalse();
    }

    private Swept sweep(S3Store of, Duration grace, Instant now) {
        return OldVersions.sweep(of, List.of("breakwater/repos/", "breakwater/sites/"), grace, PERIOD, now);
    }

    private List<Version> versions() {
        List<Version> found = new ArrayList<>();
        try (S3Client client = server.client(spec)) {
            client.listObjectVersions(r -> r.bucket(spec.bucket)).versions().stream()
                    .filter(v -> !v.key().contains("/tombstones/"))
                    .forEach(v ->
                            found.add(new Version(v.key(), v.versionId(), v.size(), v.lastModified(), false, false)));
            client.listObjectVersions(r -> r.bucket(spec.bucket)).deleteMarkers().stream()
                    .filter(v -> !v.key().contains("/tombstones/"))
                    .forEach(v -> found.add(new Version(v.key(), v.versionId(), 0, v.lastModified(), true, false)));
        }
        return found;
    }

    private HeadObjectResponse head(String key) {
        return store.facts(key).orElseThrow();
    }

    private void assertRefused(String key, String version) {
        try (S3Client client = server.client(spec)) {
            assertThatThrownBy(() -> client.deleteObject(
                            r -> r.bucket(spec.bucket).key(store.full(key)).versionId(version)))
                    .as(key)
                    .isInstanceOfSatisfying(
                            S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(403));
        }
    }
}
