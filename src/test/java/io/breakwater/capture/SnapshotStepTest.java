package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.steps.Activities;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A second attempt, after a process that may have paused the application. */
class SnapshotStepTest {
    private static final String PODS = "/api/v1/namespaces/shop/pods";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final NamespaceGate gate = new NamespaceGate(cluster.client(), TestConfig.of(Map.of()));
    private final SnapshotStep step = new SnapshotStep(
            cluster.client(), null, null, new Activities(), new RestoreInProgressCheck(gate), null, null);

    @AfterEach
    void close() {
        cluster.close();
    }

    /** A Restore that began meanwhile ends the capture, but not before the hooks that resume the application. */
    @Test
    void resumesTheApplicationBeforeItFailsForARestore() {
        cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        gate.close("shop", NamespaceGate.RESTORE + "shop.undo");
        cluster.reads().clear();

        assertThat(refusal(1)).isEqualTo(Reason.RestoreInProgress);
        assertThat(cluster.reads()).doesNotContain(PODS);
        assertThat(refusal(2)).isEqualTo(Reason.RestoreInProgress);
        assertThat(cluster.reads()).as("the pods of the hooks").contains(PODS);
    }

    private Reason refusal(int attempt) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("p");
        point.getMetadata().setUid("uid-1");
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(new BackupPolicySpec());
        CaptureRun run = new CaptureRun(point, PointKeys.source("east", "shop"), null, Clock.systemUTC(), () -> {})
                .follow(policy, null);
        return catchThrowableOfType(
                        BreakwaterException.class,
                        () -> await().until(() -> {
                            step.run(run, attempt);
                            return false;
                        }))
                .reason();
    }
}
