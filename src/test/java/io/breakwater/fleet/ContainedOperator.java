package io.breakwater.fleet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The packaged operator in real time, in the memory of a container. It is started again when it ends, as the kubelet does. */
final class ContainedOperator implements AutoCloseable {
    private static final Path APPLICATION =
            Path.of(System.getProperty("breakwater.fleet.application", "target/quarkus-app/quarkus-run.jar"));

    private final List<String> command = new ArrayList<>();
    private final Map<String, String> variables;
    private final Path log;
    private final int port = ControlPlane.freePort();
    private final Optional<MemoryGroup> group;
    private volatile Process process;
    private volatile int restarts;
    private volatile boolean over;

    /**
     * Starts it.
     *
     * @param limit of its container, in MiB
     */
    ContainedOperator(Path directory, int limit, Map<String, String> variables) throws IOException {
        this.log = directory.resolve("operator.log");
        this.variables = variables;
        this.group =
                MemoryGroup.create("breakwater-fleet-" + ProcessHandle.current().pid(), (long) limit << 20);
        command.add(NativeMemory.tool("java").toString());
        command.addAll(ImageOptions.inContainer());
        if (group.isEmpty()) {
            command.add("-XX:MaxRAM=" + limit + "m");
        }
        command.addAll(List.of("-jar", APPLICATION.toString()));
        process = start();
        Thread.ofPlatform().daemon().name("restarts").start(this::restart);
    }

    private Process start() throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(group.map(g -> g.command(command)).orElse(command));
        builder.environment().putAll(ImageOptions.variables());
        builder.environment().putAll(variables);
        builder.environment().put("QUARKUS_HTTP_PORT", "" + port);
        return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void restart() {
        try {
            while (true) {
                process.waitFor();
                if (over) {
                    return;
                }
                restarts++;
                process = start();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether its probe of readiness succeeds. */
    boolean isReady() {
        try {
            HttpURLConnection probe = (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/q/health/ready")
                    .toURL()
                    .openConnection();
            probe.setConnectTimeout(1000);
            probe.setReadTimeout(1000);
            return probe.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            return false;
        }
    }

    long pid() {
        return process.pid();
    }

    int restarts() {
        return restarts;
    }

    /** What limits its memory. */
    String limitedBy() {
        return group.isPresent() ? "a control group" : "its heap alone: a control group needs root";
    }

    /** The most memory that its container used, in bytes; the largest resident size without a control group. */
    long peak() throws IOException {
        return group.isPresent() ? group.get().peak() : memory("VmHWM");
    }

    /** A field of {@code /proc/<pid>/status} in bytes; 0 while there is no process. */
    long memory(String field) {
        Path status = Path.of("/proc/" + pid() + "/status");
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith(field + ":"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0L);
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    @Override
    public void close() throws IOException {
        over = true;
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (group.isPresent()) {
            group.get().close();
        }
    }
}
