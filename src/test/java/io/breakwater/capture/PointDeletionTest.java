package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.Digests;
import io.breakwater.api.MoverSettings;
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
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.CapturedNamespace;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
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
    private final List<String> forgotten = new ArrayList<>();
    private final Set<String> jobs = new HashSet<>();
    private final List<MoverJobs.Request> asked = new ArrayList<>();
    private final HandClock clock = new HandClock();
    private boolean running;
    private String failure;
    private int deletedJobs;
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
        Stores stores = TestStores.of(client, config);
        disk = stores.open(location);
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
        assertThat(forgotten).containsExactly(snapshot("shop"));
    }

    /** The points of a namespace that does not exist any more are listed in the namespace of the operator, where Jobs run. */
    @Test
    void deletesDataByAJobInTheNamespaceOfThePoint() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        running = true;

        for (int look = 0; look < 3; look++) {
            assertThat(deletion.deleteData(point)).isPresent();
        }
        assertThat(deletedJobs).as("Jobs that a later look deletes").isZero();
        assertThat(jobs).hasSize(1);
        running = false;
        assertThat(deletion.deleteData(point)).isEmpty();
        assertThat(jobs).isEmpty();
    }

    /** The controller also calls when the object changes, and each attempt creates a pod. */
    @Test
    void retriesAFailedJobAfterGrowingPauses() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        failure = "no mover could start";

        for (int seconds = 0; seconds < 3600; seconds++) {
            assertThat(deletion.deleteData(point)).isPresent();
            clock.pass(Duration.ofSeconds(1));
        }
        assertThat(asked)
                .as("attempts after 0, 5, 15, 35, 75, 155, 315, 635, 1235, 1835, 2435 and 3035 seconds")
                .hasSize(12);
        assertThat(condition(point).reason).isEqualTo(Reason.MoverFailed.name());
        assertThat(condition(point).message).contains("no mover could start; will retry");

        failure = null;
        clock.pass(deletion.deleteData(point).orElseThrow());
        assertThat(deletion.deleteData(point)).isEmpty();
        assertThat(forgotten).containsExactly(snapshot("shop"));
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
        failure = "exit 1";
        assertThat(deletion.deleteData(point)).isPresent();

        point.getSpec().deletionPolicy = DeletionPolicy.Retain;
        assertThat(deletion.deleteData(point)).isEmpty();
    }

    /** A quota of the operator's namespace, or a large repository, needs the resources that a capture has too. */
    @Test
    void deletesSnapshotsWithTheSettingsOfThePolicy() {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("none");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        policy.getSpec().volumes.mover = new MoverSettings();
        policy.getSpec().volumes.mover.nodeSelector = Map.of("pool", "backup");
        client.resource(policy).create();
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);

        assertThat(deletion.deleteData(point)).isEmpty();

        assertThat(asked)
                .singleElement()
                .satisfies(r -> assertThat(r.settings().nodeSelector).containsEntry("pool", "backup"));
    }

    /** A prune deletes the data of a snapshot that it does not see. */
    @Test
    void prunesNoRepositoryThatLacksTheSnapshotOfAnotherPoint() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        String other = "cd".repeat(32);
        object("shop", "other", s -> {
            VolumeStatus volume = new VolumeStatus();
            volume.pvc = "data";
            volume.repositorySnapshot = other;
            s.volumes = List.of(volume);
            Conditions.of(s, 1L, Clock.systemUTC()).succeeded(Reason.Completed, "sealed");
        });

        assertThat(deletion.deleteData(point)).isPresent();

        assertThat(forgotten).isEmpty();
        Condition ready = client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("p")
                .get()
                .getStatus()
                .condition(Condition.READY)
                .orElseThrow();
        assertThat(ready.reason).isEqualTo(Reason.Tampered.name());
        assertThat(ready.message).contains("lacks a snapshot of RestorePoint shop/other");

        write(TestRegister.of("east", "shop").snapshot(other));
        clock.pass(Duration.ofSeconds(5));
        assertThat(deletion.deleteData(point)).isEmpty();
        assertThat(forgotten).containsExactly(snapshot("shop"));
    }

    /** The other site may copy the data at this moment. */
    @Test
    void deletesNoSnapshotsInARepositoryThatAnotherSiteOwnsToo() {
        RestorePoint point = object("shop", "p", s -> {});
        seal("shop", "p", uid(point), null);
        TestRegister.addOwner(disk, TestRegister.of("east", "shop"), PointKeys.source("west", "shop"));

        assertThat(deletion.deleteData(point)).isPresent();

        assertThat(forgotten).isEmpty();
        assertThat(condition(point).reason).isEqualTo(Reason.Conflict.name());
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
        assertThat(forgotten).isEmpty();
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
        assertThat(forgotten).isEmpty();
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
        assertThat(forgotten).isEmpty();
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
        assertThat(forgotten).containsExactly(snapshot("shop"));
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .anySatisfy(e -> assertThat(e.getMessage()).contains("another site or namespace captured the point"));
    }

    private PointDeletion deletion(BreakwaterConfig config, Stores stores, LocationResolver locations) {
        return new PointDeletion(
                client,
                config,
                locations,
                stores,
                catalog,
                TestRepositories.with(List::of),
                new RecordingMovers(),
                new JobSteps(),
                new PointCopies(null, null, null, null, null, null, null, null, null, null, null, null, null),
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

    /** Seal and archives of a point that are not deleted. */
    private List<String> listed(String namespace, String point) {
        PointKey key = PointKeys.of("east", namespace, point);
        SoftDeleteStore visible = TestRegister.visible(disk, "east", namespace);
        List<String> keys = new ArrayList<>();
        visible.list(key.directory(), o -> keys.add(o.key()));
        visible.list("breakwater/archives/", o -> keys.add(o.key()));
        return keys;
    }

    private Condition condition(RestorePoint point) {
        return client.resource(point)
                .get()
                .getStatus()
                .condition(Condition.READY)
                .orElseThrow();
    }

    private final class RecordingMovers extends MoverJobs {
        RecordingMovers() {
            super(null, null, null, null);
        }

        @Override
        public Set<String> runs(String namespace) {
            return Set.of();
        }

        @Override
        public State poll(Request request) {
            jobs.add(request.run());
            asked.add(request);
            if (failure != null) {
                return new State.Failed(failure);
            }
            if (running) {
                return new State.Running("is read");
            }
            forgotten.addAll(((MoverTask.Forget) request.task()).snapshots());
            return new State.Succeeded(null);
        }

        @Override
        public void delete(String namespace, String run) {
            jobs.remove(run);
        }

        @Override
        public void discard(Request request) {
            jobs.remove(request.run());
        }
    }

    /** Deletes the Jobs of the capture, in a namespace that is also the operator's. */
    private final class JobSteps extends CaptureSteps {
        JobSteps() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        boolean cleanUp(RestorePoint point, String since, Instant now) {
            if (jobs.remove(RunLabel.of(point))) {
                deletedJobs++;
            }
            return true;
        }
    }
}
