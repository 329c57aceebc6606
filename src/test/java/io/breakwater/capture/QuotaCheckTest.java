package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.location.TestQuotas;
import io.breakwater.location.TestRegister;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.Activities;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Captures under a quota. */
class QuotaCheckTest {
    private static final String REFUSED =
            "mover Job shop/x: exit 1: Fatal: unable to save snapshot: unexpected HTTP response (403): 403 Forbidden";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final MemoryStore store = new MemoryStore();
    private final BackupLocation location = TestQuotas.location("100");
    private final QuotaCheck quota = new QuotaCheck(
            TestQuotas.of(store, "west", System::nanoTime), new Activities(), TestEvents.of(client, Clock.systemUTC()));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void continuesACaptureWithinQuota() {
        hold(99);
        CaptureRun run = run(Trigger.Scheduled);
        await().atMost(Duration.ofSeconds(10)).until(() -> quota.requireRoom(run));
        assertThat(run.status().warnings).isNull();
        assertThat(QuotaCheck.access(run, TestRegister.of(run.key())).limited()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Trigger.class,
            names = {"Scheduled", "Manual"})
    void failsACaptureEarlyWhenTheRepositoryIsFull(Trigger trigger) {
        hold(100);
        CaptureRun run = run(trigger);
        assertThatThrownBy(() -> await().atMost(Duration.ofSeconds(10)).until(() -> quota.requireRoom(run)))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.QuotaExceeded);
                    assertThat(e.isRetryable()).isFalse();
                });
    }

    @ParameterizedTest
    @EnumSource(
            value = Trigger.class,
            names = {"Final", "Divergent"})
    void capturesForAFailoverOverQuotaWithAWarning(Trigger trigger) {
        hold(100);
        CaptureRun run = run(trigger);
        await().atMost(Duration.ofSeconds(10)).until(() -> quota.requireRoom(run));
        assertThat(run.status().warnings)
                .singleElement()
                .satisfies(w -> assertThat(w).contains(trigger.name(), "spec.quota"));
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .singleElement()
                .satisfies(e -> assertThat(e.getReason()).isEqualTo(Reason.QuotaExceeded.name()));
        assertThat(QuotaCheck.access(run, TestRegister.of(run.key())).limited()).isFalse();
        assertThat(quota.refusal(run, REFUSED)).isEmpty();
    }

    @Test
    void reportsQuotaExceededOnlyForRefusalsOverQuota() {
        CaptureRun run = run(Trigger.Manual);
        hold(99);
        assertThat(quota.refusal(run, REFUSED)).isEmpty();
        hold(100);
        location.getMetadata().setUid("another"); // its usage is not measured yet
        assertThat(quota.refusal(run, "exit 1: no space left")).isEmpty();
        assertThat(quota.refusal(run, REFUSED))
                .hasValueSatisfying(e -> assertThat(e.reason()).isEqualTo(Reason.QuotaExceeded));
    }

    private void hold(int bytes) {
        TestRegister.create(store, "west", "shop");
        store.write(TestRegister.of("west", "shop").prefix() + "data/a", new byte[bytes], Precondition.NONE);
    }

    private CaptureRun run(Trigger trigger) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("point");
        point.getMetadata().setUid("uid");
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = trigger;
        point.setStatus(new RestorePointStatus());
        point = client.resource(point).create();
        PointRoute route = new PointRoute(location, List.of(), 0, Optional.empty(), true);
        return new CaptureRun(
                        point,
                        PointKeys.source("west", point.getMetadata().getNamespace()),
                        new PlainStatusWriter(client),
                        Clock.systemUTC(),
                        () -> {})
                .follow(new BackupPolicy(), route);
    }
}
