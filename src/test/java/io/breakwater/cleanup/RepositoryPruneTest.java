package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.failover.PlanRole;
import io.breakwater.failover.PlanRoles;
import io.breakwater.gateway.StaleEpochGuard;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.points.TestIndex;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.ForwardingStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.TestStores;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKeys;
import io.breakwater.watch.SharedInformers;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The prune of one repository, with other users of it, failures and restarts. */
class RepositoryPruneTest {
    private static final OwnedRepository SHOP = TestRegister.of("east", "shop");
    private static final String SNAPSHOT = "ab".repeat(32);

    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.site", "east"));
    private final BackupLocation location = new BackupLocation();
    private final HandMovers movers = new HandMovers();
    private Optional<PlanRole> role = Optional.empty();
    private boolean copying;
    private boolean copiesStart;
    private ObjectStore disk;

    @BeforeEach
    void create() {
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("disk");
        location.getMetadata().setUid("disk");
        location.setSpec(new BackupLocationSpec());
        location.setStatus(new BackupLocationStatus());
        disk = TestStores.filesystem(directory);
        TestRegister.create(disk, "east", "shop");
        write(SHOP.prefix() + "config");
        write(SHOP.snapshot(SNAPSHOT));
        point("sealed", "True");
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void prunesAndRecordsTheResult() {
        assertThat(finished(process())).isEqualTo(new RepositoryPrune.State.Succeeded(7));

        assertThat(movers.asked).hasSize(1).allSatisfy(r -> {
            assertThat(r.task()).isEqualTo(new MoverTask.Prune("10G"));
            assertThat(r.access().guard()).isEmpty();
        });
        PruneRecord record = PruneRecord.read(disk, SHOP.id());
        assertThat(record.isRunning()).isFalse();
        assertThat(record.failures()).isZero();
        assertThat(record.remaining()).isEqualTo(90);
        assertThat(record.until()).isEqualTo(record.covers());
        assertThat(movers.jobs).as("a Job that stays would block copies").isEmpty();
    }

    /** A location that does not answer delays no other one, and a write in the meantime has precedence. */
    @Test
    void readsARecordWithoutADelayForOthers() throws Exception {
        RepositoryPrune prune = process();
        BackupLocation other = new BackupLocation();
        other.getMetadata().setUid("other");
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        ObjectStore hanging = new ForwardingStore(disk) {
            @Override
            public Optional<Document> read(String key, int max) {
                Optional<Document> earlier = super.read(key, max);
                asked.countDown();
                try {
                    answer.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return earlier;
            }
        };
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<PruneRecord> slow = threads.submit(() -> prune.record(location, hanging, SHOP.id(), Instant.now()));
            asked.await();
            Future<?> others = threads.submit(() -> {
                prune.record(other, disk, SHOP.id(), Instant.now());
                prune.forget(other);
            });
            try {
                await().until(others::isDone);
                assertThat(finished(prune)).isInstanceOf(RepositoryPrune.State.Succeeded.class);
            } finally {
                answer.countDown();
            }
            assertThat(slow.get().remaining()).isEqualTo(90);
            assertThat(prune.record(location, disk, SHOP.id(), Instant.now()).remaining())
                    .isEqualTo(90);
        }
    }

    /** The operator is killed while the Job runs, or after it ended. */
    @Test
    void continuesTheJobOfAKilledOperator() {
        movers.running = true;
        RepositoryPrune killed = process();
        await().until(() -> {
            killed.advance(location, SHOP);
            return !movers.jobs.isEmpty();
        });
        String started = PruneRecord.read(disk, SHOP.id()).started();
        movers.running = false;

        assertThat(finished(process())).isEqualTo(new RepositoryPrune.State.Succeeded(7));
        assertThat(PruneRecord.read(disk, SHOP.id()).started()).isEqualTo(started);
        assertThat(movers.created).as("Jobs").isEqualTo(1);
    }

    /** The operator is killed after it recorded the end, and before it deleted the Job. */
    @Test
    void takesNoResultOfAnEarlierJob() {
        PruneRecord.NONE.start(Instant.now()).fail(Instant.now()).write(disk, SHOP.id());
        movers.jobs.add(RunLabel.ofPrune(location, SHOP.id()));

        assertPostponed("the Job of the last prune is being deleted");
        assertThat(movers.jobs).isEmpty();
        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Succeeded.class);
        assertThat(movers.created).isEqualTo(1);
    }

    /** Others get the places of a round that it would take without any effect. */
    @Test
    void remembersWhichPrunesCouldNotStart() {
        RepositoryPrune prune = process();
        copying = true;
        finished(prune);
        assertThat(prune.lastPostponed(location, SHOP.id())).isEqualTo(1);
        finished(prune);
        assertThat(prune.lastPostponed(location, SHOP.id())).isEqualTo(2);

        copying = false;
        assertThat(finished(prune)).isInstanceOf(RepositoryPrune.State.Succeeded.class);
        assertThat(prune.lastPostponed(location, SHOP.id())).isZero();
    }

    /** Its record shows a start, and its Job was deleted. */
    @Test
    void startsNoPruneAgainAtOnceWhenItsJobIsGone() {
        PruneRecord.NONE.start(Instant.now()).write(disk, SHOP.id());

        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Interrupted.class);
        assertThat(movers.created).isZero();
        assertThat(PruneRecord.read(disk, SHOP.id()).failures()).isEqualTo(1);
    }

    @Test
    void waitsForCapturesCopiesAndKeyChanges() {
        RestorePoint capture = point("capture", "Unknown");
        assertPostponed("a capture uses the repository");
        client.resource(capture).delete();

        copying = true;
        assertPostponed("a copy uses the repository");
        copying = false;

        location.getStatus().keyId = "new";
        String rekey = RunLabel.ofRekey(location, SHOP.id(), "new");
        movers.jobs.add(rekey);
        assertPostponed("keys of the repository are being changed");
        movers.jobs.remove(rekey);

        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Succeeded.class);
    }

    /** A prune holds an exclusive lock, for which the mover of the capture would wait. */
    @Test
    void stopsForACapture() {
        movers.running = true;
        RepositoryPrune prune = process();
        await().until(() -> {
            prune.advance(location, SHOP);
            return !movers.jobs.isEmpty();
        });
        point("capture", "Unknown");

        assertThat(finished(prune)).isInstanceOf(RepositoryPrune.State.Interrupted.class);
        assertThat(movers.jobs).isEmpty();
        assertThat(PruneRecord.read(disk, SHOP.id()).isRunning()).isFalse();
    }

    /** With frequent captures no prune would end. The movers of captures wait for its lock. */
    @Test
    void continuesDuringCapturesWhenTheGarbageIsVeryOld() {
        movers.running = true;
        point("capture", "Unknown");
        RepositoryPrune prune = process();
        prune.found(location, SHOP.id(), new RepositoryPrune.Round(Instant.now(), true));
        await().until(() -> {
            prune.advance(location, SHOP);
            return !movers.jobs.isEmpty();
        });
        point("later", "Unknown");
        int asked = movers.asked.size();
        await().until(() -> {
            assertThat(prune.advance(location, SHOP)).isInstanceOf(RepositoryPrune.State.Running.class);
            return movers.asked.size() > asked + 1;
        });
        movers.running = false;

        assertThat(finished(prune)).isInstanceOf(RepositoryPrune.State.Succeeded.class);
    }

    /** A point is deleted after the round hid snapshots, and before the prune starts: the prune sees its snapshots. */
    @Test
    void freesOnlyWhatItsRoundHasHidden() {
        Instant began = Instant.now().minusSeconds(600);
        RepositoryPrune prune = process();
        prune.found(location, SHOP.id(), new RepositoryPrune.Round(began, false));

        assertThat(finished(prune)).isInstanceOf(RepositoryPrune.State.Succeeded.class);

        PruneRecord record = PruneRecord.read(disk, SHOP.id());
        assertThat(record.isPending(began.plusSeconds(1))).isTrue();
        assertThat(record.isPending(began.minusSeconds(1))).isFalse();
    }

    @Test
    void startsNoJobForACopyThatStartedAfterTheChecks() {
        copiesStart = true;

        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Interrupted.class);
        assertThat(movers.created).isZero();
        assertThat(PruneRecord.read(disk, SHOP.id()).isRunning()).isFalse();
    }

    /** A prune deletes the data of a snapshot that it does not see. */
    @Test
    void prunesNothingWhileASnapshotOfAPointIsMissing() {
        disk.delete(SHOP.snapshot(SNAPSHOT));

        assertFailed(Reason.Tampered, "lacks a snapshot of RestorePoint shop/sealed");
        assertThat(PruneRecord.read(disk, SHOP.id()).failures()).isEqualTo(1);

        write(SHOP.snapshot(SNAPSHOT));
        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Succeeded.class);
    }

    @Test
    void prunesNoRepositoryThatAnotherSiteOwnsToo() {
        TestRegister.addOwner(disk, SHOP, PointKeys.source("west", "shop"));

        assertFailed(Reason.Conflict, "site west owns it too");
    }

    @Test
    void prunesNothingWithoutARepository() {
        disk.delete(SHOP.prefix() + "config");

        assertPostponed("has no config");
        assertThat(PruneRecord.read(disk, SHOP.id())).isEqualTo(PruneRecord.NONE);
    }

    /** The gateway refuses the writes of the Job too, when a later epoch starts while it runs. */
    @Test
    void prunesOnlyAsTheActiveSiteInTheCurrentEpoch() {
        role = Optional.of(role(Role.Passive, 3));
        assertPostponed("FailoverPlan plan is not active here");

        BackupLocation rendezvous = new BackupLocation();
        rendezvous.getMetadata().setNamespace("shop");
        rendezvous.getMetadata().setName("disk");
        rendezvous.setSpec(new BackupLocationSpec());
        client.resource(rendezvous).create();
        role = Optional.of(role(Role.Active, 2));
        assertFailed(Reason.LeaseLost, "epoch 2 is over");

        role = Optional.of(role(Role.Active, 3));
        assertThat(finished(process())).isInstanceOf(RepositoryPrune.State.Succeeded.class);
        assertThat(movers.asked.getLast().access().guard().orElseThrow().epoch())
                .isEqualTo(3);
    }

    @Test
    void recordsTheFailureOfAJob() {
        movers.failure = "exit 11: it is locked";

        assertFailed(Reason.MoverFailed, "it is locked");
        PruneRecord record = PruneRecord.read(disk, SHOP.id());
        assertThat(record.failures()).isEqualTo(1);
        assertThat(record.until()).isNull();
        assertThat(movers.jobs).isEmpty();
    }

    /** Someone else writes a record, to prevent prunes or to make them endless. */
    @Test
    void ignoresARecordWithoutAValidSignature() {
        disk.write(
                "breakwater/prunes/" + SHOP.id() + ".json",
                "{\"schemaVersion\":1,\"started\":\"2999-01-01T00:00:00Z\"}".getBytes(StandardCharsets.UTF_8),
                Precondition.NONE);

        assertThat(PruneRecord.read(disk, SHOP.id())).isEqualTo(PruneRecord.NONE);
    }

    private void assertPostponed(String why) {
        assertThat(finished(process()))
                .isInstanceOfSatisfying(
                        RepositoryPrune.State.Postponed.class,
                        state -> assertThat(state.message()).contains(why));
        assertThat(movers.created).isZero();
    }

    private void assertFailed(Reason reason, String why) {
        assertThat(finished(process())).isInstanceOfSatisfying(RepositoryPrune.State.Failed.class, state -> {
            assertThat(state.cause().reason()).isEqualTo(reason);
            assertThat(state.cause().getMessage()).contains(why);
        });
    }

    private RepositoryPrune.State finished(RepositoryPrune prune) {
        return await().until(
                        () -> prune.advance(location, SHOP),
                        state -> !(state instanceof RepositoryPrune.State.Running));
    }

    private static PlanRole role(Role role, long epoch) {
        NamedRef ref = new NamedRef("disk");
        return new PlanRole("plan", "policy", role, epoch, ref, ref, ref);
    }

    /** A process that has read nothing. */
    private RepositoryPrune process() {
        return new RepositoryPrune(
                config,
                TestStores.always(disk),
                TestIndex.empty(client),
                movers,
                new PointCopies(null, null, null, null, null, null, null, null, null, null, null, null, null) {
                    @Override
                    public boolean busy(String repository) {
                        boolean now = copying;
                        copying |= copiesStart;
                        return now;
                    }
                },
                new IdentityRule(config, PointKeys.identities("east")),
                TestRegister.of(disk),
                new PlanRoles(TestObjects.of(client), new SharedInformers(client), config, Clock.systemUTC()) {
                    @Override
                    public Optional<PlanRole> roleOf(String namespace) {
                        return role;
                    }
                },
                locations(),
                new StaleEpochGuard(3),
                Clock.systemUTC());
    }

    private LocationResolver locations() {
        return TestLocations.of(client, config);
    }

    private RestorePoint point(String name, String succeeded) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Manual;
        RestorePointStatus s = new RestorePointStatus();
        PointKeys.state(s, PointKeys.of("east", "shop", name));
        s.location = "disk";
        VolumeStatus volume = new VolumeStatus();
        volume.repositorySnapshot = succeeded.equals("True") ? SNAPSHOT : null;
        s.volumes = List.of(volume);
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = succeeded;
        s.conditions.add(condition);
        point.setStatus(s);
        return client.resource(point).create();
    }

    private void write(String key) {
        disk.write(key, key.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
    }

    private static final class HandMovers extends MoverJobs {
        final Set<String> jobs = new HashSet<>();
        final List<Request> asked = new ArrayList<>();
        int created;
        volatile boolean running;
        String failure;

        HandMovers() {
            super(null, null, null, null);
        }

        @Override
        public synchronized State poll(Request request) {
            asked.add(request);
            if (jobs.add(request.run())) {
                created++;
            }
            if (running) {
                return new State.Running("is pruning");
            }
            return failure != null
                    ? new State.Failed(failure)
                    : new State.Succeeded(JsonNodeFactory.instance
                            .objectNode()
                            .put("deleted", 7)
                            .put("remaining", 90));
        }

        @Override
        public synchronized Set<String> runs(String namespace) {
            return Set.copyOf(jobs);
        }

        @Override
        public synchronized void delete(String namespace, String run) {
            jobs.remove(run);
        }
    }
}
