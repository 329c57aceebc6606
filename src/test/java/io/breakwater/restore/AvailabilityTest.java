package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The availability of the application is reported in addition to the result of the restore. */
class AvailabilityTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Availability availability =
            new Availability(client, TestEvents.of(client, Clock.systemUTC()), Clock.systemUTC());
    private final Restore restore = new Restore();

    @BeforeEach
    void restore() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("r");
        restore.setSpec(new RestoreSpec());
        restore.getSpec().onConflict = OnConflict.Skip;
        restore.setStatus(new RestoreStatus());
        restore.getStatus().finishedAt = Instant.now().toString();
        deployment("another", "earlier/created", 0);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void waitsUntilRestoredWorkloadsAreAvailable() {
        RestoreRun run = run();
        deployment("restored", run.uid() + "/created", 0);
        run.update(availability.first(run));
        assertThat(condition(run).status).isEqualTo("Unknown");
        assertThat(condition(run).message).isEqualTo("waiting for Deployment restored: 0 of 1 ready");
        assertThat(run.status().workloads.summary).isEqualTo("0/1");
        assertThat(availability.follow(run)).isPresent();
        deployment("restored", run.uid() + "/created", 1);
        assertThat(availability.follow(run)).isEmpty();
        assertThat(condition(run).status).isEqualTo("True");
        assertThat(condition(run).message).isEqualTo("every workload is available");
        assertThat(run.status().workloads.waiting).isNull();
        deployment("restored", run.uid() + "/created", 0);
        assertThat(availability.follow(run)).as("reported once").isEmpty();
        assertThat(condition(run).status).isEqualTo("True");
    }

    @Test
    void countsAllWorkloadsWhenPodsWereHeld() {
        restore.getSpec().onConflict = OnConflict.Replace;
        RestoreRun run = run();
        deployment("restored", run.uid() + "/created", 0);
        run.update(availability.first(run));
        assertThat(run.status().workloads.summary).isEqualTo("0/2");
    }

    @Test
    void namesLateWorkloadsAndTheirUnboundClaims() {
        client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("data")
                        .endMetadata()
                        .withNewSpec()
                        .withStorageClassName("fast")
                        .endSpec()
                        .withNewStatus()
                        .withPhase("Pending")
                        .endStatus()
                        .build())
                .create();
        RestoreRun run = run();
        deployment("restored", run.uid() + "/created", 0);
        run.update(availability.first(run));
        run.update(s -> s.finishedAt =
                Instant.now().minus(Availability.PATIENCE).minusSeconds(1).toString());
        assertThat(availability.follow(run)).isEmpty();
        assertThat(condition(run).status).isEqualTo("False");
        assertThat(condition(run).reason).isEqualTo("WorkloadsNotReady");
        assertThat(condition(run).message)
                .isEqualTo("restored, but not available within 10m: Deployment restored: 0 of 1 ready, claim data is"
                        + " Pending (StorageClass fast)");
    }

    @Test
    void skipsRestoresOfPlansAndSandboxes() {
        restore.getSpec().onConflict = OnConflict.Replace;
        for (String label : new String[] {Api.PLAN, Api.SANDBOX}) {
            restore.getMetadata().setLabels(Map.of(label, "x"));
            RestoreStatus status = new RestoreStatus();
            availability
                    .first(new RestoreRun(restore, null, Clock.systemUTC(), () -> null, () -> {}).askedBy(() -> true))
                    .accept(status);
            assertThat(status.conditions).isEmpty();
            assertThat(status.workloads).isNull();
        }
    }

    @Test
    void reportsNothingWithoutWorkloads() {
        RestoreRun run = run();
        run.update(availability.first(run));
        assertThat(run.status().condition(Condition.AVAILABLE)).isEmpty();
        assertThat(availability.follow(run)).isEmpty();
    }

    private RestoreRun run() {
        return new RestoreRun(
                client.resource(restore).create(),
                new PlainStatusWriter(client),
                Clock.systemUTC(),
                () -> null,
                () -> {});
    }

    private static Condition condition(RestoreRun run) {
        return run.status().condition(Condition.AVAILABLE).orElseThrow();
    }

    private void deployment(String name, String mark, int available) {
        client.resource(new DeploymentBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName(name)
                        .addToAnnotations("breakwater.io/restored-by", mark)
                        .endMetadata()
                        .withNewSpec()
                        .withReplicas(1)
                        .endSpec()
                        .withNewStatus()
                        .withObservedGeneration(99L)
                        .withAvailableReplicas(available)
                        .withReadyReplicas(available)
                        .withUpdatedReplicas(available)
                        .endStatus()
                        .build())
                .createOr(NonDeletingOperation::update);
    }
}
