package io.breakwater.database;

import io.breakwater.api.ServerMessage;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecListener;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A program in a pod, with input and output line by line until the connection ends. The output is short, because it answers
 * to the input; a program that prints more than the limits loses its connection.
 */
final class PodSession implements AutoCloseable {
    /** Bytes of all output, and therefore of each line. */
    static final int BYTES = 1 << 20;

    /** Lines that were not read yet. */
    static final int LINES = 1000;

    private static final Duration OPENING = Duration.ofSeconds(30);

    /** Pause for each write after a limit. The client reads until the connection is closed, which takes some seconds. */
    private static final Duration BRAKE = Duration.ofMillis(100);

    /** A line of output, or the reason for the end of the connection. */
    sealed interface Received {
        record Line(String text) implements Received {}

        record Ended(String why) implements Received {}
    }

    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> opened = new CompletableFuture<>();
    private final ExecWatch watch;
    private final CompletableFuture<Void> exceeded = new CompletableFuture<>();
    private final AtomicInteger bytes = new AtomicInteger();

    private PodSession(PodResource pod, String container, String... command) {
        this.watch = pod.inContainer(container)
                .redirectingInput()
                .writingOutput(new Lines())
                .writingError(new Lines())
                .usingListener(new Listener())
                .exec(command);
        exceeded.thenRun(watch::close);
    }

    /**
     * Starts a program, and returns when the connection is open.
     *
     * @throws IOException if the connection does not open
     */
    static PodSession open(PodResource pod, String container, String... command) throws IOException {
        PodSession session;
        try {
            session = new PodSession(pod, container, command);
        } catch (KubernetesClientException e) {
            throw new IOException(ServerMessage.of(e), e);
        }
        try {
            session.opened.get(OPENING.toSeconds(), TimeUnit.SECONDS);
            return session;
        } catch (ExecutionException | TimeoutException e) {
            session.close();
            throw new IOException(
                    e.getCause() == null ? "no connection within " + OPENING : ServerMessage.of(e.getCause()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            session.close();
            throw new IOException("interrupted", e);
        }
    }

    /** Writes to the input of the program; the text contains its line ends. */
    void write(String text) throws IOException {
        OutputStream input = watch.getInput();
        input.write(text.getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /** The next line of output, or the end of the connection; empty if neither arrives in time. */
    Optional<Received> next(Duration patience) throws InterruptedException {
        return Optional.ofNullable(received.poll(Math.max(0, patience.toNanos()), TimeUnit.NANOSECONDS));
    }

    @Override
    public void close() {
        watch.close();
    }

    /** Splits the output into lines. */
    private final class Lines extends OutputStream {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        @Override
        public synchronized void write(byte[] b, int offset, int length) {
            for (int i = offset; i < offset + length && !exceeded.isDone(); i++) {
                write(b[i]);
            }
            if (exceeded.isDone()) {
                LockSupport.parkNanos(BRAKE.toNanos());
            }
        }

        @Override
        public synchronized void write(int b) {
            if (bytes.incrementAndGet() > BYTES) {
                exceed("more than " + BYTES + " bytes");
            } else if (b == '\n' && received.size() >= LINES) {
                exceed("more than " + LINES + " lines that were not read");
            } else if (b == '\n') {
                received.add(new Received.Line(line.toString(StandardCharsets.UTF_8)));
                line.reset();
            } else {
                line.write(b);
            }
        }
    }

    private void exceed(String limit) {
        received.clear();
        received.add(new Received.Ended("the program printed " + limit + ", so its connection was closed"));
        exceeded.complete(null);
    }

    private final class Listener implements ExecListener {
        @Override
        public void onOpen() {
            opened.complete(null);
        }

        @Override
        public void onFailure(Throwable t, Response response) {
            opened.completeExceptionally(t);
            received.add(new Received.Ended(ServerMessage.of(t)));
        }

        @Override
        public void onClose(int code, String reason) {
            opened.completeExceptionally(new IOException("closed with code " + code));
            received.add(new Received.Ended("the session was closed"));
        }
    }
}
