package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSchedulingGate;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Hooks of a policy, also of one whose author may not run commands. An attempt to run one fails differently: the server has no exec.
 */
class CaptureHooksTest {
    private static final String CAUSE = "author jane lacks the right to create pods/exec";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final CaptureHooks allowed = new CaptureHooks(cluster.client(), "shop");
    private final CaptureHooks hooks = allowed.refusing(CAUSE);

    @BeforeEach
    void run() {
        cluster.add(new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("web")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("c")
                .endContainer()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .endStatus()
                .build());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void failsAHookThatMustNotFail() {
        assertThatThrownBy(() -> hooks.before(List.of(hook(OnError.Continue), hook(OnError.Fail))))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.AuthorLacksRight))
                .hasMessage("spec.hooks.pre[1]: " + CAUSE);
    }

    @Test
    void continuesWithoutAHookThatMayFail() {
        CaptureHooks.Done done = hooks.before(List.of(hook(OnError.Continue)));
        assertThat(done.calls()).isZero();
        assertThat(done.warnings()).containsExactly("spec.hooks.pre[0]: " + CAUSE);
    }

    /** Most namespaces have no hook. */
    @Test
    void listsPodsOnceWithoutHooks() {
        allowed.arm(null, Duration.ofMinutes(1)).close();
        assertThat(allowed.before(null).calls()).isZero();
        assertThat(allowed.after(null).calls()).isZero();

        assertThat(cluster.reads()).containsExactly("/api/v1/namespaces/shop/pods");
    }

    /** A pod that a hook has paused may have been replaced meanwhile. */
    @Test
    void listsPodsAgainAfterTheSnapshotsIfThereIsAHook() {
        hooks.before(List.of(hook(OnError.Continue)));
        hooks.after(List.of(hook(OnError.Continue)));

        assertThat(cluster.reads()).hasSize(2);
    }

    /** The start of watchdogs takes a while, and each pod that runs at the snapshots has to be paused. */
    @Test
    void runsHooksInAPodThatBecameReadyAfterTheWatchdogs() {
        BackupPolicySpec.Hooks all = new BackupPolicySpec.Hooks();
        all.pre = List.of(hook(OnError.Continue));
        allowed.arm(all, Duration.ofMinutes(1)).close();
        cluster.add(annotated("late", ""));

        assertThat(allowed.before(all.pre).calls())
                .as("commands that were tried")
                .isEqualTo(2);
    }

    /** A second attempt: the pods of the first one may be gone. */
    @Test
    void armsThePodsOfThisAttempt() {
        assertThat(allowed.after(null).calls()).isZero();
        cluster.reads().clear();
        allowed.arm(null, Duration.ofMinutes(1)).close();

        assertThat(cluster.reads()).hasSize(1);
    }

    /** The pods that were paused have to be resumed, also when the API server does not answer. */
    @Test
    void runsHooksAfterTheSnapshotsInTheEarlierPodsIfTheListFails() {
        allowed.before(List.of(hook(OnError.Continue)));
        cluster.refuse("GET", "/namespaces/shop/pods", 403, "no list");

        CaptureHooks.Done done = allowed.after(List.of(hook(OnError.Fail)));

        assertThat(done.calls()).as("commands that were tried").isEqualTo(1);
        assertThat(done.warnings())
                .singleElement()
                .asString()
                .startsWith("could not list the pods of namespace shop after the snapshots, so the hooks ran in the"
                        + " pods that were listed before: ");
    }

    @Test
    void runsNoHooksAfterTheSnapshots() {
        CaptureHooks.Done done = hooks.after(List.of(hook(OnError.Fail)));
        assertThat(done.calls()).isZero();
        assertThat(done.warnings()).isEmpty();
        assertThat(done.problems()).containsExactly("spec.hooks.post[0]: " + CAUSE);
    }

    /** The server has no exec, so each command fails. */
    @Test
    void runsAllHooksAfterTheSnapshotsBeforeItFails() {
        CaptureHooks.Done done = allowed.after(
                List.of(hook(OnError.Fail), elsewhere(OnError.Fail), hook(OnError.Continue), hook(OnError.Fail)));

        assertThat(done.calls()).as("commands that were tried").isEqualTo(3);
        assertThat(done.warnings()).singleElement().asString().startsWith("spec.hooks.post[2]: ");
        assertThat(done.failures()).hasSize(3).allMatch(e -> e.reason() == Reason.QuiesceFailed);
        assertThatThrownBy(() -> done.check(null))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.QuiesceFailed);
                    assertThat(e.isRetryable())
                            .as("would pause the application again")
                            .isFalse();
                })
                .hasMessageContaining("spec.hooks.post[0]: ")
                .hasMessageContaining("spec.hooks.post[1].podSelector matches no running pod")
                .hasMessageContaining("spec.hooks.post[3]: ");
    }

    @Test
    void runsThePostHooksOfOtherPodsDespiteAnInvalidAnnotation() {
        cluster.add(annotated("broken", "[not json"));
        cluster.add(annotated("sound", "thaw"));

        CaptureHooks.Done done = allowed.after(null);

        assertThat(done.calls()).isEqualTo(1);
        assertThat(done.problems())
                .hasSize(2)
                .anyMatch(p -> p.contains("pod broken") && p.contains("JSON array"))
                .anyMatch(p -> p.contains("pod sound"));
    }

    @Test
    void continuesWhenAllHooksAfterTheSnapshotsMayFail() {
        CaptureHooks.Done done = allowed.after(List.of(hook(OnError.Continue), elsewhere(OnError.Continue)));

        assertThat(done.warnings()).hasSize(2);
        done.check(null);
    }

    @Test
    void addsFailedPostHooksToAnEarlierFailure() {
        CaptureHooks.Done done = allowed.after(List.of(hook(OnError.Fail)));
        BreakwaterException earlier = BreakwaterException.permanent(Reason.SnapshotFailed, "no snapshot");

        assertThatThrownBy(() -> done.check(earlier))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.SnapshotFailed);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageStartingWith("no snapshot; spec.hooks.post[0]: ");
        assertThatThrownBy(() -> allowed.after(null).check(earlier)).isSameAs(earlier);
    }

    /** A native sidecar runs before the containers of its pod, and the phase of the pod is then Pending. */
    @Test
    void runsHooksInANativeSidecarOfAStartingPod() {
        cluster.add(starting("early", "agent"));
        Hook hook = hook(OnError.Fail);
        hook.podSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "early").build();

        assertThat(allowed.after(List.of(hook)).failures())
                .as("the first container does not run")
                .singleElement()
                .satisfies(e -> assertThat(e).hasMessageContaining("matches no running pod"));
        hook.container = "agent";
        assertThat(allowed.after(List.of(hook)).calls()).isEqualTo(1);
        hook.container = "prepare";
        assertThat(allowed.after(List.of(hook)).calls())
                .as("an init container that ends")
                .isZero();
    }

    /** There is nothing to pause in such a pod, but its user may expect that the command runs. */
    @Test
    void namesCommandsOfPodsThatDoNotRun() {
        cluster.add(inPhase("waiting", "Pending"));
        cluster.add(inPhase("over", "Succeeded"));
        Pod held = inPhase("held", "Pending");
        held.getSpec().setSchedulingGates(List.of(new PodSchedulingGate("breakwater.io/standby")));
        cluster.add(held);

        CaptureHooks.Done done = allowed.after(null);

        assertThat(done.calls()).isZero();
        assertThat(done.failures()).isEmpty();
        assertThat(done.warnings())
                .containsExactly(
                        "annotation post.hook.backup.velero.io/command of pod waiting: the pod does not run, so"
                                + " its command was not run");
    }

    private static Pod inPhase(String name, String phase) {
        Pod pod = annotated(name, "thaw");
        pod.getStatus().setPhase(phase);
        return pod;
    }

    private static Pod starting(String name, String sidecar) {
        ContainerStateRunning running = new ContainerStateRunning();
        return new PodBuilder(annotated(name, ""))
                .editSpec()
                .addNewInitContainer()
                .withName(sidecar)
                .withRestartPolicy("Always")
                .endInitContainer()
                .addNewInitContainer()
                .withName("prepare")
                .endInitContainer()
                .endSpec()
                .withNewStatus()
                .withPhase("Pending")
                .addNewInitContainerStatus()
                .withName(sidecar)
                .withNewState()
                .withRunning(running)
                .endState()
                .endInitContainerStatus()
                .addNewInitContainerStatus()
                .withName("prepare")
                .withNewState()
                .withRunning(running)
                .endState()
                .endInitContainerStatus()
                .endStatus()
                .build();
    }

    private static Pod annotated(String name, String command) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .addToLabels("app", name)
                .addToAnnotations("post.hook.backup.velero.io/command", command)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("c")
                .endContainer()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .endStatus()
                .build();
    }

    private static Hook elsewhere(OnError onError) {
        Hook hook = hook(onError);
        hook.podSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "none").build();
        return hook;
    }

    @Test
    void startsNoWatchdogs() {
        BackupPolicySpec.Hooks all = new BackupPolicySpec.Hooks();
        all.post = List.of(hook(OnError.Continue));
        try (HookWatchdogs none = hooks.arm(all, Duration.ofMinutes(1))) {
            assertThat(none.warnings()).isEmpty();
        }
    }

    private static Hook hook(OnError onError) {
        Hook hook = new Hook();
        hook.command = List.of("sync");
        hook.onError = onError;
        return hook;
    }
}
