package io.breakwater.volume;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the mover program makes of a task; restic itself is played, since it would write to this machine's root. */
class MoverProgramTest {
    @TempDir
    private Path directory;

    @Test
    void aReadOnlyRepositoryIsNotLocked() throws Exception {
        assertThat(run(new MoverTask.Fill("data", "/volumes/data", "abc", true)))
                .contains("restore abc")
                .contains("--include /volumes/data")
                .doesNotContain("--no-lock");
        assertThat(run(new MoverTask.Fill("data", "/volumes/data", "abc", false)))
                .contains("restore abc --no-lock")
                .contains("--include /volumes/data");
        assertThat(new MoverTask.Verify(List.of("abc"), false).arguments())
                .containsExactly("verify", "--no-lock", "abc");
        assertThat(new MoverTask.Verify(List.of("abc"), true).arguments()).containsExactly("verify", "abc");
    }

    /** A mover that was killed leaves its lock, which would keep everybody from removing anything. */
    @Test
    void locksThatNobodyRenewsAreRemovedBeforeSnapshotsAre() throws Exception {
        assertThat(play(new MoverTask.Forget(List.of("abc", "def"))).lines())
                .containsExactly("--retry-lock 10m unlock", "--retry-lock 10m forget --prune abc def");
    }

    private String run(MoverTask task) throws Exception {
        String output = play(task);
        assertThat(Files.readString(directory.resolve("report"))).isEqualTo(output);
        return output;
    }

    private String play(MoverTask task) throws Exception {
        Path restic = Files.writeString(directory.resolve("restic"), "#!/bin/sh\necho \"$@\"\n");
        Files.setPosixFilePermissions(restic, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(directory.resolve("token"), "token");
        List<String> command = new ArrayList<>(
                List.of("sh", Path.of("images/breakwater-mover/mover").toString()));
        command.addAll(task.arguments());
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "PATH", directory + ":" + System.getenv("PATH"),
                        "TMPDIR", directory.toString(),
                        "RESTIC_CACERT", "none",
                        "BREAKWATER_TOKEN_FILE", directory.resolve("token").toString(),
                        "BREAKWATER_REPORT_FILE", directory.resolve("report").toString()));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
