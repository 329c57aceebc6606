package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.StoredObject;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.catalog.Catalog;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.gateway.LostLeaseGuard;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKeys;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What may change between the first step of a capture and its seal, hours later. */
class SealStepTest {
    private static final byte[] OLD = new byte[32];
    private static final byte[] NEW = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final MemoryStore store = new MemoryStore();
    private final BackupLocation location = new BackupLocation();
    private final BackupPolicy policy = new BackupPolicy();
    private final LostLeaseGuard guard = new LostLeaseGuard();
    private final Activities activities = new Activities();
    private Map<String, String> secret = TestKeys.data(OLD, NEW);
    private final Catalog catalog = new Catalog(TestStores.always(store), TestKeys.from(() -> secret));
    private final SealStep step = new SealStep(cluster.client(), catalog, guard, null, activities, "1");
    private CaptureRun run;

    @BeforeEach
    void capture() {
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("blob");
        location.setSpec(new BackupLocationSpec());
        policy.getMetadata().setName("hourly");
        policy.setSpec(new BackupPolicySpec());
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("p");
        point.addFinalizer(Api.FINALIZER);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point = cluster.client().resource(point).create();
        point.setStatus(new RestorePointStatus());
        run = new CaptureRun(
                        point,
                        PointKeys.source("east", "shop"),
                        new PlainStatusWriter(cluster.client()),
                        Clock.systemUTC(),
                        () -> {})
                .follow(
                        policy,
                        new PointRoute(
                                location,
                                List.of(),
                                1,
                                Optional.of(new EpochGuard.Guard(location, "shop", "plan", 1)),
                                true));
        RestorePointStatus s = point.getStatus();
        s.capturedAt = point.getMetadata().getCreationTimestamp();
        s.consistency = Consistency.Crash;
        s.volumes = new ArrayList<>();
        StoredObject archive = new StoredObject();
        archive.key = run.key().archiveKey(run.uid());
        archive.size = 1L;
        archive.sha256 = "0".repeat(64);
        s.archive = List.of(archive);
        s.resourceCount = 1;
        s.epoch = 1L;
        run.memory().opened(catalog.startPoint(location, run.key(), run.uid()));
        ArchiveIdentity identity = ArchiveIdentity.ofResources(run.key(), run.uid());
        run.memory()
                .archived(ArchiveHeader.of(
                        identity, ArchiveCipher.create(identity), TestKeys.ring(OLD, NEW), TestKeys.id(OLD)));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void seals() {
        seal();
        assertThat(sealed()).isTrue();
        assertThat(run.status().digest).isNotNull();
    }

    @Test
    void signsWithNoKeyThatTheSecretHasLost() {
        secret = TestKeys.data(NEW);

        assertThat(refusal()).isEqualTo(Reason.KeyMismatch);
        assertThat(sealed()).isFalse();
    }

    @Test
    void sealsNoPointThatIsDeletedMeanwhile() {
        cluster.client().resource(run.point()).delete();

        assertThat(refusal()).isEqualTo(Reason.RestorePointNotSealed);
        assertThat(sealed()).isFalse();
    }

    @Test
    void sealsNoPointWhoseObjectWasReplaced() {
        RestorePoint stored = cluster.client().resource(run.point()).get();
        stored.removeFinalizer(Api.FINALIZER);
        stored = cluster.client().resource(stored).update();
        cluster.client().resource(stored).delete();
        stored.getMetadata().setUid(null);
        stored.getMetadata().setResourceVersion(null);
        cluster.client().resource(stored).create();

        assertThat(refusal()).isEqualTo(Reason.RestorePointNotSealed);
        assertThat(sealed()).isFalse();
    }

    /** The store may answer slowly, and another site takes the lease meanwhile. */
    @Test
    void sealsNothingAfterTheLeaseIsLostDuringItsReads() {
        guard.passes(1);

        assertThat(refusal()).isEqualTo(Reason.LeaseLost);
        assertThat(sealed()).isFalse();
    }

    /** The policy changes while the seal is written. */
    @Test
    void reportsTheLockOfTheSeal() throws Exception {
        policy.getSpec().retention = new BackupPolicySpec.Retention();
        policy.getSpec().retention.lockedFor = "30d";
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch changed = new CountDownLatch(1);
        store.beforeWrite = key -> {
            writing.countDown();
            awaitLatch(changed);
        };
        step.run(run, 1);
        awaitLatch(writing);
        assertThat(activities.isRunning(run.uid())).isTrue();
        assertThat(activities.isRunning("another")).isFalse();
        policy.getSpec().retention.lockedFor = "1d";
        changed.countDown();
        seal();

        assertThat(activities.isRunning(run.uid())).isFalse();
        assertThat(run.status().lockedUntil)
                .isEqualTo(catalog.find(location, run.key()).orElseThrow().lockedUntil());
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void seal() {
        await().until(() -> step.run(run, 1) instanceof Outcome.Done);
    }

    private Reason refusal() {
        return catchThrowableOfType(BreakwaterException.class, this::seal).reason();
    }

    private boolean sealed() {
        return store.objects.containsKey(run.key().sealKey());
    }
}
