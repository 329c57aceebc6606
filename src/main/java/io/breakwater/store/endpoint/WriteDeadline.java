package io.breakwater.store.endpoint;

import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A stream to a server that may stop reading. The JDK has a timeout for reads only: a write to such a server would never end. Here
 * the connection is closed when one piece of 64 KiB was not accepted in time, and the write ends with an error.
 */
final class WriteDeadline extends FilterOutputStream {
    private static final int PIECE = 64 << 10;
    private static final Duration TICK = Duration.ofMillis(500);
    private static final Set<WriteDeadline> WRITING = ConcurrentHashMap.newKeySet();

    static {
        Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("write-deadlines").factory())
                .scheduleWithFixedDelay(
                        () -> WRITING.forEach(WriteDeadline::check),
                        TICK.toMillis(),
                        TICK.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private final long most;
    private final Closeable connection;
    private volatile long since;
    private volatile boolean isExpired;

    /**
     * Watches a stream.
     *
     * @param most time of one piece
     * @param connection closed when the time is over, from another thread; this must end the write
     */
    WriteDeadline(OutputStream out, Duration most, Closeable connection) {
        super(out);
        this.most = most.toNanos();
        this.connection = connection;
    }

    private void check() {
        if (!isExpired && System.nanoTime() - since > most) {
            isExpired = true;
            // A close may block, and must not delay the other streams.
            Thread.ofVirtual().name("write-deadline").start(() -> {
                try {
                    connection.close();
                } catch (IOException e) {
                    // the write ends in any case
                }
            });
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += PIECE) {
            int from = offset + at;
            int count = Math.min(PIECE, length - at);
            watch(() -> out.write(bytes, from, count));
        }
    }

    @Override
    public void flush() throws IOException {
        watch(out::flush);
    }

    @Override
    public void close() throws IOException {
        watch(out::close);
    }

    private void watch(Closeable write) throws IOException {
        since = System.nanoTime();
        WRITING.add(this);
        try {
            write.close();
        } catch (IOException e) {
            throw isExpired
                    ? new IOException("the server did not read for " + TimeUnit.NANOSECONDS.toSeconds(most) + " s", e)
                    : e;
        } finally {
            WRITING.remove(this);
        }
    }
}
