package io.breakwater.velero;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * The threads that compress the blocks of all archives of a process, one for each core. The number of blocks that wait or are
 * compressed is limited for all archives together, so many archives at the same time need little more memory than one.
 */
final class GzipWorkers {
    private static final int MOST_THREADS = 16;
    private static final int BLOCKS_PER_THREAD = 2;
    private static final GzipWorkers OF_PROCESS =
            new GzipWorkers(Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors()));

    private final ExecutorService threads;
    private final Semaphore blocks;

    GzipWorkers(int threads) {
        this.threads = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("gzip-", 0).factory());
        this.blocks = new Semaphore(BLOCKS_PER_THREAD * threads);
    }

    /** The threads that all archives of this process share. */
    static GzipWorkers ofProcess() {
        return OF_PROCESS;
    }

    /**
     * Starts the compression of a block. The caller calls {@link #release} when it does not need the result any more.
     *
     * @return the result; empty if the limit is reached, and the caller has to compress the block itself
     */
    Optional<Future<byte[]>> submit(Callable<byte[]> block) {
        if (!blocks.tryAcquire()) {
            return Optional.empty();
        }
        return Optional.of(threads.submit(block));
    }

    /** Makes room for another block. */
    void release() {
        blocks.release();
    }

    /** Number of blocks that can be submitted now. */
    int room() {
        return blocks.availablePermits();
    }
}
