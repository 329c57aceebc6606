package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The frame that all controllers of BackupLocations share. */
class LocationControllerTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration RETRY = Duration.ofMinutes(5);
    private static final Duration LOOK = LocationWork.QUOTA.betweenRounds().orElseThrow();

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final HandClock clock = new HandClock();
    private final BlockingQueue<ResourceID> woken = new LinkedBlockingQueue<>();
    private HandController controller;
    private BackupLocation location;

    @BeforeEach
    void make() {
        controller = start(new HandController(LocationWork.QUOTA));
        location = client.resource(location("disk")).create();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void reportsAResultOnceAndWaitsForThePause() throws InterruptedException {
        assertThat(reconcile()).as("while it runs").contains(LOOK);
        finish(() -> "result");
        assertThat(reconcile()).as("between rounds").contains(LOOK);
        assertThat(controller.log).containsExactly("done disk result 1");

        clock.pass(HOUR.minusSeconds(1));
        reconcile();
        assertNothingStarted();
        clock.pass(Duration.ofSeconds(1));
        reconcile();
        finish(() -> "another");
        reconcile();
        assertThat(controller.log).containsExactly("done disk result 1", "done disk another 1");
    }

    @Test
    void leavesTheNextTimeToWorkWithoutRounds() throws InterruptedException {
        controller = start(new HandController(LocationWork.CATALOG));

        assertThat(reconcile()).as("while it runs").contains(Duration.ofMinutes(1));
        finish(() -> "result");
        assertThat(reconcile()).as("once it is done").contains(HOUR);
        assertThat(reconcile()).as("at the next event").contains(Duration.ofMinutes(1));
        finish(LocationControllerTest::fail);
        assertThat(reconcile()).as("once it failed").contains(RETRY);
        assertThat(controller.log).containsExactly("done disk result 1", "failed disk StoreUnavailable");
    }

    @Test
    void startsRoundsThatDeleteWithTheLocationOfTheApiServer() throws InterruptedException {
        BackupLocation earlier = client.resource(location).get();
        change(AccessMode.ReadWrite, 2);
        ObjectCache behind = new ObjectCache(client, new SharedInformers(client), new StatusWriter(client)) {
            @Override
            public <T extends HasMetadata> T find(Class<T> type, String namespace, String name) {
                return type.cast(client.getKubernetesSerialization().clone(earlier));
            }
        };
        controller = start(new HandController(LocationWork.TOMBSTONES, behind));
        reconcile();
        finish(() -> "swept");
        reconcile();
        assertThat(controller.log).containsExactly("done disk swept 2");

        BackupLocation gone = client.resource(location).get();
        gone.getSpec().accessMode = AccessMode.ReadOnly;
        client.resource(gone).update();
        controller = start(new HandController(LocationWork.TOMBSTONES, behind));
        await().until(() -> {
            reconcile();
            return controller.log.contains("failed disk Deleting");
        });
        assertNothingStarted();
    }

    @Test
    void reportsAnErrorOfTheProbeAsAFailure() {
        LocationProbe probe = new LocationProbe(null, null, null, TestConfig.of(Map.of()), clock) {
            @Override
            public Findings run(BackupLocation location) {
                throw new StackOverflowError("deep");
            }
        };
        var reconciler =
                new BackupLocationReconciler(TestObjects.of(client), probe, null, null, null, null, null, null, clock);

        assertThatThrownBy(() -> reconciler.work(location))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.InternalError);
                    assertThat(e.isRetryable()).isTrue();
                })
                .hasMessage("probe failed, will retry: deep");
    }

    @Test
    void waitsUntilTheLocationIsReady() throws InterruptedException {
        ready(false);
        assertThat(reconcile()).contains(LOOK);
        assertNothingStarted();

        ready(true);
        reconcile();
        finish(() -> "result");
        reconcile();
        assertThat(controller.log).containsExactly("done disk result 1");
    }

    @Test
    void startsWorkThatDoesNotNeedReadiness() throws InterruptedException {
        ready(false);
        controller = start(new HandController(LocationWork.PROBE) {
            @Override
            protected boolean needsReady() {
                return false;
            }
        });

        assertThat(reconcile()).contains(Duration.ofSeconds(5));
        finish(() -> "probed");
        reconcile();
        assertThat(controller.log).containsExactly("done disk probed 1");
    }

    @Test
    void releasesALocationThatIsBeingDeleted() throws InterruptedException {
        BackupLocation held = client.resource(location).get();
        held.getMetadata().setFinalizers(List.of("test.breakwater.io/hold"));
        client.resource(held).update();
        client.resource(held).delete();

        assertThat(reconcile()).isEmpty();
        assertThat(controller.log).containsExactly("forget disk", "released disk");
        assertNothingStarted();
    }

    @Test
    void releasesALocationThatBecomesReadOnly() throws InterruptedException {
        reconcile();
        finish(() -> "result");
        reconcile();
        change(AccessMode.ReadOnly, 2);
        assertThat(reconcile()).isEmpty();
        assertThat(controller.log).containsExactly("done disk result 1", "forget disk", "released disk");
        assertNothingStarted();

        change(AccessMode.ReadWrite, 3);
        reconcile();
        finish(() -> "again");
        reconcile();
        assertThat(controller.log).last().isEqualTo("done disk again 3");
    }

    @Test
    void forgetsALocationThatIsGone() throws InterruptedException {
        client.resource(location).delete();

        assertThat(reconcile()).isEmpty();
        assertThat(controller.log).containsExactly("forget disk");
        assertNothingStarted();
    }

    @Test
    void forgetsAGoneLocationWhenAnotherIsReconciled() {
        reconcile();
        client.resource(location).delete();
        BackupLocation other = client.resource(location("other")).create();

        controller.reconcile(other, null);
        controller.reconcile(other, null);

        assertThat(controller.log).containsExactly("forget disk");
    }

    @Test
    void forgetsALocationThatWasReplaced() throws InterruptedException {
        reconcile();
        finish(() -> "old");
        reconcile();
        client.resource(location).delete();
        location = client.resource(location("disk")).create();
        reconcile();
        finish(() -> "new");
        reconcile();

        assertThat(controller.log).containsExactly("done disk old 1", "forget disk", "done disk new 1");
    }

    @Test
    void repeatsFailedWorkAfterItsPause() throws InterruptedException {
        reconcile();
        finish(LocationControllerTest::fail);
        assertThat(reconcile()).contains(LOOK);
        assertThat(controller.log).containsExactly("failed disk StoreUnavailable");

        clock.pass(RETRY.minusSeconds(1));
        reconcile();
        assertNothingStarted();
        clock.pass(Duration.ofSeconds(1));
        reconcile();
        finish(() -> "result");
        reconcile();
        assertThat(controller.log).containsExactly("failed disk StoreUnavailable", "done disk result 1");
    }

    @Test
    void leavesUnexpectedErrorsToTheRetryOfTheSdk() throws InterruptedException {
        reconcile();
        finish(() -> {
            throw new IllegalStateException("a bug");
        });
        assertThatThrownBy(this::reconcile).hasMessage("a bug");

        reconcile();
        finish(() -> "result");
        reconcile();
        assertThat(controller.log).containsExactly("done disk result 1");
    }

    @Test
    void repeatsOnlyTheReportWhenItFails() throws InterruptedException {
        controller.broken = true;
        reconcile();
        finish(() -> "result");
        assertThatThrownBy(this::reconcile).hasMessage("no API server");
        assertThatThrownBy(this::reconcile).hasMessage("no API server");

        controller.broken = false;
        assertThat(reconcile()).contains(LOOK);
        assertThat(controller.log).containsExactly("done disk result 1");
        clock.pass(HOUR.minusSeconds(1));
        reconcile();
        assertNothingStarted();
    }

    @Test
    void repeatsWorkAfterAPauseWhenItsReportCanNeverBeWritten() throws InterruptedException {
        controller.broken = true;
        reconcile();
        finish(() -> "lost");
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(this::reconcile).hasMessage("no API server");
        }

        controller.broken = false;
        reconcile();
        clock.pass(Duration.ofMinutes(10).minusSeconds(1));
        reconcile();
        assertNothingStarted();
        clock.pass(Duration.ofSeconds(1));
        reconcile();
        finish(() -> "result");
        reconcile();
        assertThat(controller.log).containsExactly("done disk result 1");
    }

    @Test
    void waitsLongerBeforeAListingThatExceededALimit() throws InterruptedException {
        controller = start(new HandController(LocationWork.CATALOG));
        reconcile();
        finish(() -> {
            throw BreakwaterException.permanent(Reason.TooManyObjects, "endless");
        });

        assertThat(reconcile()).contains(Duration.ofMinutes(10));
        assertThat(controller.log).containsExactly("failed disk TooManyObjects");
    }

    @Test
    void startsAnotherRoundAfterAChangeDuringTheWork() throws InterruptedException {
        reconcile();
        awaitStart();
        change(AccessMode.ReadWrite, 2);
        assertThat(reconcile()).contains(LOOK);
        assertNothingStarted();
        end(() -> "old spec");
        reconcile();
        reconcile();
        finish(() -> "new spec");
        reconcile();

        assertThat(controller.log).containsExactly("done disk old spec 1", "done disk new spec 2");
        reconcile();
        assertNothingStarted();
    }

    @Test
    void startsARequestedRoundBeforeThePauseEnds() throws InterruptedException {
        reconcile();
        finish(() -> "result");
        reconcile();
        controller.requested = true;
        reconcile();
        finish(() -> "requested");
        reconcile();
        assertThat(controller.log).containsExactly("done disk result 1", "done disk requested 1");
    }

    @Test
    void advancesAFollowUpBeforeTheNextRound() throws InterruptedException {
        controller.followUps = 2;
        assertThat(reconcile()).contains(Duration.ofSeconds(3));
        assertThat(reconcile()).contains(Duration.ofSeconds(3));
        assertNothingStarted();

        reconcile();
        finish(() -> "result");
        controller.followUps = 1;
        reconcile();
        assertThat(controller.log).as("while there is a follow-up").isEmpty();
        assertThat(reconcile()).contains(LOOK);
        assertThat(controller.log).containsExactly("done disk result 1");
    }

    @Test
    void worksOnEachLocationSeparately() throws InterruptedException {
        BackupLocation other = client.resource(location("other")).create();
        reconcile();
        controller.reconcile(other, null);
        finish(() -> "one");
        finish(() -> "one");
        reconcile();
        controller.reconcile(other, null);

        assertThat(controller.log).containsExactly("done disk one 1", "done other one 1");
    }

    private HandController start(HandController started) {
        TestLocations.start(started, client, woken::add);
        return started;
    }

    /** Reconciles, and returns when the location is to be reconciled again. */
    private Optional<Duration> reconcile() {
        return controller.reconcile(location, null).getScheduleDelay().map(Duration::ofMillis);
    }

    /** Waits until work was started, ends it, and waits until its location is woken. */
    private void finish(Supplier<String> result) throws InterruptedException {
        awaitStart();
        end(result);
    }

    private void awaitStart() throws InterruptedException {
        assertThat(controller.started.tryAcquire(20, TimeUnit.SECONDS))
                .as("work was started")
                .isTrue();
    }

    private void end(Supplier<String> result) throws InterruptedException {
        controller.results.add(result);
        assertThat(woken.poll(20, TimeUnit.SECONDS))
                .as("location that is woken")
                .isNotNull();
    }

    private void assertNothingStarted() throws InterruptedException {
        assertThat(controller.started.tryAcquire(100, TimeUnit.MILLISECONDS))
                .as("work was started")
                .isFalse();
    }

    private static String fail() {
        throw BreakwaterException.retryable(Reason.StoreUnavailable, "it is down");
    }

    private void ready(boolean ready) {
        BackupLocation now = client.resource(location).get();
        now.setStatus(status(ready));
        location = client.resource(now).update();
    }

    private void change(AccessMode mode, long generation) {
        BackupLocation now = client.resource(location).get();
        now.getSpec().accessMode = mode;
        now.getMetadata().setGeneration(generation);
        location = client.resource(now).update();
    }

    private static BackupLocation location(String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName(name);
        location.setSpec(new BackupLocationSpec());
        location.setStatus(status(true));
        return location;
    }

    private static BackupLocationStatus status(boolean ready) {
        Condition condition = new Condition();
        condition.type = Condition.READY;
        condition.status = ready ? "True" : "False";
        BackupLocationStatus status = new BackupLocationStatus();
        status.conditions.add(condition);
        return status;
    }

    /** A controller whose work waits until a test gives its result. */
    private class HandController extends LocationController<String> {
        private final BlockingQueue<Supplier<String>> results = new LinkedBlockingQueue<>();
        private final Semaphore started = new Semaphore(0);
        private final List<String> log = new ArrayList<>();
        private volatile boolean broken;
        private volatile boolean requested;
        private volatile int followUps;

        HandController(LocationWork kind) {
            this(kind, TestObjects.of(client));
        }

        HandController(LocationWork kind, ObjectCache objects) {
            super(objects, kind, clock);
        }

        @Override
        protected boolean applies(BackupLocation location) {
            return super.applies(location) && location.getSpec().accessMode != AccessMode.ReadOnly;
        }

        @Override
        protected boolean isRequested(BackupLocation location) {
            return requested;
        }

        @Override
        protected boolean hasFollowUp(BackupLocation location) {
            return followUps > 0;
        }

        @Override
        protected void advanceFollowUp(BackupLocation location) {
            followUps--;
        }

        @Override
        protected String work(BackupLocation location) {
            started.release();
            try {
                return results.take().get() + " " + location.getMetadata().getGeneration();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        protected Duration done(BackupLocation location, String result) {
            if (broken) {
                throw new IllegalStateException("no API server");
            }
            log.add("done " + location.getMetadata().getName() + " " + result);
            return HOUR;
        }

        @Override
        protected Duration failed(BackupLocation location, BreakwaterException e) {
            log.add("failed " + location.getMetadata().getName() + " " + e.reason());
            return RETRY;
        }

        @Override
        protected void released(BackupLocation location) {
            log.add("released " + location.getMetadata().getName());
        }

        @Override
        protected void forget(BackupLocation location) {
            log.add("forget " + location.getMetadata().getName());
        }
    }
}
