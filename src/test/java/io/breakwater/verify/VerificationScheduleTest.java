package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Verification;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.TestEvents;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VerificationScheduleTest {
    private static final Author JANE = new Author("jane", "", List.of("dev"), Map.of());

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Clock clock = Clock.fixed(Instant.parse("2090-01-05T12:00:05Z"), ZoneOffset.UTC);
    private final AuthorStamps stamps = StampFixture.stamps();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void theAuthorOfThePolicyIsTheAuthorOfItsVerifications() {
        BackupPolicy policy = policy();
        stamps.sign(JANE, policy);
        assertThat(stamps.author(scheduled(policy))).contains(JANE);
    }

    /** The annotation is needed: the webhook makes the operator the author of an attempt without one. */
    @Test
    void aPolicyWithoutAnAuthorStartsNothingAsTheOperator() {
        Verification made = scheduled(policy());
        assertThat(made.getMetadata().getAnnotations()).containsEntry(Api.AUTHOR, "{}");
        assertThat(stamps.author(made)).isEmpty();
    }

    /** Admission may not have seen the policy. */
    @Test
    void startsNothingOnAScheduleThatIsTooFrequent() {
        BackupPolicy policy = policy();
        policy.getSpec().verification.schedule.cron = "*/4 * * * *";
        assertThatThrownBy(() -> scheduled(policy)).isInstanceOf(NoSuchElementException.class);
    }

    private Verification scheduled(BackupPolicy policy) {
        PointRoutes routes = new PointRoutes(null, null) {
            @Override
            public PointRoute of(BackupPolicy any) {
                return new PointRoute(null, List.of(), 0, Optional.empty(), true);
            }
        };
        new VerificationSchedule(
                        client,
                        TestObjects.of(client),
                        routes,
                        TestEvents.of(client, clock),
                        stamps,
                        TestConfig.of(Map.of()),
                        clock)
                .reconcile(policy, null);
        return client.resources(Verification.class).inNamespace("shop").list().getItems().stream()
                .findFirst()
                .orElseThrow();
    }

    private static BackupPolicy policy() {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName("hourly");
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setCreationTimestamp("2090-01-05T11:50:00Z");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef("a");
        policy.getSpec().verification = new BackupPolicySpec.VerificationPlan();
        policy.getSpec().verification.schedule = new BackupPolicySpec.Schedule();
        policy.getSpec().verification.schedule.cron = "0 * * * *";
        policy.getSpec().verification.schedule.jitter = "0s";
        return policy;
    }
}
