package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.trust.Author;
import io.breakwater.trust.StampFixture;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RestoreHooksStepTest {
    private static final Author JANE = new Author("jane", "", List.of("dev"), Map.of());

    /** Later than the time in which controllers create pods. */
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(5));

    private final Semaphore woken = new Semaphore(0);
    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual().serve("apps/v1", "DaemonSet", "daemonsets", true);
        server.put("/api/v1/namespaces/shop/pods", """
                {'apiVersion':'v1','kind':'Pod','metadata':{'name':'web','namespace':'shop',
                 'creationTimestamp':'2026-01-02T03:04:05Z','annotations':{'post.hook.restore.velero.io/command':'warm-up'}},
                 'spec':{'containers':[{'name':'web'}]},
                 'status':{'phase':'Running','containerStatuses':[{'name':'web','ready':true,
                  'state':{'running':{'startedAt':'2026-01-02T03:04:05Z'}}}]}}
                """);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void runsNoCommandThatTheAuthorMayNotRun() throws InterruptedException {
        server.allow((verb, resource) -> !(verb.equals("create") && resource.equals("pods")));
        Restore restore = StampedRestores.of(JANE);
        assertThatThrownBy(() -> runHooks(restore))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.RestoreHookFailed))
                .hasMessageContaining("the command of pod shop/web was not run: author jane may not create pods/exec");
        assertThat(restore.getStatus().hooks)
                .singleElement()
                .satisfies(h -> assertThat(h.pod).isEqualTo("web"));
        assertThat(executions()).isEmpty();
    }

    @Test
    void asksForTheRightToRunACommandInThePod() {
        assertThatThrownBy(() -> runHooks(StampedRestores.of(JANE))).hasMessageContaining("could not be run");
        assertThat(executions()).as("the server in memory refuses them").isNotEmpty();
        assertThat(server.requests().stream()
                        .filter(r -> r.path().endsWith("/subjectaccessreviews"))
                        .map(r -> r.body().at("/spec/resourceAttributes"))
                        .filter(a -> a.path("resource").asText().equals("pods")))
                .singleElement()
                .isEqualTo(FakeApiServer.tree("{'group':'','name':'web','namespace':'shop','resource':'pods',"
                        + "'subresource':'exec','verb':'create'}"));
    }

    /** Otherwise a command that no pod has run would look like one that has run. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void reportsWorkloadsThatHaveNotCreatedTheirPods(boolean mayFail) throws InterruptedException {
        server.clear();
        server.put("/apis/apps/v1/namespaces/shop/deployments", """
                {'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','namespace':'shop','generation':1},
                 'spec':{'replicas':2,'template':{'metadata':{'annotations':
                  {'post.hook.restore.velero.io/command':'warm-up','post.hook.restore.velero.io/on-error':'%s'}}}},
                 'status':{'observedGeneration':1,'replicas':0}}
                """.formatted(mayFail ? "Continue" : "Fail"));
        Restore restore = StampedRestores.of(JANE);
        String message = "Deployment web has not created all of its pods within 2m, so their command was not run";
        if (mayFail) {
            runHooks(restore, LATER);
            assertThat(restore.getStatus().warnings).containsExactly(message);
        } else {
            assertThatThrownBy(() -> runHooks(restore, LATER))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.RestoreHookFailed))
                    .hasMessageContaining(message);
        }
    }

    private List<String> executions() {
        return server.requests().stream()
                .map(FakeApiServer.Request::path)
                .filter(p -> p.endsWith("/exec"))
                .toList();
    }

    private void runHooks(Restore restore) throws InterruptedException {
        runHooks(restore, Clock.systemUTC());
    }

    private void runHooks(Restore restore, Clock clock) throws InterruptedException {
        restore.getStatus().startedAt = Instant.EPOCH.toString();
        Activities activities = new Activities();
        PointArchive archives = new PointArchive(server.client(), TestConfig.of(Map.of()), null, StampFixture.stamps());
        RestoreHooksStep step = new RestoreHooksStep(server.client(), archives, activities, clock);
        RestoreRun run = StampedRestores.run(restore, server.client(), woken::release);
        while (step.run(run, 1) instanceof Outcome.Wait) {
            assertThat(woken.tryAcquire(30, TimeUnit.SECONDS))
                    .as("the command ended")
                    .isTrue();
        }
    }
}
