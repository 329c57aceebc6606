package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.Digests;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.HandClock;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Stores;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.replication.PointCopies;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DeletedPoint;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.TestAdoption;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deletion of points by users who may write any status, in a location that two namespaces share. */
class PointDeletionTest {
    private static final String THEIRS = "uid-theirs";
    private static final Duration LOCK = Duration.ofDays(30);

    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BackupLocation location = new BackupLocation();
    private final HandClock clock = new HandClock();
    private final List<String> calls = new ArrayList<>();
    private boolean copying;
    private boolean busy;
    private ObjectStore disk;
    private Catalog catalog;
    private PointDeletion deletion;

    @BeforeEach
    void capture() {
        BreakwaterConfig config = TestConfig.of(
                Map.of("breakwater.site", "east", "breakwater.gateway.filesystem-root", directory.toString()));
        location.getMetadata().setNamespace(config.namespace());
        location.getMetadata().setName("disk");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = "disk";
        location.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
        location.getSpec().usagePolicy.namespaces = Namespaces.All;
        location.setStatus(new BackupLocationStatus());
        Condition ready = new Condition();
        ready.type = Condition.READY;
        ready.status = "True";
        location.getStatus().conditions.add(ready);
        BackupLocation made = client.resource(location).create();
        location.getMetadata().setUid(made.getMetadata().getUid());
        location.getMetadata().setGeneration(1L);
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(config.namespace())
                        .withName("breakwater-master-key")
                        .endMetadata()
                        .withData(TestKeys.data(new byte[32]))
                        .build())
                .create();
        for (String namespace : List.of("shop", "bank")) {
            client.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(namespace)
                            .endMetadata()
                            .build())
                    .create();
        }
        Stores opened = TestStores.of(client, config);
        disk = opened.open(location);
        Stores stores = TestStores.always((ObjectStore)
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, this::record));
        catalog = new Catalog(stores, TestKeys.of(client));
        deletion = deletion(config, stores, TestLocations.of(client, config));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesTheDataThatItsOwnSealNames() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);

        assertThat(deletion.deleteData(point)).isEmpty();

        assertThat(listed("shop", "p")).isEmpty();
        assertThat(deleted(PointKeys.of("east", "shop", "p"))).isEqualTo(List.of(snapshot("shop")));
    }

    /** One read, one tombstone and the deletion of the seal, whatever the number of volumes and objects is. */
    @Test
    void deletesASealedPointByThreeCalls() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        calls.clear();

        assertThat(deletion.deleteData(point)).isEmpty();

        String key = PointKeys.of("east", "shop", "p").sealKey();
        assertThat(calls)
                .containsExactly(
                        "read " + key,
                        "write breakwater/tombstones/points/"
                                + PointKeys.of("east", "shop", "p").source().path() + "/" + key,
                        "delete " + key);
    }

    /** Each attempt must not list anything, and no attempt follows a success. */
    @Test
    void asksTheApiServerSeldomForADeletion() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        cluster.reads().clear();

        assertThat(deletion.deleteData(point)).isEmpty();

        assertThat(cluster.reads()).hasSizeLessThanOrEqualTo(9);
    }

    /** The operator was killed between the tombstone and the deletion of the seal, or after both. */
    @Test
    void finishesAnInterruptedDeletion() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        PointKey key = PointKeys.of("east", "shop", "p");
        byte[] seal = disk.read(key.sealKey()).orElseThrow().content();
        assertThat(deletion.deleteData(point)).isEmpty();
        disk.write(key.sealKey(), seal, Precondition.NONE);

        assertThat(deletion.deleteData(point)).isEmpty();
        assertThat(disk.head(key.sealKey())).isEmpty();
        assertThat(deletion.deleteData(point)).isEmpty();
        assertThat(deleted(key)).isEqualTo(List.of(snapshot("shop")));
    }

    /** A copy checks only between objects whether it is wanted, and then it writes a seal. */
    @Test
    void waitsForACopyOfThePoint() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        copying = true;
        calls.clear();

        assertThat(deletion.deleteData(point)).isPresent();
        assertThat(calls).isEmpty();
        copying = false;
        assertThat(deletion.deleteData(point)).isEmpty();
    }

    /** A seal that is being written would appear after the deletion. */
    @Test
    void waitsForTheStepThatWritesThePoint() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        busy = true;
        calls.clear();

        assertThat(deletion.deleteData(point)).isPresent();
        assertThat(calls).isEmpty();
        busy = false;
        assertThat(deletion.deleteData(point)).isEmpty();
    }

    @Test
    void readsABrokenStoreAfterGrowingPauses() {
        PointKey key = PointKeys.of("east", "shop", "p");
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        disk.write(key.sealKey(), "{}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThat(deletion.deleteData(point)).contains(Duration.ofSeconds(5));
        clock.pass(Duration.ofSeconds(2));
        assertThat(deletion.deleteData(point)).contains(Duration.ofSeconds(3));
        clock.pass(Duration.ofSeconds(3));
        assertThat(deletion.deleteData(point)).contains(Duration.ofSeconds(10));
    }

    @Test
    void releasesThePointDuringAPauseIfItsDataStays() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        disk.write(
                PointKeys.of("east", "shop", "p").sealKey(), "{}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);
        assertThat(deletion.deleteData(point)).isPresent();

        point.getSpec().deletionPolicy = DeletionPolicy.Retain;
        assertThat(deletion.deleteData(point)).isEmpty();
    }

    @Test
    void deletesNothingOfAnotherNamespaceThatAStatusNames() {
        seal("bank", "p", THEIRS, null);
        List<String> before = listed("bank", "p");
        RestorePoint forged = object("shop", "forged", s -> {
            PointKeys.state(s, PointKeys.of("east", "bank", "p"));
            s.volumes = List.of(volume(snapshot("bank")));
        });

        assertThat(deletion.deleteData(forged)).isEmpty();

        assertThat(before).hasSize(2);
        assertThat(listed("bank", "p")).isEqualTo(before);
        assertThat(hidden()).isEmpty();
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .anySatisfy(e -> assertThat(e.getReason()).isEqualTo(Reason.Forbidden.name()));
    }

    @Test
    void deletesNothingOfAnotherPointOfTheNamespaceThatAStatusNames() {
        seal("shop", "locked", THEIRS, lockEnd());
        RestorePoint forged = object("shop", "forged", s -> {
            s.point = "locked";
            s.volumes = List.of(volume(snapshot("shop")));
        });

        assertThat(deletion.deleteData(forged)).isEmpty();

        assertThat(listed("shop", "locked")).hasSize(2);
        assertThat(hidden()).isEmpty();
    }

    @Test
    void holdsTheLockInTheSealWhateverTheStatusSays() {
        RestorePoint point = object("shop", "p", s -> {
            s.lockedUntil = null;
            s.capturedAt = null;
            s.location = "no-such-location";
            s.site = "west";
        });
        seal("shop", "p", uid(point), lockEnd());

        assertThat(deletion.deleteData(point)).isPresent();

        assertThat(listed("shop", "p")).hasSize(2);
        assertThat(condition(point).reason).isEqualTo(Reason.Locked.name());
    }

    @Test
    void deletesOnlyItsOwnDirectoryWithoutASealOfItsOwn() {
        seal("shop", "p", THEIRS, null);
        PointKey key = PointKeys.of("east", "shop", "p");
        RestorePoint failed = object("shop", "p", s -> s.volumes = List.of(volume(snapshot("shop"))));
        write(key.archiveKey(uid(failed)));

        assertThat(deletion.deleteData(failed)).isEmpty();

        assertThat(listed("shop", "p")).containsExactlyInAnyOrder(key.sealKey(), key.archiveKey(THEIRS));
        assertThat(hidden()).isEmpty();
    }

    @Test
    void waitsWhileItsSealCannotBeVerified() {
        PointKey key = PointKeys.of("east", "shop", "p");
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), lockEnd());
        disk.write(key.sealKey(), "{}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThat(deletion.deleteData(point)).isPresent();

        assertThat(condition(point).reason).isEqualTo(Reason.Tampered.name());
        assertThat(listed("shop", "p")).contains(key.archiveKey(uid(point)));
    }

    @Test
    void deletesAnImportedPointUnlessItsRestorePointExists() {
        seal("shop", "p", uid(object("shop", "p", s -> {})), null);
        RestorePoint imported = object("shop", "second-view", s -> s.point = "p");
        imported.getSpec().trigger = Trigger.Imported;

        assertThat(deletion.deleteData(imported)).isEmpty();
        assertThat(listed("shop", "p")).hasSize(2);

        client.resources(RestorePoint.class).inNamespace("shop").withName("p").delete();
        assertThat(deletion.deleteData(imported)).isEmpty();
        assertThat(listed("shop", "p")).isEmpty();
    }

    @Test
    void deletesNothingThatAnImportedPointOfAnotherNamespaceNames() {
        seal("bank", "p", THEIRS, null);
        RestorePoint forged = object("shop", "forged", s -> {
            PointKeys.state(s, PointKeys.of("east", "bank", "p"));
        });
        forged.getSpec().trigger = Trigger.Imported;

        assertThat(deletion.deleteData(forged)).isEmpty();

        assertThat(listed("bank", "p")).hasSize(2);
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .anySatisfy(e -> assertThat(e.getReason()).isEqualTo(Reason.Forbidden.name()));
    }

    /** The retention of a policy deletes adopted points; a user can do the same. */
    @Test
    void deletesTheDataOfAnAdoptedPointOfTheSameSiteOnly() {
        for (String site : List.of("east", "west")) {
            PointKey key = PointKey.ofStore(new CapturedNamespace(site, "shop", "lost", "uid-of-lost"), "p");
            seal(key, THEIRS, null);
            RestorePoint adopted = object("shop", "adopted-" + site, s -> PointKeys.state(s, key));
            adopted.getSpec().trigger = Trigger.Imported;

            assertThat(deletion.deleteData(adopted)).isEmpty();

            assertThat(catalog.find(location, key).isPresent()).as(site).isEqualTo(site.equals("west"));
        }
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .anySatisfy(e -> assertThat(e.getMessage()).contains("another site or namespace captured the point"));
    }

    private Object record(Object proxy, Method method, Object... arguments) throws ReflectiveOperationException {
        if (!Set.of("documents", "removals", "limits").contains(method.getName())) {
            calls.add(method.getName() + " " + arguments[0]);
        }
        return method.invoke(disk, arguments);
    }

    private PointDeletion deletion(BreakwaterConfig config, Stores stores, LocationResolver locations) {
        return new PointDeletion(
                client,
                config,
                locations,
                stores,
                catalog,
                TestRepositories.with(List::of),
                new NoSteps(),
                new PointCopies(null, null, null, null, null, null, null, null, null, null, null, null, null) {
                    @Override
                    public boolean isCopying(String uid) {
                        return copying;
                    }
                },
                new KeptSnapshots(null, null) {
                    @Override
                    public void markDeleted(String point, Instant now) {
                        // the cluster has no retained snapshots
                    }
                },
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                clock,
                new IdentityRule(config, PointKeys.identities("east"), adoption()),
                PointKeys.identities("east"),
                TestRegister.of(stores));
    }

    /** The cluster replaces another one, and namespace shop has a plan with site west. */
    private static AdoptionRule adoption() {
        return TestAdoption.rule(
                PointKeys.identities("east"),
                List.of(TestAdoption.plan("shop", "east", "west")),
                () -> Optional.of("lost"));
    }

    private RestorePoint object(String namespace, String name, Consumer<RestorePointStatus> status) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(namespace);
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Manual;
        point.getSpec().policyRef = new NamedRef("none");
        point.getSpec().deletionPolicy = DeletionPolicy.Delete;
        RestorePointStatus s = new RestorePointStatus();
        PointKeys.state(s, PointKeys.of("east", namespace, name));
        s.location = "disk";
        s.capturedAt = "2026-06-01T00:00:00Z";
        status.accept(s);
        point.setStatus(s);
        return client.resource(point).create();
    }

    private void seal(String namespace, String point, String uid, String lockedUntil) {
        seal(PointKeys.of("east", namespace, point), uid, lockedUntil);
    }

    private void seal(PointKey key, String uid, String lockedUntil) {
        write(key.archiveKey(uid));
        TestRegister.create(disk, key.source());
        write(TestRegister.of(key).snapshot(snapshot(key.namespace())));
        catalog.seal(location, document(key, uid, List.of(key.archiveKey(uid)), lockedUntil));
    }

    private static PointDocument document(PointKey key, String uid, List<String> objects, String lockedUntil) {
        return PointDocument.builder(key, uid)
                .repository(TestRegister.of(key).id())
                .capturedAt("2026-06-01T00:00:00Z")
                .volumes(List.of(new PointDocument.Volume(
                        "data", "fast", "1Gi", "/volumes/data", snapshot(key.namespace()), 7, 7)))
                .archive(objects.getFirst(), 1)
                .objects(objects.stream()
                        .map(name -> new PointDocument.StoredObject(name, name.length(), Digests.sha256Hex(name)))
                        .toList())
                .lockedUntil(lockedUntil)
                .build();
    }

    private static String uid(RestorePoint point) {
        return point.getMetadata().getUid();
    }

    private static String lockEnd() {
        return Instant.now().plus(LOCK).toString();
    }

    private static String snapshot(String namespace) {
        return Digests.sha256Hex(namespace);
    }

    private static VolumeStatus volume(String snapshot) {
        VolumeStatus volume = new VolumeStatus();
        volume.pvc = "data";
        volume.repositorySnapshot = snapshot;
        return volume;
    }

    /** Its content is its name. */
    private void write(String key) {
        disk.write(key, key.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
    }

    /** Snapshots that the tombstone of a seal names. */
    private List<String> deleted(PointKey key) {
        List<String> found = new ArrayList<>();
        disk.list(
                "breakwater/tombstones/points/" + key.source().path() + "/" + key.sealKey(),
                o -> found.addAll(DeletedPoint.read(disk, o).orElseThrow().snapshots()));
        return found;
    }

    /** Tombstones of seals. */
    private List<String> hidden() {
        return disk.gather("breakwater/tombstones/points/", PointKey::ofTombstone).stream()
                .map(PointKey::path)
                .toList();
    }

    /** Seal and archives of points that are not deleted. */
    private List<String> listed(String namespace, String point) {
        PointKey key = PointKeys.of("east", namespace, point);
        SoftDeleteStore visible = TestRegister.visible(disk, "east", namespace);
        List<String> keys = new ArrayList<>();
        visible.list(key.directory(), o -> keys.add(o.key()));
        // The archive goes with the tombstone of the seal that names it.
        if (hidden().isEmpty()) {
            visible.list("breakwater/archives/", o -> keys.add(o.key()));
        }
        return keys;
    }

    private Condition condition(RestorePoint point) {
        return client.resource(point)
                .get()
                .getStatus()
                .condition(Condition.READY)
                .orElseThrow();
    }

    /** Nothing of the captures is left in the cluster. */
    private final class NoSteps extends CaptureSteps {
        NoSteps() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        boolean isBusy(String uid) {
            return busy;
        }

        @Override
        boolean cleanUp(RestorePoint point, String since, Instant now) {
            return true;
        }
    }
}
