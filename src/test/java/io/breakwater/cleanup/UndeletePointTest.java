package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.SealKeySurvey;
import io.breakwater.config.TestConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.mover.MoverJobs;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Undeletion of a point in a directory: within its grace period, and after it. */
class UndeletePointTest {
    private static final PointKey POINT = PointKeys.of("east", "shop", "p");
    private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);
    private static final String SHA = Digests.sha256Hex(CONTENT);
    private static final String ARCHIVE = POINT.archiveKey("uid");
    private static final String PACK = TestRegister.of(POINT).prefix() + "data/" + SHA.substring(0, 2) + "/" + SHA;
    private static final String SNAPSHOT = TestRegister.of(POINT).prefix() + "snapshots/" + SHA;

    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BackupLocation location = new BackupLocation();
    private Catalog catalog;
    private UndeletePoint undelete;
    private final PruneMovers movers = new PruneMovers();
    private ObjectStore disk;
    private SoftDeleteStore store;

    @BeforeEach
    void sealAndDelete() {
        location.getMetadata().setNamespace("breakwater-system");
        location.getMetadata().setName("disk");
        location.getMetadata().setUid("disk");
        location.getMetadata().setGeneration(1L);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = "disk";
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        cluster.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("breakwater-system")
                        .withName("breakwater-master-key")
                        .endMetadata()
                        .addToData(
                                "masterKey",
                                Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.US_ASCII)))
                        .build())
                .create();
        Stores stores = TestStores.of(
                cluster.client(), TestConfig.of(Map.of("breakwater.gateway.filesystem-root", directory.toString())));
        LocationKeys keys = TestKeys.of(cluster.client());
        catalog = new Catalog(stores, keys);
        undelete = undelete(stores);
        disk = stores.open(location);
        store = TestRegister.visible(disk, "east", "shop").withArchives(List.of(POINT.archivePrefix("uid")));
        for (String object : List.of(ARCHIVE, PACK, SNAPSHOT)) {
            store.write(object, CONTENT, Precondition.ABSENT);
        }
        catalog.seal(location, document());
        catalog.unseal(location, POINT);
        // The archive goes with the tombstone of the seal.
        for (String object : List.of(PACK, SNAPSHOT)) {
            store.delete(object);
        }
    }

    private UndeletePoint undelete(Stores stores) {
        return new UndeletePoint(stores, TestKeys.of(cluster.client()), movers, TestConfig.of(Map.of()));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void hidesDeletedPoints() {
        assertThat(catalog.list(location)).isEmpty();
        assertThat(catalog.find(location, POINT)).isEmpty();
    }

    @Test
    void undeletesAllObjectsOfAPointWithinItsGracePeriod() {
        undelete.undelete(location, POINT);

        PointDocument back = catalog.find(location, POINT).orElseThrow();
        catalog.verifyObjects(location, back);
        assertThat(sweep().objects()).as("nothing of it is swept later").isZero();
        catalog.verifyObjects(location, back);
        assertThat(disk.head(PACK)).isPresent();
    }

    @Test
    void refusesToUndeleteAfterTheGracePeriod() {
        assertThat(sweep().objects()).isEqualTo(4);

        assertThat(disk.head(PACK)).isEmpty();
        assertThat(disk.head(ARCHIVE)).isEmpty();
        assertThatThrownBy(() -> undelete.undelete(location, POINT)).hasMessageContaining("grace period is over");
    }

    @Test
    void refusesToUndeleteAnIncompletePoint() {
        disk.delete(ARCHIVE);

        assertThatThrownBy(() -> undelete.undelete(location, POINT)).hasMessageContaining(ARCHIVE);
        assertThat(catalog.find(location, POINT)).isEmpty();
    }

    @Test
    void undeletesTheObjectsOfAResealedPoint() {
        DeletedObjects.forget(disk, DeletionScope.points(POINT.source()), POINT.sealKey());
        catalog.seal(location, document());

        undelete.undelete(location, POINT);

        assertThat(sweep().objects()).as("nothing of it is swept later").isZero();
        catalog.verifyObjects(location, catalog.find(location, POINT).orElseThrow());
    }

    @Test
    void undeletesPointsOfARetiredKeyByTheirVoucher() {
        undelete.undelete(location, POINT);
        byte[] next = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8);
        give(TestKeys.data(next, new byte[32]));
        new SealKeySurvey(TestStores.always(disk), TestKeys.of(cluster.client()))
                .vouch(location, POINT, TestKeys.id(next));
        give(TestKeys.data(next));
        assertThat(catalog.find(location, POINT)).isPresent();

        catalog.unseal(location, POINT);
        assertThat(catalog.find(location, POINT)).isEmpty();
        undelete.undelete(location, POINT);

        assertThat(catalog.find(location, POINT)).isPresent();
        assertThat(sweep().objects()).as("nothing of it is swept later").isZero();
        assertThat(catalog.find(location, POINT)).isPresent();

        catalog.unseal(location, POINT);
        sweep();
        assertThat(disk.directories("breakwater/points/"))
                .as("the objects of the point")
                .isEmpty();
    }

    /** A round of the cleanup sees the tombstone and no seal, right before the seal is written. */
    @Test
    void showsSnapshotsThatAreHiddenBeforeTheSealIsBack() {
        boolean[] raced = {false};
        ObjectStore racing = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("write") && POINT.sealKey().equals(arguments[0])) {
                        raced[0] = true;
                        hide();
                        assertThat(hidden()).containsExactly(SNAPSHOT);
                    }
                    return method.invoke(disk, arguments);
                });

        undelete(TestStores.always(racing)).undelete(location, POINT);

        assertThat(raced[0]).isTrue();
        assertThat(hidden()).isEmpty();
    }

    /** The prune listed the snapshots while they were hidden, and deletes files that they need. */
    @Test
    void waitsForAPrune() {
        OwnedRepository repository = TestRegister.of(POINT);
        PruneRecord.NONE.start(Instant.now()).write(disk, repository.id());
        assertWaits();
        PruneRecord.NONE.start(Instant.now()).interrupt(Instant.now()).write(disk, repository.id());
        String run = RunLabel.ofPrune(location, repository.id());

        movers.jobs.add(run);
        assertWaits();
        movers.jobs.clear();
        movers.pods.add(run);
        assertWaits();
        assertThat(hidden()).as("nothing was undeleted").containsExactly(SNAPSHOT);
        movers.pods.clear();

        undelete.undelete(location, POINT);
        assertThat(catalog.find(location, POINT)).isPresent();
    }

    /** The prune starts after the first look, and before the snapshots are visible. */
    @Test
    void undeletesNoDataDuringAPruneThatDidNotSeeTheSnapshots() {
        String snapshot = TestRegister.tombstone("east", "shop", SNAPSHOT);
        ObjectStore racing = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("delete") && snapshot.equals(arguments[0])) {
                        PruneRecord.NONE
                                .start(Instant.now())
                                .write(disk, TestRegister.of(POINT).id());
                    }
                    return method.invoke(disk, arguments);
                });

        assertThatThrownBy(() -> undelete(TestStores.always(racing)).undelete(location, POINT))
                .hasMessageContaining("waiting until the prune");

        assertThat(hidden()).as("the next prune sees them").isEmpty();
        assertThat(disk.head(TestRegister.tombstone("east", "shop", PACK))).isPresent();
        assertThat(catalog.find(location, POINT)).isEmpty();
    }

    private void assertWaits() {
        assertThatThrownBy(() -> undelete.undelete(location, POINT))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.StoreUnavailable);
                    assertThat(e.isRetryable()).isTrue();
                });
    }

    /** The deletion of the seal failed after its tombstone was written, or someone wrote the tombstone of an undone deletion again. */
    @Test
    void hidesNothingByATombstoneWhileTheSealExists() {
        String at = "breakwater/tombstones/points/" + POINT.source().path() + "/" + POINT.sealKey();
        byte[] tombstone = disk.read(at).orElseThrow().content();
        undelete.undelete(location, POINT);
        disk.write(at, tombstone, Precondition.NONE);
        DeletedSnapshots process = new DeletedSnapshots();

        assertThat(hide(process)).isEmpty();
        assertThat(hidden()).isEmpty();

        disk.delete(POINT.sealKey());
        assertThat(hide(process)).containsOnlyKeys(TestRegister.of(POINT).id());
        assertThat(hidden()).as("the deletion continues").containsExactly(SNAPSHOT);
    }

    @Test
    void hidesTheSnapshotsOfAnEarlierPointOfTheSameName() {
        store.undelete(SNAPSHOT);
        catalog.seal(location, document("later"));

        hide();

        assertThat(hidden()).containsExactly(SNAPSHOT);
    }

    private void hide() {
        hide(new DeletedSnapshots());
    }

    private Map<String, PruneRules.Garbage> hide(DeletedSnapshots process) {
        return process.hide(
                location,
                disk,
                "east",
                Map.of(POINT.source(), TestRegister.of(POINT).id()),
                repository -> PruneRecord.NONE);
    }

    private List<String> hidden() {
        return DeletedObjects.listDeleted(
                disk, TestRegister.of(POINT).deletions(), TestRegister.of(POINT).snapshot(""));
    }

    private void give(Map<String, String> data) {
        cluster.client()
                .secrets()
                .inNamespace("breakwater-system")
                .withName("breakwater-master-key")
                .edit(s -> new SecretBuilder(s).withData(data).build());
    }

    private DeletedObjects.Swept sweep() {
        return TestRegister.deleted(disk, "east")
                .sweep(Duration.ZERO, Instant.now().plusSeconds(1), false);
    }

    private static PointDocument document() {
        return document("shop");
    }

    private static PointDocument document(String policy) {
        return PointDocument.builder(PointKeys.of("east", "shop", "p"), "uid")
                .repository(TestRegister.of(PointKeys.of("east", "shop", "p")).id())
                .policy(policy)
                .capturedAt("2026-06-01T00:00:00Z")
                .volumes(List.of(new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", SHA, 7, 7)))
                .archive(ARCHIVE, 1)
                .objects(List.of(new PointDocument.StoredObject(ARCHIVE, CONTENT.length, SHA)))
                .build();
    }

    private static final class PruneMovers extends MoverJobs {
        final Set<String> jobs = new HashSet<>();
        final Set<String> pods = new HashSet<>();

        PruneMovers() {
            super(null, null, null, null);
        }

        @Override
        public Set<String> runs(String namespace) {
            return jobs;
        }

        @Override
        public boolean anyPod(String namespace, String run) {
            return pods.contains(run);
        }
    }
}
