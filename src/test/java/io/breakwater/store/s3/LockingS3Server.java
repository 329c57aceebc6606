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
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A real S3 server with versions, enforced Object Lock, and preconditions that hold between concurrent writers: Versity's gateway
 * on a directory. {@code dev/test} builds it.
 */
final class LockingS3Server implements AutoCloseable {
    static final String ID = "locking";
    static final String SECRET = "locking-secret";

    private final Process process;
    private final int port;

    private LockingS3Server(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** The program; empty where it was not built. */
    static Optional<Path> program() {
        return Optional.ofNullable(System.getenv("BREAKWATER_VERSITYGW")).map(Path::of);
    }

    static LockingS3Server start(Path directory) {
        try {
            int port = freePort();
            for (String name : List.of("objects", "versions", "facts")) {
                Files.createDirectories(directory.resolve(name));
            }
            Path log = directory.resolve("server.log");
            ProcessBuilder builder = new ProcessBuilder(
                            program().orElseThrow().toString(),
                            "--port",
                            "127.0.0.1:" + port,
                            "--quiet",
                            "posix",
                            "--versioning-dir",
                            directory.resolve("versions").toString(),
                            "--sidecar",
                            directory.resolve("facts").toString(),
                            directory.resolve("objects").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().put("ROOT_ACCESS_KEY_ID", ID);
            builder.environment().put("ROOT_SECRET_ACCESS_KEY", SECRET);
            LockingS3Server server = new LockingS3Server(builder.start(), port);
            server.awaitListening(log);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A location in a new bucket. */
    S3 bucket(boolean locks) {
        S3 spec = new S3();
        spec.bucket = "b" + UUID.randomUUID().toString().substring(1);
        spec.prefix = "below/this";
        spec.endpoint = "http://127.0.0.1:" + port;
        try (S3Client client = client(spec)) {
            client.createBucket(r -> r.bucket(spec.bucket).objectLockEnabledForBucket(locks));
        }
        return spec;
    }

    S3Client client(S3 spec) {
        return S3Connection.client(spec, ID, SECRET, EndpointRules.trusting(spec.endpoint), new CallLimit("test"));
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

    private void awaitListening(Path log) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    assertThat(process.isAlive()).as(() -> read(log)).isTrue();
                    try (Socket socket = new Socket()) {
                        socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
                        return true;
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
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
