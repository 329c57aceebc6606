package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.Step;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.trust.TestAdoption;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The alert on failing RestorePoints, from what the real controller counts. The capture has no steps. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class PointAlertsTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    final KubernetesClient client = cluster.client();
    final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final WorkBudgets budgets = WorkBudgets.unlimited(Clock.systemUTC());
    private final RestorePointReconciler reconciler = reconciler(Clock.systemUTC());

    @AfterEach
    void close() {
        cluster.close();
    }

    /** The counter of failures does not exist before the first one. */
    @Test
    @ProvesAlerts("BreakwaterRestorePointsFail")
    void reportsPointsThatFailOneAfterTheOther() {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("hourly");
        policy.setSpec(new BackupPolicySpec());
        client.resource(policy).create();
        capture("good");
        AlertProof proof = AlertProof.of("BreakwaterRestorePointsFail").quiet(registry.scrape());
        assertThat(registry.scrape()).contains("result=\"Completed\"").doesNotContain("result=\"Failed\"");
        assertThat(duration("good")).matches("[0-9.]+s");
        client.resource(policy).delete();
        capture("bad-1");
        assertThat(duration("bad-1")).matches("[0-9.]+s");
        capture("bad-2");
        proof.firing(registry.scrape());
        policy.getMetadata().setResourceVersion(null);
        client.resource(policy).create();
        capture("good-again");

        proof.over(registry.scrape()).check();
    }

    private String duration(String name) {
        return client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName(name)
                .get()
                .getStatus()
                .duration;
    }

    void capture(String name) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().policyRef = new NamedRef("hourly");
        reconciler.reconcile(client.resource(point).create(), null);
    }

    private RestorePointReconciler reconciler(Clock clock) {
        return new RestorePointReconciler(
                client,
                TestConfig.of(Map.of()),
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                new Meters(registry, clock),
                clock,
                new FixedRoute(),
                new NoSteps(),
                null,
                null,
                TestAdoption.identities("east", () -> TestAdoption.namespaces("uid-", "shop", "kube-system")),
                new CaptureQueue(budgets, TestIndex.empty(client), clock),
                null);
    }

    private static final class FixedRoute extends PointRoutes {
        FixedRoute() {
            super(null, null);
        }

        @Override
        public PointRoute of(BackupPolicy policy) {
            return new PointRoute(null, List.of(), 0, Optional.empty(), true);
        }
    }

    static final class NoSteps extends CaptureSteps {
        NoSteps() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        List<Step<CaptureRun>> all() {
            return List.of();
        }

        @Override
        boolean cleanUp(RestorePoint point, String since, Instant now) {
            return true;
        }
    }
}
