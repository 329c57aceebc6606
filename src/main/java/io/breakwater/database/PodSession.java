package io.breakwater.database;

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

/** A program in a pod that is spoken to line by line, as long as the connection lives. */
final class PodSession implements AutoCloseable {
    private static final Duration OPENING = Duration.ofSeconds(30);

    /** What came, or why nothing will come any more. */
    sealed interface Said {
        record Line(String text) implements Said {}

        record Ended(String why) implements Said {}
    }

    private final BlockingQueue<Said> said = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> opened = new CompletableFuture<>();
    private final ExecWatch watch;

    private PodSession(PodResource pod, String container, String... command) {
        this.watch = pod.inContainer(container)
                .redirectingInput()
                .writingOutput(new Lines())
                .writingError(new Lines())
                .usingListener(new Ears())
                .exec(command);
    }

    /**
     * Starts a program; returns when it can be spoken to.
     *
     * @throws IOException when the connection does not open
     */
    static PodSession open(PodResource pod, String container, String... command) throws IOException {
        PodSession session;
        try {
            session = new PodSession(pod, container, command);
        } catch (KubernetesClientException e) {
            throw new IOException(e.getMessage(), e);
        }
        try {
            session.opened.get(OPENING.toSeconds(), TimeUnit.SECONDS);
            return session;
        } catch (ExecutionException | TimeoutException e) {
            session.close();
            throw new IOException(
                    e.getCause() == null
                            ? "no connection within " + OPENING
                            : e.getCause().getMessage(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            session.close();
            throw new IOException("interrupted", e);
        }
    }

    /** Says something; the text carries its own line ends. */
    void say(String text) throws IOException {
        OutputStream input = watch.getInput();
        input.write(text.getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /** The next thing that came; empty when nothing did until then. */
    Optional<Said> next(Duration patience) throws InterruptedException {
        return Optional.ofNullable(said.poll(Math.max(0, patience.toNanos()), TimeUnit.NANOSECONDS));
    }

    @Override
    public void close() {
        watch.close();
    }

    /** Cuts what is written into lines. */
    private final class Lines extends OutputStream {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        @Override
        public synchronized void write(int b) {
            if (b == '\n') {
                said.add(new Said.Line(line.toString(StandardCharsets.UTF_8)));
                line.reset();
            } else {
                line.write(b);
            }
        }
    }

    private final class Ears implements ExecListener {
        @Override
        public void onOpen() {
            opened.complete(null);
        }

        @Override
        public void onFailure(Throwable t, Response response) {
            opened.completeExceptionally(t);
            said.add(new Said.Ended(String.valueOf(t.getMessage())));
        }

        @Override
        public void onClose(int code, String reason) {
            opened.completeExceptionally(new IOException("closed with code " + code));
            said.add(new Said.Ended("the session was closed"));
        }
    }
}
