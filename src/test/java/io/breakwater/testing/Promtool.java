package io.breakwater.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tool {@code promtool}, which {@code dev/test} provides. */
public final class Promtool {
    private static final String PROGRAM = System.getenv("BREAKWATER_PROMTOOL");

    private Promtool() {}

    public static boolean isPresent() {
        return PROGRAM != null;
    }

    /** Runs a file of tests for rules, and returns the output if a test fails; empty otherwise. */
    public static String failureOf(Path tests) {
        try {
            Process process = new ProcessBuilder(PROGRAM, "test", "rules", tests.toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? "" : output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Runs tests for rules that are not in a file. */
    static String failureOf(Object tests) {
        try {
            Path file = Files.createTempFile("alert", ".yaml");
            try {
                Files.writeString(file, AlertProof.YAML.writeValueAsString(tests));
                return failureOf(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
