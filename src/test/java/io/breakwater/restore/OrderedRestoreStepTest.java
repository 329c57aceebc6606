package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.resource.workload.Awaited;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Later stages wait for earlier ones, continue after a kill, and are reported when they are not restored. */
class OrderedRestoreStepTest {
    private static final String NS = "shop";
    private static final Awaited DB =
            new Awaited("/apis/apps/v1/namespaces/shop/statefulsets/db", "StatefulSet", "db", false);
    private static final Awaited MIGRATE =
            new Awaited("/apis/batch/v1/namespaces/shop/jobs/migrate", "Job", "migrate", false);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final NamespaceGate gate = new NamespaceGate(client, TestConfig.of(Map.of()));
    private final List<Integer> restored = new ArrayList<>();
    private final SettableClock clock = new SettableClock();
    private ApplyReport report = new ApplyReport(2, 0, 1, 0, 0, List.of(), List.of(), List.of(), List.of());
    private RestoreOrder order = new RestoreOrder(List.of(
            stage(1, DB, "spec.order[0]", List.of("Deployment/api")),
            stage(2, MIGRATE, "spec.order[1]", List.of("Deployment/web"))));
    private RestoreRun run;

    /** A clock that the test sets. */
    private static final class SettableClock extends Clock {
        private Instant now = Instant.now();

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    @BeforeEach
    void restore() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NS)
                        .endMetadata()
                        .build())
                .create();
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(NS);
        restore.getMetadata().setName("r");
        restore.getMetadata().setUid("u");
        restore.setSpec(new RestoreSpec());
        restore.setStatus(new RestoreStatus());
        restore.getStatus().startedAt = clock.instant().toString();
        restore.getStatus().created = 5;
        run = new RestoreRun(
                client.resource(restore).create(), new PlainStatusWriter(client), clock, () -> null, () -> {});
        gate.close(NS, RestoreRun.holder(run.restore()));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void startsEachStageWhenItsPredecessorsAreReady() {
        OrderedRestoreStep step = step();
        assertThat(waits(step)).isEqualTo("waiting for StatefulSet db: it does not exist");
        database(0);
        assertThat(waits(step)).isEqualTo("waiting for StatefulSet db: 0 of 1 ready");
        assertThat(restored).isEmpty();
        database(1);
        assertThat(waits(step)).isEqualTo("waiting for Job migrate: it does not exist");
        assertThat(restored).containsExactly(1);
        assertThat(held()).containsExactly("Deployment/web");
        job("Complete");
        done(step);
        assertThat(restored).containsExactly(1, 2);
        assertThat(gate.closedBy(NS, RestoreRun.holder(run.restore()))).isFalse();
        assertThat(run.status().created).isEqualTo(5 + 2 + 2);
        assertThat(run.status().replaced).isEqualTo(2);
        assertThat(run.status().stages)
                .allSatisfy(s -> assertThat(s.finishedAt).isNotNull())
                .extracting(s -> s.stage)
                .containsExactly(1, 2);
    }

    @Test
    void resumesTheUnfinishedStageInAnotherProcess() {
        database(1);
        waits(step());
        assertThat(restored).containsExactly(1);
        job("Complete");
        done(step());
        assertThat(restored).as("the first stage is not repeated").containsExactly(1, 2);
        assertThat(run.status().created).isEqualTo(5 + 2 + 2);
    }

    @Test
    void continuesTheStageTimeoutAfterAKill() {
        waits(step());
        clock.now = clock.now.plus(Duration.ofMinutes(6));
        assertThatThrownBy(() -> waits(step())).hasMessageContaining("not up within 5m");
    }

    @Test
    void reportsTheTimeoutAndTheMissingObjects() {
        database(0);
        OrderedRestoreStep step = step();
        waits(step);
        clock.now = clock.now.plus(Duration.ofMinutes(4));
        assertThat(waits(step)).startsWith("waiting for StatefulSet db: 0 of 1 ready");
        clock.now = clock.now.plus(Duration.ofMinutes(2));
        gate.close(NS, "failoverplan/shop");
        assertThatThrownBy(() -> step.run(run, 1))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.WorkloadsNotReady);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining("spec.order[0].first not up within 5m: StatefulSet db: 0 of 1 ready")
                .hasMessageContaining("also held by failoverplan/shop")
                .hasMessageContaining("6 objects of later stages were not restored (Deployment/api, Deployment/web)");
        assertThat(restored).isEmpty();
    }

    @Test
    void failsWhenAnObjectCannotBecomeReady() {
        database(1);
        job("Failed");
        assertThatThrownBy(() -> waits(step()))
                .hasMessageContaining("spec.order[1].first cannot come up: Job migrate: it failed")
                .hasMessageContaining("3 objects of later stages were not restored (Deployment/web)");
        assertThat(held()).as("the pods stay held").containsExactly("Deployment/web");
    }

    @Test
    void failsBeforeReleasingPodsWhenAnObjectIsRefused() {
        database(1);
        report = new ApplyReport(
                1,
                0,
                0,
                0,
                0,
                List.of(new ApplyReport.Failure("deployments.apps shop/api", "no")),
                List.of(),
                List.of(),
                List.of());
        assertThatThrownBy(() -> waits(step())).hasMessageContaining("deployments.apps shop/api: no");
        assertThat(run.status().stages.getFirst().finishedAt).isNull();
        assertThat(gate.limit(NS, RestoreRun.holder(run.restore())))
                .as("no pod is released")
                .isEmpty();
    }

    @Test
    void releasesPodsOfAFailedRestoreInOrder() {
        Restore before = new Restore();
        before.getMetadata().setNamespace(NS);
        before.getMetadata().setName("before");
        before.setSpec(new RestoreSpec());
        before.setStatus(new RestoreStatus());
        Conditions.of(before.getStatus(), 1L, clock).failed(Reason.WorkloadsNotReady, "without success");
        String holder = RestoreRun.holder(client.resource(before).create());
        gate.close(NS, holder);
        gate.open(NS, RestoreRun.holder(run.restore()));
        new RestoreGate(client, gate).releaseExcept(run, List.of("Deployment/api", "Deployment/web"));
        database(1);
        OrderedRestoreStep step = step();
        waits(step);
        assertThat(gate.limit(NS, holder)).hasValue(List.of("Deployment/web"));
        job("Complete");
        done(step);
        assertThat(gate.holders(NS)).isEmpty();
    }

    private OrderedRestoreStep step() {
        Activities activities = new Activities();
        PointArchive archives = new PointArchive(client, TestConfig.of(Map.of()), null, null) {
            @Override
            ApplyReport apply(RestoreRun of, int stage) {
                restored.add(stage);
                return report;
            }

            @Override
            RestoreOrder order(RestoreRun of) {
                return order;
            }
        };
        RestoreHooksStep hooks = new RestoreHooksStep(client, archives, activities, clock);
        return new OrderedRestoreStep(
                archives,
                new RestoreOrders(archives, activities),
                new Workloads(client),
                gate,
                new RestoreGate(client, gate),
                hooks,
                new RetryObjectsStep(archives, hooks, activities, clock),
                activities,
                clock);
    }

    /** The reason for which the step waits, once nothing else is left to do. */
    private String waits(OrderedRestoreStep step) {
        return await().until(
                                        () -> step.run(run, 1),
                                        o -> o instanceof Outcome.Wait w
                                                && w.message().startsWith("waiting"))
                        instanceof Outcome.Wait w
                ? w.message()
                : "";
    }

    private void done(OrderedRestoreStep step) {
        await().until(() -> step.run(run, 1) instanceof Outcome.Done);
    }

    private List<String> held() {
        return gate.limit(NS, RestoreRun.holder(run.restore())).orElseThrow();
    }

    private static RestoreOrder.Stage stage(int number, Awaited first, String field, List<String> held) {
        return new RestoreOrder.Stage(
                number, List.of(new RestoreOrder.Wait(field, Duration.ofMinutes(5), List.of(first))), 3, held);
    }

    private void database(int ready) {
        client.resource(new StatefulSetBuilder()
                        .withNewMetadata()
                        .withNamespace(NS)
                        .withName("db")
                        .endMetadata()
                        .withNewSpec()
                        .withReplicas(1)
                        .withNewTemplate()
                        .endTemplate()
                        .endSpec()
                        .withNewStatus()
                        .withObservedGeneration(99L)
                        .withReadyReplicas(ready)
                        .withUpdatedReplicas(ready)
                        .endStatus()
                        .build())
                .createOr(NonDeletingOperation::update);
    }

    private void job(String condition) {
        client.resource(new JobBuilder()
                        .withNewMetadata()
                        .withNamespace(NS)
                        .withName("migrate")
                        .endMetadata()
                        .withNewStatus()
                        .addNewCondition()
                        .withType(condition)
                        .withStatus("True")
                        .endCondition()
                        .endStatus()
                        .build())
                .create();
    }
}
