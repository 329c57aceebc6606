package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestStores;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data of unfinished captures in a directory, next to one sealed point. */
class UnsealedSweepTest {
    private static final PointKey GOOD = PointKeys.of("east", "shop", "good");
    private static final OwnedRepository SHOP = TestRegister.of("east", "shop");
    private static final PointKey LOST = PointKeys.of("east", "shop", "lost");

    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BackupLocation location = new BackupLocation();
    private final HandMovers movers = new HandMovers();
    private final BusyCopies copies = new BusyCopies();
    private Stores stores;
    private BreakwaterConfig config;
    private PointIndex index;
    private ObjectStore disk;
    private Catalog catalog;
    private UnsealedSweep sweep;

    @BeforeEach
    void captureTwoAndSealOne() {
        BreakwaterConfig config = TestConfig.of(
                Map.of("breakwater.site", "east", "breakwater.gateway.filesystem-root", directory.toString()));
        location.getMetadata().setNamespace(config.namespace());
        location.getMetadata().setName("disk");
        location.getMetadata().setUid("disk");
        location.getMetadata().setGeneration(1L);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = "disk";
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(config.namespace())
                        .withName("breakwater-master-key")
                        .endMetadata()
                        .addToData("masterKey", base64(base64(new byte[32]).getBytes(StandardCharsets.US_ASCII)))
                        .build())
                .create();
        stores = TestStores.of(client, config);
        disk = stores.open(location);
        catalog = new Catalog(stores, TestKeys.of(client));
        this.config = config;
        index = TestIndex.empty(client);
        sweep = process();
        TestRegister.create(disk, "east", "shop");
        write(TestRegister.of(GOOD).prefix() + "config", "config");
        captured(GOOD);
        captured(LOST);
        catalog.seal(location, document(GOOD));
        catalog.markFinished(location, GOOD);
        object(GOOD, "True");
        object(LOST, "False");
        makeOld();
    }

    /** The sweep of a process that has read nothing. */
    private UnsealedSweep process() {
        return process(stores, catalog);
    }

    private UnsealedSweep process(Stores stores, Catalog catalog) {
        return new UnsealedSweep(
                index,
                config,
                stores,
                catalog,
                movers,
                copies,
                new KeptSnapshots(client, new Snapshots(client)),
                Clock.systemUTC(),
                new IdentityRule(config, PointKeys.identities("east")),
                TestRegister.of(stores));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void listsNoPointsWhenNothingIsUnfinished() {
        sweep.sweep(location).snapshots().forEach((repository, ids) -> {
            for (int i = 0; i < 2; i++) {
                assertThat(sweep.forget(location, repository, ids)).isPresent();
            }
        });
        TestIndex.fill(index, client);
        cluster.reads().clear();

        UnsealedSweep.Found found = process().sweep(location);

        assertThat(found.snapshots()).isEmpty();
        assertThat(found.archives()).isZero();
        assertThat(cluster.reads()).isNotEmpty().noneMatch(path -> path.contains("/restorepoints"));
    }

    /** The index does not show that the point exists again: the sweep would delete its data. */
    @Test
    void deletesNothingByAnIndexThatIsBehind() {
        TestIndex.fill(index, client); // the point of the lost backup failed
        client.resources(RestorePoint.class)
                .inNamespace(LOST.namespace())
                .withName(LOST.point())
                .delete();
        object(LOST, "Unknown"); // and was created again

        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.archives()).isZero();
        assertThat(found.snapshots()).isEmpty();
    }

    @Test
    void deletesLeftoversOfAFailedCaptureButNoSealedPoint() {
        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.trouble()).isEmpty();
        assertThat(found.archives()).isEqualTo(1);
        assertThat(found.bytes()).isEqualTo("lost".length() * 2L);
        assertThat(found.snapshots()).isEqualTo(Map.of(SHOP, List.of(snapshot(LOST))));
        assertThat(sweep.forget(location, SHOP, found.snapshots().get(SHOP)))
                .containsInstanceOf(MoverJobs.State.Running.class);
        assertThat(sweep.forget(location, SHOP, found.snapshots().get(SHOP)))
                .containsInstanceOf(MoverJobs.State.Succeeded.class);

        assertThat(listed()).noneMatch(k -> k.contains("lost") || k.endsWith(snapshot(LOST)));
        assertThat(disk.read(archive(LOST))).as("it can be undone for a while").isPresent();
        assertThat(graveyard()
                        .sweep(Duration.ZERO, Instant.now().plusSeconds(5), true)
                        .objects())
                .isEqualTo(3);
        assertThat(disk.read(archive(LOST))).isEmpty();
        catalog.verifyObjects(location, catalog.find(location, GOOD).orElseThrow());
    }

    /** The keys in a store become arguments of restic. */
    @Test
    void ignoresSnapshotsWithIllegalIds() throws IOException {
        for (String id : List.of("abc", "-osftp.command", snapshot(LOST) + "0")) {
            write(TestRegister.of(LOST).prefix() + "snapshots/" + id, "x");
            Files.setLastModifiedTime(
                    directory.resolve("disk").resolve(TestRegister.of(LOST).prefix() + "snapshots/" + id),
                    FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        }

        assertThat(sweep.sweep(location).snapshots()).isEqualTo(Map.of(SHOP, List.of(snapshot(LOST))));
    }

    @Test
    void findsNothingInASecondSweep() {
        List<String> snapshots = sweep.sweep(location).snapshots().get(SHOP);
        sweep.forget(location, SHOP, snapshots);
        sweep.forget(location, SHOP, snapshots);

        UnsealedSweep.Found again = sweep.sweep(location);

        assertThat(again.archives()).isZero();
        assertThat(again.snapshots()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east")).isEmpty();
    }

    /** A mover that was refused or killed leaves packs that no index and no snapshot references. */
    @Test
    void prunesDataWithoutASnapshot() {
        disk.delete(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));

        assertThat(sweep.sweep(location).snapshots()).isEqualTo(Map.of(SHOP, List.of()));
        sweep.forget(location, SHOP, List.of());
        assertThat(sweep.sweep(location).snapshots())
                .as("until the Job has succeeded")
                .containsOnlyKeys(SHOP);
        sweep.forget(location, SHOP, List.of());
        assertThat(sweep.sweep(location).snapshots()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east")).isEmpty();
    }

    @Test
    void prunesNothingWhenASnapshotOfAPointIsMissing() {
        disk.delete(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));
        disk.delete(TestRegister.of(GOOD).prefix() + "snapshots/" + snapshot(GOOD));

        assertThat(sweep.sweep(location).snapshots()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east"))
                .as("the next sweep finds it again")
                .hasSize(1);
    }

    @Test
    void finishesTheWorkOfAKilledSweep() {
        SoftDeleteStore grace =
                TestRegister.visible(disk, "east", "shop").withArchives(List.of(LOST.archivePrefix("uid")));
        disk.list(LOST.archivePrefix("uid"), o -> {
            if (o.key().equals(archive(LOST))) {
                grace.delete(o);
            }
        });

        assertThat(sweep.sweep(location).archives()).isEqualTo(1);
        assertThat(listed()).noneMatch(k -> k.contains("lost"));
    }

    @Test
    void skipsYoungObjects() throws IOException {
        touch(archive(LOST));
        touch(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));

        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.archives()).isZero();
        assertThat(found.snapshots()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east"))
                .as("the next sweep finds it again")
                .hasSize(1);
    }

    @Test
    void deletesNothingDuringACaptureOfTheNamespace() {
        object(PointKeys.of("east", "shop", "running"), "Unknown");

        assertNothingIsDeleted();
    }

    @Test
    void deletesNothingDuringAPointDeletionInTheNamespace() {
        var removed = client.resources(RestorePoint.class).inNamespace("shop").withName("good");
        removed.edit(p -> {
            p.getMetadata().setFinalizers(List.of("breakwater.io/finalizer"));
            return p;
        });
        removed.delete();

        assertNothingIsDeleted();
    }

    @Test
    void preservesDataOfPendingCopies() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("lost")
                .delete();
        RestorePoint copied = object(LOST, "True");
        copied.getStatus().location = "elsewhere";
        copied.getStatus().copies = List.of(PointCopies.pending("disk"));
        client.resource(copied).update();

        assertNothingIsDeleted();

        copied = client.resource(copied).get();
        copied.getStatus().copies = List.of(PointCopies.pending("another"));
        client.resource(copied).update();
        assertThat(sweep.sweep(location).archives())
                .as("no RestorePoint copies it here any more")
                .isEqualTo(1);
    }

    @Test
    void deletesNoSnapshotsDuringACopyOfTheRepository() {
        List<String> snapshots = sweep.sweep(location).snapshots().get(SHOP);
        copies.busy = true;

        assertThat(sweep.forget(location, SHOP, snapshots)).isEmpty();
        assertThat(movers.started).isEmpty();
    }

    @Test
    void ignoresDataOfOtherSites() {
        PointKey theirs = PointKeys.of("west", "shop", "theirs");
        captured(theirs);
        makeOld();

        sweep.sweep(location);

        assertThat(listed())
                .contains(archive(theirs), TestRegister.of(theirs).prefix() + "snapshots/" + snapshot(theirs));
        assertThat(InProgressMarker.list(disk, "west")).hasSize(1);
    }

    @Test
    void preservesSnapshotsOfKnownPointsWithoutASeal() {
        disk.delete(GOOD.sealKey());

        assertThat(sweep.sweep(location).snapshots().get(SHOP)).containsExactly(snapshot(LOST));
    }

    @Test
    void preservesSnapshotsOfSealedPointsWithoutAnObject() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();

        assertThat(sweep.sweep(location).snapshots().get(SHOP)).containsExactly(snapshot(LOST));
    }

    /** Two sites cannot wait for each other: the data that one of them prunes may be in use by the other. */
    @Test
    void deletesNothingInARepositoryThatAnotherSiteOwnsToo() {
        List<String> snapshots = sweep.sweep(location).snapshots().get(SHOP);
        TestRegister.addOwner(disk, SHOP, PointKeys.source("west", "shop"));

        assertThatThrownBy(() -> sweep.forget(location, SHOP, snapshots))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Conflict))
                .hasMessageContaining("site west");
        assertThat(movers.started).isEmpty();
        UnsealedSweep.Found found = process().sweep(location);
        assertThat(found.snapshots()).isEmpty();
        assertThat(found.trouble())
                .singleElement()
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.Conflict));
    }

    /** An earlier cluster had the RestorePoint of the other owner, so this one knows only its seal. */
    @Test
    void preservesSnapshotsOfEveryOwnerOfTheRepository() {
        String record = StoreLayout.repositoryRecord(SHOP.id());
        byte[] before = disk.read(record).orElseThrow().content();
        PointKey theirs = PointKeys.of(new CapturedNamespace("east", "shop", "earlier", "uid"), "theirs");
        TestRegister.addOwner(disk, SHOP, theirs.source());
        write(SHOP.snapshot(snapshot(theirs)), theirs.point());
        catalog.seal(location, document(theirs));
        makeOld();

        OwnedRepository shared = new OwnedRepository(SHOP.id(), theirs.source());
        assertThat(sweep.sweep(location).snapshots()).isEqualTo(Map.of(shared, List.of(snapshot(LOST))));

        disk.write(record, before, Precondition.NONE);
        disk.delete(StoreLayout.owner(theirs.source()));
        assertThat(process().sweep(location).snapshots())
                .as("an attacker put the older record back, and deleted the entry of the other owner")
                .isEqualTo(Map.of(SHOP, List.of(snapshot(LOST))));
    }

    @Test
    void preservesSnapshotsOfDeletedPointsDuringTheGracePeriod() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();
        catalog.unseal(location, GOOD);

        assertThat(sweep.sweep(location).snapshots().get(SHOP)).containsExactly(snapshot(LOST));
    }

    @Test
    void deletesNoSnapshotsAndReportsAnAlteredSeal() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();
        disk.write(GOOD.sealKey(), "{}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.snapshots()).isEmpty();
        assertThat(found.trouble())
                .singleElement()
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.Tampered));
    }

    @Test
    void cleansUpNextToARepositoryWhoseRecordCannotBeRead() {
        OwnedRepository bank = TestRegister.create(disk, "east", "bank");
        write(bank.prefix() + "config", "config");
        write(bank.snapshot(snapshot(LOST)), "lost");
        PointKey theirs = PointKeys.of("east", "bank", "lost");
        catalog.markStarted(location, theirs, "uid");
        write(StoreLayout.repositoryRecord(bank.id()), "{}");
        makeOld();
        UnsealedSweep process = process();

        UnsealedSweep.Found found = process.sweep(location);
        process.forget(location, SHOP, found.snapshots().get(SHOP));
        process.forget(location, SHOP, found.snapshots().get(SHOP));

        assertThat(found.snapshots()).isEqualTo(Map.of(SHOP, List.of(snapshot(LOST))));
        assertThat(found.trouble())
                .isNotEmpty()
                .allSatisfy(e -> assertThat(e).hasMessageContaining(StoreLayout.repositoryRecord(bank.id())));
        assertThat(movers.started).as("a Job that stays would block copies").isEmpty();
        assertThat(InProgressMarker.list(disk, "east"))
                .extracting(InProgressMarker::key)
                .containsExactly(theirs);
    }

    @Test
    void cleansUpNextToAnOwnerEntryOfAnotherSiteThatCannotBeRead() {
        String entry =
                StoreLayout.owner(TestRegister.create(disk, "west", "bank").source());
        write(entry, "{}");
        makeOld();

        UnsealedSweep.Found found = process().sweep(location);

        assertThat(found.snapshots()).isEqualTo(Map.of(SHOP, List.of(snapshot(LOST))));
        assertThat(found.trouble()).singleElement().satisfies(e -> assertThat(e).hasMessageContaining(entry));
    }

    @Test
    void readsSealsKeysAndOwnersOnceForAllRepositories() {
        for (String namespace : List.of("bank", "desk", "mill")) {
            OwnedRepository repository = TestRegister.create(disk, "east", namespace);
            write(repository.snapshot(snapshot(LOST)), "lost");
        }
        makeOld();
        List<String> calls = new ArrayList<>();
        List<String> rings = new ArrayList<>();
        Stores counting = TestStores.always((ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    calls.add(method.getName() + " " + (arguments == null ? "" : arguments[0]));
                    return method.invoke(disk, arguments);
                }));
        Catalog read = new Catalog(counting, TestKeys.from(() -> {
            rings.add("ring");
            return TestKeys.data(new byte[32]);
        }));

        assertThat(process(counting, read).sweep(location).snapshots()).hasSize(4);

        assertThat(calls).filteredOn(("read " + GOOD.sealKey())::equals).hasSize(1);
        assertThat(calls).filteredOn(("gather " + StoreLayout.points())::equals).hasSize(1);
        assertThat(calls)
                .filteredOn(("gather " + StoreLayout.owners())::equals)
                .as("for the owners, and for unused records")
                .hasSizeLessThanOrEqualTo(2);
        assertThat(rings).hasSize(1);
    }

    @Test
    void preservesSealedCapturesWithAnInProgressMarker() {
        catalog.markStarted(location, GOOD, "uid");
        makeOld();

        assertThat(sweep.sweep(location).archives()).isEqualTo(1);
        assertThat(InProgressMarker.list(disk, "east"))
                .extracting(InProgressMarker::key)
                .containsExactly(LOST);
        catalog.verifyObjects(location, catalog.find(location, GOOD).orElseThrow());
        assertThat(listed()).contains(archive(GOOD));
    }

    /** An attacker with the store's credentials hides the seal, writes a marker of an unfinished backup, and waits. */
    @Test
    void preservesArchivesOfKnownPointsWithoutASeal() {
        catalog.markStarted(location, GOOD, "uid");
        disk.delete(GOOD.sealKey());
        makeOld();

        sweep.sweep(location);

        assertThat(listed()).contains(archive(GOOD)).doesNotContain(archive(LOST));
    }

    @Test
    void deletesJobsThatEndedUnnoticed() {
        String run =
                RunLabel.ofCleanup(location, TestRegister.of("east", "shop").id());
        movers.started.add(run);
        TestRegister.visible(disk, "east", "shop")
                .delete(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));
        catalog.markFinished(location, LOST);

        sweep.sweep(location);

        assertThat(movers.started).isEmpty();
    }

    private void assertNothingIsDeleted() {
        List<String> before = listed();
        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.archives()).isZero();
        found.snapshots()
                .forEach((namespace, ids) ->
                        assertThat(sweep.forget(location, namespace, ids)).isEmpty());
        assertThat(movers.started).isEmpty();
        assertThat(listed()).containsExactlyInAnyOrderElementsOf(before);
    }

    /** The objects that a capture writes before its seal. */
    private void captured(PointKey key) {
        catalog.markStarted(location, key, "uid");
        write(archive(key), key.point());
        write(key.veleroPrefix("uid") + "a-logs.gz", key.point());
        write(TestRegister.of(key).prefix() + "snapshots/" + snapshot(key), key.point());
    }

    private RestorePoint object(PointKey key, String succeeded) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(key.namespace());
        point.getMetadata().setName(key.point());
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Manual;
        RestorePointStatus s = new RestorePointStatus();
        PointKeys.state(s, key);
        s.location = "disk";
        VolumeStatus volume = new VolumeStatus();
        volume.repositorySnapshot = snapshot(key);
        s.volumes = List.of(volume);
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = succeeded;
        s.conditions.add(condition);
        point.setStatus(s);
        return client.resource(point).create();
    }

    private static PointDocument document(PointKey key) {
        return PointDocument.builder(key, "uid")
                .repository(SHOP.id())
                .policy("shop")
                .capturedAt("2026-06-01T00:00:00Z")
                .volumes(List.of(new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", snapshot(key), 7, 7)))
                .archive(archive(key), 1)
                .objects(List.of(
                        new PointDocument.StoredObject(archive(key), key.point().length(), snapshot(key))))
                .build();
    }

    private static String archive(PointKey key) {
        return key.archiveKey("uid");
    }

    /** Its name is the digest of its content, which is the point's name. */
    private static String snapshot(PointKey key) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(key.point().getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void write(String key, String content) {
        disk.write(key, content.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
    }

    private List<String> listed() {
        List<String> keys = new ArrayList<>();
        TestRegister.visible(disk, "east", "shop").list("breakwater/archives/", o -> keys.add(o.key()));
        for (String site : List.of("east", "west")) {
            OwnedRepository repository = TestRegister.of(site, "shop");
            new SoftDeleteStore(disk, repository.deletions()).list(repository.prefix(), o -> keys.add(o.key()));
        }
        return keys;
    }

    private DeletedObjects graveyard() {
        return TestRegister.deleted(disk, "east");
    }

    /** Makes all files two days older; their time is the one that counts. */
    private void makeOld() {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void touch(String key) throws IOException {
        Files.setLastModifiedTime(directory.resolve("disk").resolve(key), FileTime.from(Instant.now()));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** Does at the second call what the Job would do. */
    private final class HandMovers extends MoverJobs {
        final Set<String> started = new HashSet<>();

        HandMovers() {
            super(null, null, null, null);
        }

        @Override
        public State poll(Request request) {
            if (started.add(request.run())) {
                return new State.Running("started");
            }
            SoftDeleteStore grace =
                    new SoftDeleteStore(disk, request.access().repository().deletions());
            ((MoverTask.Forget) request.task())
                    .snapshots()
                    .forEach(id -> grace.delete(TestRegister.of(GOOD).prefix() + "snapshots/" + id));
            return new State.Succeeded(null);
        }

        @Override
        public Set<String> runs(String namespace) {
            return started;
        }

        @Override
        public void delete(String namespace, String run) {
            started.remove(run);
        }
    }

    private static final class BusyCopies extends PointCopies {
        boolean busy;

        BusyCopies() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        public boolean busy(String repository) {
            return busy;
        }
    }
}
