package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the real mover program for a task, with a fake restic that records its arguments. */
class MoverTaskTest {
    @TempDir
    Path directory;

    @Test
    void includesEachFileByItsName() throws IOException, InterruptedException {
        var task = new MoverTask.Files("data", "/data/pvc", "abc123", false, true, List.of("/a b", "/c*", "/-d"));
        assertThat(calls(task))
                .containsExactly(
                        "--retry-lock",
                        "10m",
                        "restore",
                        "abc123",
                        "--json",
                        "--target",
                        "/",
                        "--overwrite",
                        "never",
                        "--sparse",
                        "--include",
                        "/data/pvc/a b",
                        "--include",
                        "/data/pvc/c*",
                        "--include",
                        "/data/pvc/-d");
    }

    @Test
    void deletesFilesOnlyInAFill() throws IOException, InterruptedException {
        assertThat(calls(new MoverTask.Fill("data", "/data/pvc", "abc123", true)))
                .contains("--delete");
        assertThat(calls(new MoverTask.Files("data", "/data/pvc", "abc123", true, true, List.of("/a"))))
                .contains("always")
                .doesNotContain("--delete");
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
