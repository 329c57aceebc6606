package io.breakwater.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Programs of the host: docker and java. */
final class HostCommands {
    private HostCommands() {}

    /** A program that ended with an exit code other than 0. */
    static final class Failed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failed(List<String> command, int code, String output) {
            super("%s ended with %d: %s".formatted(String.join(" ", command), code, output.strip()));
        }
    }

    /** Runs a program and returns its standard output. */
    static String run(String input, List<String> command) {
        try {
            Process process = new ProcessBuilder(command).start();
            CompletableFuture<String> error = read(process.getErrorStream());
            CompletableFuture<String> output = read(process.getInputStream());
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // The program did not read its input; its exit code shows whether that is an error.
            }
            return finish(command, process, output, error);
        } catch (IOException e) {
            throw new IllegalStateException("cannot run " + String.join(" ", command), e);
        }
    }

    /** Runs two programs; the output of the first is the input of the second. */
    static void pipe(List<String> from, List<String> to) {
        try {
            List<Process> both = ProcessBuilder.startPipeline(List.of(
                    new ProcessBuilder(from).redirectError(ProcessBuilder.Redirect.DISCARD), new ProcessBuilder(to)));
            CompletableFuture<String> error = read(both.getLast().getErrorStream());
            CompletableFuture<String> output = read(both.getLast().getInputStream());
            finish(to, both.getLast(), output, error);
            finish(from, both.getFirst(), output, error);
        } catch (IOException e) {
            throw new IllegalStateException("cannot run " + String.join(" ", from), e);
        }
    }

    private static String finish(
            List<String> command, Process process, CompletableFuture<String> output, CompletableFuture<String> error) {
        try {
            int code = process.waitFor();
            if (code != 0) {
                throw new Failed(command, code, error.join() + output.join());
            }
            return output.join();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static CompletableFuture<String> read(InputStream stream) {
        var result = new CompletableFuture<String>();
        Thread.ofVirtual().start(() -> {
            try (stream) {
                result.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                result.complete("");
            }
        });
        return result;
    }
}
