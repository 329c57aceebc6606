package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hooks of a policy whose author may not run commands. An attempt to run one would fail differently: the server has no exec. */
class CaptureHooksTest {
    private static final String CAUSE = "author jane lacks the right to create pods/exec";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final CaptureHooks hooks = new CaptureHooks(cluster.client(), "shop").refusing(CAUSE);

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

    @Test
    void runsNoHooksAfterTheSnapshots() {
        CaptureHooks.Done done = hooks.after(List.of(hook(OnError.Fail)));
        assertThat(done.calls()).isZero();
        assertThat(done.warnings()).containsExactly("spec.hooks.post[0]: " + CAUSE);
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
