package io.breakwater.database;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/**
 * The output of a command in a pod: its first and last bytes in memory, and a count of all bytes. The pod decides how much
 * it prints, so the memory has a bound, and after {@link #LIMIT} bytes the reader has to end the connection.
 */
final class BoundedOutput extends OutputStream {
    /** Bytes at the start of the output that are stored, and at its end. */
    static final int PART = 64 << 10;

    /** Bytes after which the connection has to be closed. */
    static final long LIMIT = 16L << 20;

    /** Pause for each write after the limit. The client reads until the connection is closed, which takes some seconds. */
    private static final Duration BRAKE = Duration.ofMillis(100);

    private final ByteArrayOutputStream start = new ByteArrayOutputStream();
    private final CompletableFuture<Void> exceeded = new CompletableFuture<>();
    private byte[] end;
    private long total;

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        if (add(bytes, offset, length)) {
            return;
        }
        exceeded.complete(null);
        LockSupport.parkNanos(BRAKE.toNanos());
    }

    private synchronized boolean add(byte[] bytes, int offset, int length) {
        int first = Math.min(length, PART - start.size());
        start.write(bytes, offset, first);
        total += first;
        int from = offset + first + Math.max(0, length - first - PART);
        total += from - offset - first;
        for (int i = from; i < offset + length; i++) {
            end = end == null ? new byte[PART] : end;
            end[(int) (total++ % PART)] = bytes[i];
        }
        return total <= LIMIT;
    }

    /** Completes when more than {@link #LIMIT} bytes were printed. */
    CompletableFuture<Void> exceeded() {
        return exceeded;
    }

    /** Number of bytes that are not in {@link #text}. */
    synchronized long omitted() {
        return Math.max(0, total - 2 * PART);
    }

    /** The output. If bytes are missing in the middle, their number is there. */
    synchronized String text() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(start.toByteArray());
        if (omitted() > 0) {
            all.writeBytes(("\n… " + omitted() + " bytes omitted …\n").getBytes(StandardCharsets.UTF_8));
        }
        for (long i = Math.max(start.size(), total - PART); i < total; i++) {
            all.write(end[(int) (i % PART)]);
        }
        return all.toString(StandardCharsets.UTF_8);
    }
}
