package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the real mover program for a task, with a fake restic that records its arguments. */
class MoverTaskTest {
    private static final String ID = "ab".repeat(32);

    @TempDir
    Path directory;

    @Test
    void includesEachFileByItsName() throws IOException, InterruptedException {
        var task = new MoverTask.Files("data", "/volumes/pvc", ID, false, List.of("/a b", "/c*", "/-d"));
        assertThat(calls(task))
                .containsExactly(
                        "--retry-lock",
                        "10m",
                        "restore",
                        "--no-lock",
                        "--json",
                        "--target",
                        "/",
                        "--overwrite",
                        "never",
                        "--sparse",
                        "--include",
                        "/volumes/pvc/a b",
                        "--include",
                        "/volumes/pvc/c*",
                        "--include",
                        "/volumes/pvc/-d",
                        "--",
                        ID);
    }

    /** What a user names is a path: only the documented wildcards are patterns for restic. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            delimiter = '|',
            value = {
                "/docs/Q3 [draft].txt|/docs/Q3 \\[draft\\].txt",
                "/[|/\\[",
                "/[].txt|/\\[\\].txt",
                "/$RECYCLE.BIN|/$RECYCLE.BIN",
                "/a]b|/a\\]b",
                "/a*/b?c/**|/a*/b?c/**",
                "/a\\*\\?|/a\\*\\?",
                "/back\\slash|/back\\\\slash",
                "/back\\\\slash|/back\\\\slash",
                "/end\\|/end\\\\",
                "/\\[a]|/\\\\\\[a\\]",
                "/!bang/#hash/$(HOME)/{a,b}|/!bang/#hash/$(HOME)/{a,b}",
                "/ lead /trail |/ lead /trail ",
                "/ünï/文件|/ünï/文件",
            })
    void passesNamesAsTheyAre(String path, String pattern) throws IOException, InterruptedException {
        assertThat(calls(new MoverTask.Files("data", "/volumes/pvc", ID, true, List.of(path))))
                .contains("/volumes/pvc" + pattern);
    }

    @Test
    void deletesFilesOnlyInAFill() throws IOException, InterruptedException {
        assertThat(calls(new MoverTask.Fill("data", "/volumes/pvc", ID))).contains("--delete");
        assertThat(calls(new MoverTask.Files("data", "/volumes/pvc", ID, true, List.of("/a"))))
                .contains("always")
                .doesNotContain("--delete");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "abc",
                "--repo=sftp:a@b:/c",
                "latest",
                "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
            })
    void refusesIllegalSnapshotIds(String id) {
        List<ThrowingCallable> tasks = List.of(
                () -> new MoverTask.Verify(List.of(ID, id)),
                () -> new MoverTask.Fill("data", "/volumes/data", id),
                () -> new MoverTask.Files("data", "/volumes/data", id, true, List.of("/a")),
                () -> new MoverTask.FillDevice("data", "/data", id));
        for (ThrowingCallable task : tasks) {
            assertThatThrownBy(task)
                    .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                        assertThat(e.reason()).isEqualTo(Reason.Tampered);
                        assertThat(e.isRetryable()).isFalse();
                    })
                    .hasMessageContaining("'" + id + "' is not a valid snapshot id");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "10 G", "-1", "--repo=/x", "10Gi", "unlimited"})
    void refusesIllegalSizes(String size) {
        assertThatThrownBy(() -> new MoverTask.Prune(size))
                .hasMessageContaining("'" + size + "' is not a valid number of bytes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/etc",
                "/volumes",
                "/volumes/",
                "/volumes/../etc",
                "/volumes/a/b",
                "/volumes/--x",
                "--x",
                "/volumes/A"
            })
    void refusesIllegalPaths(String path) {
        List<ThrowingCallable> tasks = List.of(
                () -> new MoverTask.Backup("data", path, "host", Map.of(), null),
                () -> new MoverTask.Fill("data", path, ID),
                () -> new MoverTask.Files("data", path, ID, true, List.of("/a")),
                () -> new MoverTask.BackupDevice("data", "/volumes/" + path, "host", Map.of()),
                () -> new MoverTask.FillDevice("data", "/volumes/" + path, ID));
        for (ThrowingCallable task : tasks) {
            assertThatThrownBy(task).hasMessageContaining("is not a valid path");
        }
    }

    private List<String> calls(MoverTask task) throws IOException, InterruptedException {
        Path log = directory.resolve("calls");
        Files.deleteIfExists(log);
        Path restic = Files.writeString(
                directory.resolve("restic"), "#!/bin/sh\nfor a; do printf '%s\\n' \"$a\"; done > '" + log + "'\n");
        assertThat(restic.toFile().setExecutable(true)).isTrue();
        Path token = Files.writeString(directory.resolve("token"), "t");
        var command = new java.util.ArrayList<>(List.of("sh", "images/breakwater-mover/mover"));
        command.addAll(task.arguments());
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("out").toFile());
        builder.environment().put("PATH", directory + ":" + System.getenv("PATH"));
        builder.environment().put("BREAKWATER_TOKEN_FILE", token.toString());
        builder.environment()
                .put("BREAKWATER_REPORT_FILE", directory.resolve("report").toString());
        assertThat(builder.start().waitFor()).isZero();
        return Files.readAllLines(log);
    }
}
