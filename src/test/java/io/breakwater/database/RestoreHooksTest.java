package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Selects the pods with commands after a restore, and what each command waits for. */
class RestoreHooksTest {
    /** Earlier than all pods of the test; the API server in memory records their creation times. */
    private static final Instant START = Instant.now().minusSeconds(1);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final RestoreHooks hooks = new RestoreHooks(cluster.client(), "shop");

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void selectsOnlyNewPodsWithHookAnnotations() {
        add(pod("new", Map.of(), true, true));
        Pod silent = pod("silent", Map.of(), true, true);
        silent.getMetadata().setAnnotations(Map.of());
        add(silent);
        Pod over = pod("over", Map.of(), true, true);
        over.getStatus().setPhase("Succeeded");
        add(over);

        assertThat(hooks.asked(START)).singleElement().satisfies(a -> {
            assertThat(a.pod()).isEqualTo("new");
            assertThat(a.waits()).isEmpty();
            assertThat(a.mayFail()).isFalse();
        });
        assertThat(hooks.asked(Instant.now().plusSeconds(2))).as("older pods").isEmpty();
    }

    @Test
    void waitsUntilTheContainerRunsOrIsReady() {
        add(pod("pending", Map.of(), false, false));
        add(pod("running", Map.of(), true, false));
        add(pod("not-ready", Map.of("wait-for-ready", "true"), true, false));

        List<RestoreHooks.Asked> asked = hooks.asked(START);

        assertThat(waits(asked, "pending")).contains("is not running yet");
        assertThat(waits(asked, "running")).isEmpty();
        assertThat(waits(asked, "not-ready")).contains("is not ready yet");
    }

    @Test
    void findsTheContainerAmongNativeSidecars() {
        add(sidecar("runs", true));
        add(sidecar("starts", false));

        List<RestoreHooks.Asked> asked = hooks.asked(START);

        assertThat(waits(asked, "runs")).isEmpty();
        assertThat(waits(asked, "starts")).contains("container agent").contains("is not running yet");
    }

    private static Pod sidecar(String name, boolean running) {
        Pod pod = pod(name, Map.of("container", "agent"), true, true);
        ContainerStatus status = pod.getStatus().getContainerStatuses().getFirst();
        return new PodBuilder(pod)
                .editSpec()
                .addNewInitContainer()
                .withName("agent")
                .withRestartPolicy("Always")
                .endInitContainer()
                .endSpec()
                .editStatus()
                .addToInitContainerStatuses(new ContainerStatusBuilder(status)
                        .withName("agent")
                        .withState(running ? status.getState() : new ContainerState())
                        .build())
                .endStatus()
                .build();
    }

    @Test
    void appliesTheWaitTimeoutOfThePod() {
        add(pod("short", Map.of("wait-timeout", "90s"), false, false));
        add(pod("usual", Map.of(), false, false));

        assertThat(hooks.asked(START))
                .extracting(a -> Duration.between(made(a.pod()), a.until()))
                .containsExactlyInAnyOrder(Duration.ofSeconds(90), Duration.ofMinutes(10));
    }

    /** Velero reads zero as no limit. */
    @Test
    void waitsAsUsualWithAWaitTimeoutOfZero() {
        add(pod("zero", Map.of("wait-timeout", "0s"), false, false));

        assertThat(hooks.asked(START))
                .extracting(a -> Duration.between(made(a.pod()), a.until()))
                .containsExactly(Duration.ofMinutes(10));
    }

    @Test
    void doesNotWaitForAContainerThatWillNeverRun() {
        add(pod("other", Map.of("container", "db"), true, true));
        add(ended("once", "Never", 0));
        add(ended("done", "OnFailure", 0));
        add(ended("crashing", "Always", 1));
        add(ended("retrying", "OnFailure", 1));

        List<RestoreHooks.Asked> asked = hooks.asked(START);

        assertThat(waits(asked, "other")).isEqualTo("pod other has no container db");
        assertThat(waits(asked, "once")).isEqualTo("container web of pod once has ended");
        assertThat(waits(asked, "done")).isEqualTo("container web of pod done has ended");
        assertThat(waits(asked, "crashing")).contains("is not running yet");
        assertThat(waits(asked, "retrying")).contains("is not running yet");
        assertThat(asked)
                .filteredOn(a -> List.of("other", "once", "done").contains(a.pod()))
                .allSatisfy(a -> assertThat(a.until()).isEqualTo(made(a.pod())));
    }

    private static Pod ended(String name, String restartPolicy, int exitCode) {
        return new PodBuilder(pod(name, Map.of(), true, false))
                .editSpec()
                .withRestartPolicy(restartPolicy)
                .endSpec()
                .editStatus()
                .editFirstContainerStatus()
                .withNewState()
                .withNewTerminated()
                .withExitCode(exitCode)
                .endTerminated()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build();
    }

    @Test
    void failsAndNamesAnInvalidAnnotation() {
        add(pod("wrong", Map.of("exec-timeout", "soon"), true, true));

        assertThatThrownBy(() -> hooks.asked(START))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.RestoreHookFailed))
                .hasMessageContaining("post.hook.restore.velero.io/exec-timeout of pod wrong");
    }

    @Test
    void reportsDeploymentsWithMissingPodsAsUnsettled() {
        deployment("seen", 1L, 2, true);
        deployment("unseen", null, 2, true);
        deployment("growing", 1L, 1, true);
        deployment("silent", null, 0, false);

        assertThat(hooks.unsettled())
                .extracting(RestoreHooks.Unsettled::text)
                .containsExactlyInAnyOrder(
                        "Deployment unseen has not created all of its pods",
                        "Deployment growing has not created all of its pods");
    }

    @Test
    void reportsJobsWithoutPodsAsUnsettled() {
        job("new", null, false);
        job("running", 1, false);
        job("waiting", null, true);

        assertThat(hooks.unsettled())
                .containsExactly(new RestoreHooks.Unsettled("Job new has not created all of its pods", true));
    }

    private void job(String name, Integer active, boolean suspended) {
        add(new JobBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .endMetadata()
                .withNewSpec()
                .withSuspend(suspended)
                .withNewTemplate()
                .withNewMetadata()
                .withAnnotations(annotations(Map.of("on-error", "Continue")))
                .endMetadata()
                .endTemplate()
                .endSpec()
                .withNewStatus()
                .withActive(active)
                .endStatus()
                .build());
    }

    private void deployment(String name, Long seen, int made, boolean asks) {
        add(new DeploymentBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .withGeneration(1L)
                .endMetadata()
                .withNewSpec()
                .withReplicas(2)
                .withNewTemplate()
                .withNewMetadata()
                .withAnnotations(asks ? annotations(Map.of()) : Map.of())
                .endMetadata()
                .endTemplate()
                .endSpec()
                .withNewStatus()
                .withObservedGeneration(seen)
                .withReplicas(made)
                .endStatus()
                .build());
    }

    private Instant made(String pod) {
        return Instant.parse(cluster.client()
                .pods()
                .inNamespace("shop")
                .withName(pod)
                .get()
                .getMetadata()
                .getCreationTimestamp());
    }

    private static String waits(List<RestoreHooks.Asked> asked, String pod) {
        return asked.stream()
                .filter(a -> a.pod().equals(pod))
                .findFirst()
                .orElseThrow()
                .waits()
                .orElse("");
    }

    private void add(io.fabric8.kubernetes.api.model.HasMetadata object) {
        cluster.client().resource(object).create();
    }

    private static Pod pod(String name, Map<String, String> more, boolean running, boolean ready) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .withAnnotations(annotations(more))
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("web")
                .endContainer()
                .endSpec()
                .withNewStatus()
                .withPhase(running ? "Running" : "Pending")
                .addNewContainerStatus()
                .withName("web")
                .withReady(ready)
                .withNewState()
                .withRunning(running ? new io.fabric8.kubernetes.api.model.ContainerStateRunning() : null)
                .endState()
                .endContainerStatus()
                .endStatus()
                .build();
    }

    private static Map<String, String> annotations(Map<String, String> more) {
        Map<String, String> all = new HashMap<>();
        all.put("post.hook.restore.velero.io/command", "migrate");
        more.forEach((k, v) -> all.put("post.hook.restore.velero.io/" + k, v));
        return all;
    }
}
