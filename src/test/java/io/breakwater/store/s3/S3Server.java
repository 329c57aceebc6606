package io.breakwater.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.store.CallLimit;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A real S3 server in its own process, with one account: S3Proxy in memory, which checks signatures and honours preconditions. The
 * build copies the program to target/s3-server.
 */
public final class S3Server implements AutoCloseable {
    public static final String ID = "contract";
    public static final String SECRET = "contract-secret";

    private final Process process;
    private final Path log;
    private final int port;

    private S3Server(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /** Starts the server. */
    public static S3Server start(Path directory) {
        int port = freePort();
        Path config = write(directory.resolve("s3proxy.conf"), """
            s3proxy.endpoint=http://127.0.0.1:%d
            s3proxy.authorization=aws-v4
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=transient-nio2
            jclouds.identity=none
            jclouds.credential=none
            """.formatted(port, ID, SECRET));
        return run(directory, port, List.of("--properties", config.toString()));
    }

    private static S3Server run(Path directory, int port, List<String> arguments) {
        Path program =
                Path.of("target/s3-server/s3proxy-jar-with-dependencies.jar").toAbsolutePath();
        assertThat(program).as("copied by mvn process-test-resources").exists();
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-jar",
                program.toString()));
        command.addAll(arguments);
        Path log = directory.resolve("server.log");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            S3Server server = new S3Server(process, log, port);
            server.awaitListening();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A location in a new bucket. */
    public S3 bucket() {
        S3 spec = new S3();
        spec.bucket = "b" + UUID.randomUUID().toString().substring(1);
        spec.prefix = "below/this";
        spec.endpoint = endpoint();
        try (S3Client client =
                S3Connection.client(spec, ID, SECRET, EndpointRules.trusting(spec.endpoint), new CallLimit("test"))) {
            client.createBucket(r -> r.bucket(spec.bucket));
        }
        return spec;
    }

    public String endpoint() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitListening() {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    assertThat(process.isAlive())
                            .as(() -> Files.exists(log) ? read(log) : "")
                            .isTrue();
                    try (Socket socket = new Socket()) {
                        socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
                        return true;
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path write(Path file, String text) {
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
