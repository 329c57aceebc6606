package io.breakwater.fleet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The packaged operator in a JVM of its own, with {@link FleetAgent}. */
final class OperatorProcess implements AutoCloseable {
    private static final Path APPLICATION =
            Path.of(System.getProperty("breakwater.fleet.application", "target/quarkus-app/quarkus-run.jar"));
    private static final int END = 30;
    private static final Pattern LISTENS = Pattern.compile("Listening on: http://[^:]+:(\\d+)");

    /** The process ended. */
    static final class ProcessEnd extends RuntimeException {
        private static final long serialVersionUID = 1;

        ProcessEnd(String message) {
            super(message);
        }
    }

    /** The answer of the agent. */
    record Answer(long next, long heap) {}

    private final Process process;
    private final Path log;
    private final Socket agent;
    private final BufferedReader in;
    private final PrintStream out;

    /**
     * Starts the operator.
     *
     * @param directory for its log and the agent
     * @param options of the JVM
     * @param settings variables, in addition to those that each process needs
     */
    OperatorProcess(Path directory, List<String> options, Instant start, String api, Map<String, String> settings) {
        this.log = directory.resolve("operator.log");
        if (!Files.exists(APPLICATION)) {
            throw new IllegalStateException(APPLICATION + " does not exist; package the application first");
        }
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path jar = agentJar(Files.createDirectories(directory));
            List<String> command =
                    new ArrayList<>(List.of(NativeMemory.tool("java").toString()));
            command.addAll(options);
            // As in a new pod. A process that finds files of an earlier one counts as started after a crash.
            command.add("-Djava.io.tmpdir=" + Files.createTempDirectory(directory.toAbsolutePath(), "tmp"));
            command.addAll(List.of(
                    "-javaagent:" + jar + "=" + server.getLocalPort() + "," + start, "-jar", APPLICATION.toString()));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(ImageOptions.variables());
            builder.environment()
                    .putAll(Map.of(
                            "KUBERNETES_MASTER",
                            api,
                            "KUBERNETES_NAMESPACE",
                            FleetObjects.OPERATOR,
                            "QUARKUS_HTTP_PORT",
                            "0",
                            "BREAKWATER_SITE",
                            FleetObjects.SITE,
                            "BREAKWATER_NAMESPACE",
                            FleetObjects.OPERATOR,
                            "BREAKWATER_GATEWAY_PORT",
                            "0",
                            "BREAKWATER_STORE_ALLOWED_ENDPOINTS",
                            "127.0.0.1"));
            builder.environment().putAll(settings);
            builder.redirectErrorStream(true).redirectOutput(log.toFile());
            this.process = builder.start();
            server.setSoTimeout((int) TimeUnit.MINUTES.toMillis(2));
            this.agent = server.accept();
            this.in = new BufferedReader(new InputStreamReader(agent.getInputStream(), StandardCharsets.US_ASCII));
            this.out = new PrintStream(agent.getOutputStream(), true, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path agentJar(Path directory) throws IOException {
        Path classes = Path.of("io/breakwater/fleet");
        Path jar = directory.resolve("agent.jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", FleetAgent.class.getName());
        Path root = Path.of(FleetAgent.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest);
                Stream<Path> files = Files.list(root.resolve(classes))) {
            for (Path file : files.filter(OperatorProcess::isOfAgent).sorted().toList()) {
                out.putNextEntry(new JarEntry(classes + "/" + file.getFileName()));
                out.write(Files.readAllBytes(file));
            }
        }
        return jar;
    }

    private static boolean isOfAgent(Path file) {
        String name = file.getFileName().toString().replaceAll("[$.].*", "");
        return List.of("FleetAgent", "FleetTime", "FleetTimer", "ConstantPool").contains(name);
    }

    /** Sends a request to the agent, and waits until no thread of the process works. */
    Answer ask(String request) {
        out.println(request);
        try {
            String line = in.readLine();
            if (line != null) {
                String[] numbers = line.split(" ", 2);
                return new Answer(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]));
            }
        } catch (IOException e) {
            // It ended.
        }
        throw ended();
    }

    private ProcessEnd ended() {
        try {
            boolean over = process.waitFor(END, TimeUnit.SECONDS);
            List<String> lines = Files.readAllLines(log);
            String cause = lines.stream()
                    .filter(line -> line.contains("OutOfMemoryError"))
                    .findFirst()
                    .orElse(lines.isEmpty() ? "" : lines.getLast());
            return new ProcessEnd("the operator ended" + (over ? " with exit code " + process.exitValue() : "") + ": "
                    + cause + "; its log is " + log);
        } catch (IOException | InterruptedException e) {
            return new ProcessEnd("the operator ended: " + e);
        }
    }

    /** A field of {@code /proc/<pid>/status} in bytes, such as the resident memory; 0 on other systems. */
    long memory(String field) {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        try (Stream<String> lines = Files.exists(status) ? Files.lines(status) : Stream.empty()) {
            return lines.filter(line -> line.startsWith(field + ":"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0L);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Whether a line of the log contains a text. */
    boolean hasLogged(String text) {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.anyMatch(line -> line.contains(text));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** What Prometheus scrapes from the process. */
    String scrape() {
        try (Stream<String> lines = Files.lines(log)) {
            int port = lines.map(LISTENS::matcher)
                    .filter(Matcher::find)
                    .map(m -> Integer.parseInt(m.group(1)))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no port in " + log));
            URI metrics = URI.create("http://localhost:" + port + "/q/metrics");
            try (InputStream answer = metrics.toURL().openStream()) {
                return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path log() {
        return log;
    }

    @Override
    public void close() {
        try {
            agent.close();
        } catch (IOException e) {
            // The process is killed in any case.
        }
        process.destroyForcibly();
    }
}
