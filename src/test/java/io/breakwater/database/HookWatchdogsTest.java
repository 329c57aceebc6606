package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.database.CaptureHooks.Call;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the script of a watchdog in a local shell. */
class HookWatchdogsTest {
    @TempDir
    Path directory;

    @Test
    void disarmsWithoutRunningTheHook() throws Exception {
        Process shell = start(60, 60, Map.of());
        try (BufferedReader output = shell.inputReader()) {
            assertThat(output.readLine()).isEqualTo("armed");
            write(shell, "done\n");
            assertThat(output.readLine()).isEqualTo("disarmed");
            assertThat(shell.waitFor()).isZero();
        }
        assertThat(mark()).doesNotExist();
    }

    @Test
    void runsTheHookWhenTheConnectionBreaks() throws Exception {
        Process shell = start(60, 0, Map.of());
        shell.outputWriter().close();
        assertThat(shell.waitFor()).isZero();
        assertThat(mark()).hasContent("with a space");
    }

    @Test
    void runsTheHookAfterATruncatedCommand() throws Exception {
        Process shell = start(60, 0, Map.of());
        write(shell, "don");
        shell.outputWriter().close();
        assertThat(shell.waitFor()).isZero();
        assertThat(mark()).exists();
    }

    @Test
    void runsTheHookAfterTheTimeLimit() throws Exception {
        Process shell = start(1, 60, Map.of());
        assertThat(shell.waitFor()).isZero();
        assertThat(mark()).exists();
        shell.outputWriter().close();
    }

    /** A failure would leave earlier watchdogs armed, and they would run hooks during a later capture. */
    @Test
    void warnsAboutUnreachablePodsWithoutFailing() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            Call call = new Call("spec.hooks.post[0]", "gone", "main", List.of("true"), Duration.ofSeconds(1), false);
            try (HookWatchdogs armed = HookWatchdogs.arm(
                    new PodExec(cluster.client(), "shop"), List.of(call), Duration.ofSeconds(1), Duration.ZERO)) {
                assertThat(armed.warnings())
                        .singleElement(STRING)
                        .startsWith(
                                "spec.hooks.post[0] has no watchdog, so it will not run if the operator stops during"
                                        + " the backup: ");
            }
        }
    }

    @Test
    void runsNothingWhenItCannotWait() throws Exception {
        Process shell = start(60, 0, Map.of("PATH", directory.toString()));
        assertThat(shell.waitFor()).isEqualTo(127);
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(mark()).doesNotExist();
    }

    private Process start(int limit, int grace, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                "/bin/sh",
                "-c",
                HookWatchdogs.SCRIPT,
                "watchdog",
                Integer.toString(limit),
                Integer.toString(grace),
                "/bin/sh",
                "-c",
                "printf '%s' \"$1\" > " + mark(),
                "hook",
                "with a space");
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static void write(Process shell, String text) throws IOException {
        shell.outputWriter().write(text);
        shell.outputWriter().flush();
    }

    private Path mark() {
        return directory.resolve("mark");
    }
}
