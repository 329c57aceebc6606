package io.breakwater.gateway;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Ends reads from movers that send nothing, and writes to movers that receive nothing. A thread that blocks for longer than
 * the limit is interrupted, which closes its connection.
 */
final class IdleTimeout implements AutoCloseable {
    private final Duration limit;
    private final Set<Wait> waits = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("gateway-idle-timeout").factory());

    IdleTimeout(Duration limit) {
        this.limit = limit;
        long every = Math.max(1, limit.toMillis() / 8);
        timer.scheduleWithFixedDelay(() -> waits.forEach(Wait::check), every, every, TimeUnit.MILLISECONDS);
    }

    Duration limit() {
        return limit;
    }

    /** Reads from a mover. */
    InputStream in(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                return bounded(() -> in.read(bytes, offset, length));
            }
        };
    }

    /** Writes to a mover. */
    OutputStream out(OutputStream out) {
        return new FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                bounded(() -> {
                    out.write(bytes, offset, length);
                    return 0;
                });
            }
        };
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private interface IoCall {
        int run() throws IOException;
    }

    private int bounded(IoCall call) throws IOException {
        Wait wait = new Wait();
        waits.add(wait);
        try {
            int n = call.run();
            wait.end(null);
            return n;
        } catch (IOException e) {
            wait.end(e);
            throw e;
        } finally {
            waits.remove(wait);
        }
    }

    private final class Wait {
        private final Thread thread = Thread.currentThread();
        private final long since = System.nanoTime();
        private boolean over;
        private boolean interrupted;

        synchronized void check() {
            if (!over && !interrupted && System.nanoTime() - since > limit.toNanos()) {
                interrupted = true;
                thread.interrupt();
            }
        }

        /** Prevents later interrupts. Reports an earlier interrupt as an error, since the store must still be cleaned up. */
        synchronized void end(IOException cause) throws IOException {
            over = true;
            if (interrupted) {
                Thread.interrupted();
                throw new IOException(
                        "the mover neither sent nor received a byte for " + limit.toSeconds() + " s", cause);
            }
        }
    }
}
