package io.breakwater.velero;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Gzip with all cores. Blocks of 1 MiB become independent members, compressed in parallel and written in order. (RFC
 * 1952, section 2.2: a file is a series of members; readers of Go and Java treat it as one stream.) All archives share the
 * threads and the number of blocks in {@link GzipWorkers}; without room there, the thread of the caller compresses. Not safe for
 * use from several threads.
 */
final class ParallelGzip extends OutputStream {
    private static final int BLOCK = 1 << 20;

    private final OutputStream out;
    private final GzipWorkers workers;
    private final Deque<Future<byte[]>> pending = new ArrayDeque<>();
    private byte[] block = new byte[BLOCK];
    private int used;
    private boolean closed;

    ParallelGzip(OutputStream out) {
        this(out, GzipWorkers.ofProcess());
    }

    ParallelGzip(OutputStream out, GzipWorkers workers) {
        this.out = out;
        this.workers = workers;
    }

    @Override
    public void write(int b) throws IOException {
        if (used == BLOCK) {
            submit();
        }
        block[used++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int left = length;
        while (left > 0) {
            if (used == BLOCK) {
                submit();
            }
            int n = Math.min(left, BLOCK - used);
            System.arraycopy(bytes, at, block, used, n);
            used += n;
            at += n;
            left -= n;
        }
    }

    /** Writes the remaining bytes; does not close the stream below. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            submit();
            while (!pending.isEmpty()) {
                drain();
            }
            out.flush();
        } finally {
            cancel();
        }
    }

    /** Aborts: no more bytes are written. */
    void abort() {
        closed = true;
        cancel();
    }

    private void cancel() {
        while (!pending.isEmpty()) {
            pending.remove().cancel(true);
            workers.release();
        }
    }

    private void submit() throws IOException {
        byte[] full = block;
        int length = used;
        Optional<Future<byte[]>> submitted = workers.submit(() -> member(full, length));
        while (submitted.isEmpty() && !pending.isEmpty()) {
            drain();
            submitted = workers.submit(() -> member(full, length));
        }
        used = 0;
        if (submitted.isPresent()) {
            pending.add(submitted.get());
            block = new byte[BLOCK];
        } else {
            out.write(member(full, length));
        }
        while (!pending.isEmpty() && pending.peek().isDone()) {
            drain();
        }
    }

    private void drain() throws IOException {
        try {
            out.write(pending.peek().get());
            pending.remove();
            workers.release();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while compressing").initCause(e);
        } catch (ExecutionException e) {
            throw new IOException("compression failed", e.getCause());
        }
    }

    private static byte[] member(byte[] bytes, int length) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(length / 4 + 64);
        try (GZIPOutputStream gzip = new Fast(compressed)) {
            gzip.write(bytes, 0, length);
        }
        return compressed.toByteArray();
    }

    /** Level 3 is about twice as fast as the default on JSON, and writes some percent more bytes. */
    private static final class Fast extends GZIPOutputStream {
        Fast(OutputStream out) throws IOException {
            super(out, 1 << 16);
            def.setLevel(3);
            def.setStrategy(Deflater.DEFAULT_STRATEGY);
        }
    }
}
