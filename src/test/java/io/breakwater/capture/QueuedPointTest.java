package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.TestConfig;
import io.breakwater.location.HandClock;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.WorkBudget;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.steps.WorkRequest;
import io.breakwater.steps.WorkUrgency;
import io.breakwater.trust.TestAdoption;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A point that is due while all places are taken. Its capture has no steps. */
class QueuedPointTest {
    private static final Duration LOOK = Duration.ofSeconds(30);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final HandClock clock = new HandClock();
    private final Meters meters = new Meters(new SimpleMeterRegistry(), clock);
    private final WorkBudgets budgets =
            new WorkBudgets(TestConfig.of(Map.of("breakwater.budget.captures", "1")), meters, clock);
    private final WorkBudget budget = budgets.captures();
    private final RestorePointReconciler reconciler = reconciler();
    private RestorePoint point;
    private boolean unavailable;

    @BeforeEach
    void fill() {
        clock.pass(Duration.ofDays(36_500)); // later than the creation of all objects
        budget.enter(other(), () -> {});
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("hourly");
        policy.setSpec(new BackupPolicySpec());
        client.resource(policy).create();
        point = create("p1", Trigger.Scheduled);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void writesItsStatusOnceWhileItWaits() {
        reconcile();
        assertThat(read().getStatus())
                .as("most points wait for less than ten seconds")
                .isNull();
        clock.pass(CaptureQueue.REPORT);
        reconcile();
        RestorePoint reported = read();
        Condition waits = reported.getStatus().condition(Condition.SUCCEEDED).orElseThrow();
        assertThat(waits.reason).isEqualTo(Reason.Queued.name());
        assertThat(waits.message).isEqualTo("waits for the only place for captures, 0 before it");
        assertThat(reported.getStatus().progress).isEqualTo("queued");
        assertThat(RestorePoint.needsWork(reported)).isTrue();
        for (int i = 0; i < 10; i++) {
            clock.pass(LOOK);
            budget.enter(other(), () -> {});
            reconcile();
        }
        assertThat(read().getMetadata().getResourceVersion())
                .isEqualTo(reported.getMetadata().getResourceVersion());
    }

    @Test
    void startsWhenAPlaceIsReleased() {
        reconcile();
        budget.leave(other().id());
        reconcile();

        assertThat(read().isSealed()).isTrue();
        assertThat(budget.running())
                .as("the sealed point has released its place")
                .isZero();
    }

    /** Hours in the queue are not hours of failing attempts. */
    @Test
    void retriesAfterALongWait() {
        reconcile();
        clock.pass(Duration.ofHours(2));
        budget.leave(other().id());
        unavailable = true;
        reconcile();
        assertThat(read().getStatus().condition(Condition.SUCCEEDED).orElseThrow().message)
                .contains("will retry");
        assertThat(budget.running()).as("the point continues to have its place").isEqualTo(1);
        unavailable = false;
        reconcile();
        assertThat(read().isSealed()).isTrue();
    }

    @Test
    void releasesThePlaceOfAFailedPoint() {
        reconcile();
        client.resources(BackupPolicy.class)
                .inNamespace("shop")
                .withName("hourly")
                .delete();
        budget.leave(other().id());
        reconcile();

        assertThat(read().hasFailed()).isTrue();
        assertThat(budget.running()).isZero();
    }

    @Test
    void startsTheFinalPointOfAFailoverInAFullBudget() {
        point = create("final", Trigger.Final);
        reconcile();
        assertThat(read().isSealed()).isTrue();
    }

    @Test
    void leavesTheQueueWhenItIsDeleted() {
        reconcile();
        assertThat(budget.waiting()).isEqualTo(1);
        client.resource(point).delete();
        reconciler.cleanup(point, null);
        assertThat(budget.waiting()).isZero();
    }

    private UpdateControl<RestorePoint> reconcile() {
        return reconciler.reconcile(read(), null);
    }

    private RestorePoint read() {
        return client.resource(point).get();
    }

    private RestorePoint create(String name, Trigger trigger) {
        RestorePoint created = new RestorePoint();
        created.getMetadata().setNamespace("shop");
        created.getMetadata().setName(name);
        created.setSpec(new RestorePointSpec());
        created.getSpec().trigger = trigger;
        created.getSpec().policyRef = new NamedRef("hourly");
        return client.resource(created).create();
    }

    private WorkRequest other() {
        return new WorkRequest("other", "other", "bank", "", "", WorkUrgency.Usual, clock.instant());
    }

    private RestorePointReconciler reconciler() {
        return new RestorePointReconciler(
                client,
                TestConfig.of(Map.of()),
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                meters,
                clock,
                new UnreliableRoute(),
                new PointAlertsTest.NoSteps(),
                null,
                null,
                TestAdoption.identities("east", () -> TestAdoption.namespaces("uid-", "shop", "kube-system")),
                new CaptureQueue(budgets, TestIndex.empty(client), clock),
                null);
    }

    private final class UnreliableRoute extends PointRoutes {
        UnreliableRoute() {
            super(null, null);
        }

        @Override
        public PointRoute of(BackupPolicy policy) {
            if (unavailable) {
                throw BreakwaterException.retryable(Reason.LocationNotReady, "location a is not ready");
            }
            return new PointRoute(null, List.of(), 0, Optional.empty(), true);
        }
    }
}
