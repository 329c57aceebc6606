package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.steps.Outcome;
import io.breakwater.trust.StampFixture;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A finalizer of another controller in a sandbox, or an API that does not answer, blocks the deletion of the sandbox. */
class BlockedSandboxTest {
    private static final String SANDBOX = "bv-1";
    private static final String CAUSE =
            "Some content in the namespace has finalizers remaining: example.com/outside in 1 resource instances";
    private static final String VERIFICATIONS = "/apis/breakwater.io/v1alpha1/namespaces/shop/verifications";
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");

    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "backup"));
    private final Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
        for (String kind : List.of("Verification", "RestorePoint", "Restore", "BackupPolicy", "FailoverPlan")) {
            String plural = kind.equals("BackupPolicy") ? "backuppolicies" : kind.toLowerCase() + "s";
            server.serve("breakwater.io/v1alpha1", kind, plural, true);
        }
        put("restorepoints", point());
        put("verifications", verification("v1", "uid-v1", true));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "NamespaceFinalizersRemaining",
        "NamespaceContentRemaining",
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure"
    })
    void waitsForTheUsualTimeAndReportsTheCause(String condition) {
        terminating(Duration.ofMinutes(2), condition, "uid-v1");
        assertThat(choose("v2"))
                .isEqualTo(Outcome.waiting(
                        "waiting for the deletion of sandbox bv-1 of Verification v1: " + CAUSE,
                        Duration.ofSeconds(10)));
    }

    @Test
    void doesNotWaitForASandboxWhoseDeletionIsBlocked() {
        terminating(Duration.ofMinutes(6), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(choose("v2")).isInstanceOf(Outcome.Done.class);
        assertThat(server.at(VERIFICATIONS + "/v2").path("status").path("warnings"))
                .extracting(JsonNode::asText)
                .containsExactly("sandbox bv-1 of Verification v1 is not deleted, so this Verification did not wait for"
                        + " it: " + CAUSE);
    }

    /** A sandbox that is kept for its users is awaited, however old it is. */
    @Test
    void waitsForASandboxWhoseDeletionHasNotStarted() {
        server.put("/api/v1/namespaces", namespace("uid-v1", "", ""));
        assertThat(choose("v2").toString()).contains("its deletion has not started");
    }

    /** A status can name any namespace. */
    @Test
    void ignoresANamespaceThatIsNotTheSandboxOfTheVerification() {
        terminating(Duration.ofMinutes(2), "NamespaceFinalizersRemaining", "another");
        assertThat(choose("v2")).isInstanceOf(Outcome.Done.class);
        assertThat(server.at(VERIFICATIONS + "/v2").path("status").has("warnings"))
                .isFalse();
    }

    @Test
    void continuesTheScheduleWhileTheDeletionOfASandboxIsBlocked() {
        terminating(Duration.ofMinutes(2), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(scheduled()).isEqualTo(1);
        terminating(Duration.ofMinutes(6), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(scheduled()).isEqualTo(2);
    }

    @Test
    void releasesADeletedVerificationWhoseSandboxIsBlocked() {
        VerificationReconciler reconciler = reconciler();
        terminating(Duration.ofSeconds(20), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(reconciler.cleanup(stored("v1"), null).isRemoveFinalizer()).isFalse();
        assertThat(server.at(VERIFICATIONS + "/v1").path("status").has("warnings"))
                .isFalse();

        terminating(Duration.ofMinutes(2), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(reconciler.cleanup(stored("v1"), null).isRemoveFinalizer()).isFalse();
        assertThat(server.at(VERIFICATIONS + "/v1")
                        .path("status")
                        .path("warnings")
                        .path(0)
                        .asText())
                .isEqualTo("namespace bv-1 is not deleted: " + CAUSE + "; delete or repair the objects that it names");

        terminating(Duration.ofMinutes(6), "NamespaceFinalizersRemaining", "uid-v1");
        assertThat(reconciler.cleanup(stored("v1"), null).isRemoveFinalizer()).isTrue();
        assertThat(messages()).anySatisfy(m -> assertThat(m).contains("does not wait for it: " + CAUSE));
    }

    /** Without it the deletion of the sandbox might never start. */
    @Test
    void holdsADeletedVerificationUntilTheDeletionOfItsSandboxHasStarted() {
        server.put("/api/v1/namespaces", namespace("uid-v1", "", ""));
        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/backup/restores",
                "{'apiVersion':'breakwater.io/v1alpha1','kind':'Restore','metadata':{'name':'bv-1','namespace':'backup'}}");
        assertThat(reconciler().cleanup(stored("v1"), null).isRemoveFinalizer()).isFalse();
    }

    @Test
    void reportsTheFinalizersOfTheNamespaceItself() {
        server.put(
                "/api/v1/namespaces",
                "{'kind':'Namespace','metadata':{'name':'bv-1','deletionTimestamp':'" + NOW.minusSeconds(60)
                        + "','finalizers':['example.com/ns'],'labels':{'breakwater.io/sandbox':'uid-v1'}}}");
        assertThat(choose("v2").toString()).contains("the namespace has finalizers example.com/ns");
    }

    private List<String> messages() {
        return server.requests().stream()
                .filter(r -> r.method().equals("POST") && r.path().endsWith("/events"))
                .map(r -> r.body().path("message").asText())
                .toList();
    }

    private Outcome choose(String name) {
        Verification v2 = put("verifications", verification(name, "uid-" + name, false));
        VerifyRun run = new VerifyRun(v2, new BackupPolicy(), new PlainStatusWriter(server.client()), clock, () -> {});
        return new ChoosePointStep(
                        server.client(), TestObjects.of(server.client()), new SandboxDeletion(server.client(), config))
                .run(run, 1);
    }

    /** Number of Verifications after a tick of the schedule. */
    private int scheduled() {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName("hourly");
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setCreationTimestamp("2026-11-30T10:50:00Z");
        policy.setSpec(new io.breakwater.api.BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef("a");
        policy.getSpec().verification = new io.breakwater.api.BackupPolicySpec.VerificationPlan();
        policy.getSpec().verification.schedule = new io.breakwater.api.BackupPolicySpec.Schedule();
        policy.getSpec().verification.schedule.cron = "0 * * * *";
        policy.getSpec().verification.schedule.jitter = "0s";
        PointRoutes routes = new PointRoutes(null, null) {
            @Override
            public PointRoute of(BackupPolicy any) {
                return new PointRoute(null, List.of(), 0, Optional.empty(), true);
            }
        };
        new VerificationSchedule(
                        server.client(),
                        TestObjects.of(server.client()),
                        routes,
                        TestEvents.of(server.client(), clock),
                        StampFixture.stamps(),
                        config,
                        clock)
                .reconcile(policy, null);
        return server.client()
                .resources(Verification.class)
                .inNamespace("shop")
                .list()
                .getItems()
                .size();
    }

    /** Runs a Verification until it fails. */
    void verifyWithoutPolicy(Meters meters) {
        reconciler(meters).reconcile(put("verifications", verification("v3", "uid-v3", false)), null);
    }

    private VerificationReconciler reconciler() {
        return reconciler(null);
    }

    private VerificationReconciler reconciler(Meters meters) {
        return new VerificationReconciler(
                server.client(),
                config,
                new PlainStatusWriter(server.client()),
                TestEvents.of(server.client(), clock),
                meters,
                clock,
                new Sandbox(server.client(), config, StampFixture.stamps()),
                null,
                null,
                new MoverJobs(server.client(), config, TestRepositories.with(List::of), clock),
                null,
                null,
                null,
                TestObjects.of(server.client()));
    }

    private void terminating(Duration age, String condition, String owner) {
        server.put(
                "/api/v1/namespaces",
                namespace(
                        owner,
                        ",'deletionTimestamp':'" + NOW.minus(age) + "'",
                        "{'type':'" + condition + "','status':'True','message':'" + CAUSE + "'}"));
    }

    private static String namespace(String owner, String deleted, String condition) {
        return "{'kind':'Namespace','metadata':{'name':'" + SANDBOX + "','labels':{'" + Api.SANDBOX + "':'" + owner
                + "'}" + deleted + "},'status':{'conditions':[" + condition + "]}}";
    }

    private Verification stored(String name) {
        return server.client()
                .resources(Verification.class)
                .inNamespace("shop")
                .withName(name)
                .get();
    }

    private <T extends io.fabric8.kubernetes.api.model.HasMetadata> T put(String plural, T object) {
        String json = server.client().getKubernetesSerialization().asJson(object);
        server.put("/apis/breakwater.io/v1alpha1/namespaces/shop/" + plural, FakeApiServer.tree(json));
        return object;
    }

    private static Verification verification(String name, String uid, boolean over) {
        Verification v = new Verification();
        v.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace("shop")
                .withUid(uid)
                .withCreationTimestamp(over ? "2026-11-30T11:00:00Z" : "2026-11-30T11:30:00Z")
                .addToLabels(Api.POLICY, "hourly")
                .build());
        v.setSpec(new VerificationSpec());
        v.getSpec().policyRef = new NamedRef("hourly");
        v.getSpec().level = Level.Restored;
        v.setStatus(new VerificationStatus());
        if (over) {
            v.getStatus().sandbox = SANDBOX;
            v.getStatus().finishedAt = "2026-11-30T11:50:00Z";
            Conditions.of(v.getStatus(), 1L, Clock.systemUTC()).succeeded(Reason.Proven, "proven");
            assertThat(v.isOver()).isTrue();
        }
        return v;
    }

    private static RestorePoint point() {
        RestorePoint point = new RestorePoint();
        point.setMetadata(
                new ObjectMetaBuilder().withName("p").withNamespace("shop").build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("hourly");
        point.setStatus(new RestorePointStatus());
        point.getStatus().capturedAt = "2026-11-30T10:00:00Z";
        Conditions.of(point.getStatus(), 1L, Clock.systemUTC()).succeeded(Reason.Completed, "sealed");
        assertThat(point.getStatus().holds(Condition.SUCCEEDED)).isTrue();
        return point;
    }
}
