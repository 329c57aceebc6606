package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
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
                copies,
                new KeptSnapshots(client, new Snapshots(client)),
                Clock.systemUTC(),
                new IdentityRule(config, PointKeys.identities("east")),
                TestRegister.of(stores),
                new DuePrunes(index, config, movers, TestRegister.of(stores), prune(stores)));
    }

    private RepositoryPrune prune(Stores stores) {
        return new RepositoryPrune(
                config,
                stores,
                index,
                movers,
                copies,
                new IdentityRule(config, PointKeys.identities("east")),
                TestRegister.of(stores),
                null,
                null,
                null,
                Clock.systemUTC());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void listsNoPointsWhenNothingIsUnfinished() {
        sweep.sweep(location);
        PruneRecord.NONE.start(Instant.now()).succeed(Instant.now(), null).write(disk, SHOP.id());
        process().sweep(location);
        TestIndex.fill(index, client);
        cluster.reads().clear();

        UnsealedSweep.Found found = process().sweep(location);

        assertThat(found.snapshots()).isZero();
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
        assertThat(found.snapshots()).isZero();
    }

    @Test
    void deletesLeftoversOfAFailedCaptureButNoSealedPoint() {
        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.trouble()).isEmpty();
        assertThat(found.archives()).isEqualTo(1);
        assertThat(found.bytes()).isEqualTo("lost".length() * 2L);
        assertThat(found.snapshots()).isEqualTo(1);
        assertThat(found.prunes()).containsExactly(SHOP);

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

        assertThat(sweep.sweep(location).snapshots()).isEqualTo(1);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));
    }

    @Test
    void findsNothingInASecondSweep() {
        sweep.sweep(location);
        pruned();

        UnsealedSweep.Found again = process().sweep(location);

        assertThat(again.archives()).isZero();
        assertThat(again.snapshots()).isZero();
        assertThat(again.prunes()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east")).isEmpty();
    }

    /** A mover that was refused or killed leaves packs that no index and no snapshot references. */
    @Test
    void prunesDataWithoutASnapshot() {
        disk.delete(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));

        for (int i = 0; i < 2; i++) {
            UnsealedSweep.Found found = sweep.sweep(location);
            assertThat(found.snapshots()).isZero();
            assertThat(found.prunes()).as("until a prune has succeeded").containsExactly(SHOP);
        }
        pruned();
        assertThat(process().sweep(location).prunes()).isEmpty();
        assertThat(InProgressMarker.list(disk, "east")).isEmpty();
    }

    /** A deletion is three calls; this sweep does the rest, and finds the repository when the garbage is old. */
    @Test
    void hidesTheSnapshotsOfDeletedPointsOnce() throws IOException {
        withoutLost();
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();
        catalog.unseal(location, GOOD);

        UnsealedSweep.Found found = sweep.sweep(location);
        assertThat(hidden(SHOP)).containsExactly(snapshot(GOOD));
        assertThat(found.garbage()).isEqualTo(7);
        assertThat(found.prunes()).as("the garbage is young").isEmpty();

        touch(tombstone(GOOD), Duration.ofHours(25));
        assertThat(sweep.sweep(location).prunes()).containsExactly(SHOP);
        pruned();
        found = process().sweep(location);
        assertThat(found.garbage()).isZero();
        assertThat(found.prunes()).isEmpty();
    }

    /** An attacker who can write to the store copies the tombstone of another point, or writes one without a signature. */
    @Test
    void hidesNothingByTombstonesWithoutAValidSignature() {
        withoutLost();
        PointKey other = PointKeys.of("east", "shop", "other");
        captured(other);
        catalog.seal(location, document(other));
        catalog.unseal(location, other);
        byte[] signed = disk.read(tombstone(other)).orElseThrow().content();
        disk.delete(tombstone(other));
        disk.write(tombstone(GOOD), signed, Precondition.NONE);
        disk.write(
                tombstone(PointKeys.of("east", "shop", "third")),
                ("{\"schemaVersion\":1,\"key\":\""
                                + PointKeys.of("east", "shop", "third").sealKey()
                                + "\",\"size\":1,\"state\":\"Dead\",\"point\":{\"directories\":[],\"repository\":\""
                                + SHOP.id()
                                + "\",\"snapshots\":[\"" + snapshot(GOOD) + "\"],\"added\":1}}")
                        .getBytes(StandardCharsets.UTF_8),
                Precondition.NONE);

        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(hidden(SHOP)).isEmpty();
        assertThat(found.garbage()).isZero();
    }

    /** The point is undeleted after the sweep read its tombstone. */
    @Test
    void showsTheSnapshotsOfAPointThatIsUndeletedMeanwhile() {
        withoutLost();
        catalog.unseal(location, GOOD);
        boolean[] undeleted = {false};
        Stores racing = TestStores.always((ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("write") && !undeleted[0]) {
                        undeleted[0] = true;
                        new UndeletePoint(stores, TestKeys.of(client), movers, config).undelete(location, GOOD);
                    }
                    return method.invoke(disk, arguments);
                }));

        process(racing, catalog).sweep(location);

        assertThat(undeleted[0]).isTrue();
        assertThat(hidden(SHOP)).isEmpty();
        catalog.verifyObjects(location, catalog.find(location, GOOD).orElseThrow());
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
        assertThat(found.snapshots()).isZero();
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
        copies.busy = true;

        assertThat(sweep.sweep(location).snapshots()).isZero();
        assertThat(hidden(SHOP)).isEmpty();
    }

    /** The copy found the snapshot in its target, and is about to seal a point with it. */
    @Test
    void showsSnapshotsAgainWhenACopyStartsMeanwhile() {
        copies.answers.addAll(List.of(false, true));

        assertThat(sweep.sweep(location).snapshots()).isZero();
        assertThat(hidden(SHOP)).isEmpty();
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

        sweep.sweep(location);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));
    }

    @Test
    void preservesSnapshotsOfSealedPointsWithoutAnObject() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();

        sweep.sweep(location);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));
    }

    /** Two sites cannot wait for each other: the data that one of them prunes may be in use by the other. */
    @Test
    void deletesNothingInARepositoryThatAnotherSiteOwnsToo() {
        catalog.unseal(location, GOOD);
        TestRegister.addOwner(disk, SHOP, PointKeys.source("west", "shop"));

        UnsealedSweep.Found found = process().sweep(location);
        assertThat(hidden(SHOP)).isEmpty();
        assertThat(found.prunes()).isEmpty();
        assertThat(found.snapshots()).isZero();
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
        assertThat(sweep.sweep(location).prunes()).containsExactly(shared);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));

        disk.delete(TestRegister.tombstone("east", "shop", SHOP.snapshot(snapshot(LOST))));
        disk.write(record, before, Precondition.NONE);
        disk.delete(StoreLayout.owner(theirs.source()));
        process().sweep(location);
        assertThat(hidden(SHOP))
                .as("an attacker put the older record back, and deleted the entry of the other owner")
                .containsExactly(snapshot(LOST));
    }

    @Test
    void preservesSnapshotsOfDeletedPointsDuringTheGracePeriod() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();
        catalog.unseal(location, GOOD);

        assertThat(sweep.sweep(location).snapshots()).as("without a seal").isEqualTo(1);
        new UndeletePoint(stores, TestKeys.of(client), movers, config).undelete(location, GOOD);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));
        catalog.verifyObjects(location, catalog.find(location, GOOD).orElseThrow());
    }

    @Test
    void deletesNoSnapshotsAndReportsAnAlteredSeal() {
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("good")
                .delete();
        disk.write(GOOD.sealKey(), "{}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.snapshots()).isZero();
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
        catalog.startPoint(location, theirs, "uid");
        write(StoreLayout.repositoryRecord(bank.id()), "{}");
        makeOld();
        UnsealedSweep process = process();

        UnsealedSweep.Found found = process.sweep(location);
        pruned();
        process().sweep(location);

        assertThat(found.prunes()).containsExactly(SHOP);
        assertThat(hidden(SHOP)).containsExactly(snapshot(LOST));
        assertThat(found.trouble())
                .isNotEmpty()
                .allSatisfy(e -> assertThat(e).hasMessageContaining(StoreLayout.repositoryRecord(bank.id())));
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

        assertThat(found.prunes()).containsExactly(SHOP);
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

        assertThat(process(counting, read).sweep(location).snapshots()).isEqualTo(4);

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
        catalog.startPoint(location, GOOD, "uid");
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
        catalog.startPoint(location, GOOD, "uid");
        disk.delete(GOOD.sealKey());
        makeOld();

        sweep.sweep(location);

        assertThat(listed()).contains(archive(GOOD)).doesNotContain(archive(LOST));
    }

    /** For example of plans that are passive here: each of 51 has its turn, although only 50 fit into a round. */
    @Test
    void startsOtherPrunesThanThoseThatCannotStart() {
        withoutLost();
        List<OwnedRepository> all = new ArrayList<>(List.of(SHOP));
        for (int i = 0; i < 50; i++) {
            all.add(TestRegister.create(disk, "east", "idle" + i));
        }
        Map<String, Instant> loose = new HashMap<>();
        all.forEach(r -> loose.put(r.id(), Instant.now().minus(Duration.ofDays(r == SHOP ? 2 : 3))));
        RepositoryPrune prune = prune(stores);
        DuePrunes due = new DuePrunes(index, config, movers, TestRegister.of(stores), prune);

        List<OwnedRepository> first =
                due.find(location, disk, all, loose, Instant.now()).repositories();
        assertThat(first).hasSize(50).doesNotContain(SHOP);
        first.forEach(r ->
                Awaitility.await().until(() -> !(prune.advance(location, r) instanceof RepositoryPrune.State.Running)));

        assertThat(due.find(location, disk, all, loose, Instant.now()).repositories())
                .hasSize(50)
                .first()
                .isEqualTo(SHOP);
    }

    @Test
    void deletesJobsThatEndedUnnoticed() {
        String run = RunLabel.ofPrune(location, TestRegister.of("east", "shop").id());
        movers.started.add(run);
        TestRegister.visible(disk, "east", "shop")
                .delete(TestRegister.of(LOST).prefix() + "snapshots/" + snapshot(LOST));
        catalog.markFinished(location, LOST);

        sweep.sweep(location);

        assertThat(movers.started).isEmpty();
    }

    /** Deletes what the lost capture left. */
    private void withoutLost() {
        disk.delete(SHOP.snapshot(snapshot(LOST)));
        catalog.markFinished(location, LOST);
    }

    private static String tombstone(PointKey key) {
        return "breakwater/tombstones/points/" + key.source().path() + "/" + key.sealKey();
    }

    /** Ids of the hidden snapshots of a repository. */
    private List<String> hidden(OwnedRepository repository) {
        String prefix = repository.snapshot("");
        return DeletedObjects.listDeleted(disk, repository.deletions(), prefix).stream()
                .map(key -> key.substring(prefix.length()))
                .toList();
    }

    /** A prune of the repository has succeeded, after everything that was deleted so far. */
    private void pruned() {
        Instant start = Instant.now().plusSeconds(2);
        PruneRecord.NONE.start(start).succeed(start, 1000L).write(disk, SHOP.id());
    }

    private void assertNothingIsDeleted() {
        List<String> before = listed();
        UnsealedSweep.Found found = sweep.sweep(location);

        assertThat(found.archives()).isZero();
        assertThat(found.snapshots()).isZero();
        assertThat(movers.started).isEmpty();
        assertThat(listed()).containsExactlyInAnyOrderElementsOf(before);
    }

    /** The objects that a capture writes before its seal. */
    private void captured(PointKey key) {
        catalog.startPoint(location, key, "uid");
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

    private void touch(String key, Duration age) throws IOException {
        Files.setLastModifiedTime(
                directory.resolve("disk").resolve(key),
                FileTime.from(Instant.now().minus(age)));
    }

    private void touch(String key) throws IOException {
        Files.setLastModifiedTime(directory.resolve("disk").resolve(key), FileTime.from(Instant.now()));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** Only the names of the Jobs. */
    private static final class HandMovers extends MoverJobs {
        final Set<String> started = new HashSet<>();

        HandMovers() {
            super(null, null, null, null);
        }

        @Override
        public Set<String> runs(String namespace) {
            return started;
        }

        @Override
        public boolean anyPod(String namespace, String run) {
            return false;
        }

        @Override
        public void delete(String namespace, String run) {
            started.remove(run);
        }
    }

    private static final class BusyCopies extends PointCopies {
        final Deque<Boolean> answers = new ArrayDeque<>();
        boolean busy;

        BusyCopies() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        public boolean busy(String repository) {
            return answers.isEmpty() ? busy : answers.remove();
        }
    }
}
