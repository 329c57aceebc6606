package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commands that print without end, in a pod whose API server sends all of it. */
@Timeout(60)
class EndlessOutputTest {
    /** What the buffers between the pod and the client may contain, and what is read until the connection is closed. */
    private static final long BUFFERS = 32L << 20;

    @Test
    void failsTheCommandAndClosesItsConnection() throws Exception {
        try (EndlessPod pod = new EndlessPod("y\n", false)) {
            PodExec exec = new PodExec(pod.client(), "shop");

            assertThatThrownBy(() ->
                            exec.call("talker", "c", List.of("yes"), Duration.ofSeconds(30), Reason.VerificationFailed))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.VerificationFailed))
                    .hasMessage("command yes in pod shop/talker, container c printed more than the limit of 16777216"
                            + " bytes, so its connection was closed; redirect its output to a file or to /dev/null");

            assertThat(pod.ended().await(30, TimeUnit.SECONDS))
                    .as("connection closed")
                    .isTrue();
            assertThat(pod.printed()).isLessThan(BoundedOutput.LIMIT + BUFFERS);
        }
    }

    @Test
    void namesTheHook() throws Exception {
        Hook hook = new Hook();
        hook.command = List.of("yes");
        hook.timeout = "30s";
        try (EndlessPod pod = new EndlessPod("y\n", true)) {
            CaptureHooks hooks = new CaptureHooks(pod.client(), "shop");

            assertThatThrownBy(() -> hooks.before(List.of(hook)))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.QuiesceFailed))
                    .hasMessageStartingWith("spec.hooks.pre[0]: command yes in pod shop/talker")
                    .hasMessageContaining("printed more than the limit of 16777216 bytes");
        }
    }

    @Test
    void endsASessionWithTooManyLines() throws Exception {
        try (EndlessPod pod = new EndlessPod("y\n", true)) {
            assertThat(last(pod)).contains("more than 1000 lines that were not read");
        }
    }

    @Test
    void endsASessionWithAnEndlessLine() throws Exception {
        try (EndlessPod pod = new EndlessPod("y", true)) {
            assertThat(last(pod)).contains("more than 1048576 bytes");
        }
    }

    private static String last(EndlessPod pod) throws IOException, InterruptedException {
        try (PodSession session = PodSession.open(new PodExec(pod.client(), "shop").pod("talker"), "c", "psql")) {
            assertThat(pod.ended().await(30, TimeUnit.SECONDS))
                    .as("connection closed")
                    .isTrue();
            assertThat(pod.printed()).isLessThan(PodSession.BYTES + BUFFERS);
            return session.next(Duration.ofSeconds(10))
                    .map(r -> r instanceof PodSession.Received.Ended(String why) ? why : "a line")
                    .orElse("nothing");
        }
    }

    @Test
    void limitsTheTimeoutOfHooks() {
        assertThat(PodExec.atMost(Duration.ofDays(2))).isEqualTo(BackupPolicySpec.LONGEST_COMMAND);
        assertThat(PodExec.atMost(Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(30));
    }
}
