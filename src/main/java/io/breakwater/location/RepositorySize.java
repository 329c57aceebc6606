package io.breakwater.location;

import io.breakwater.api.BreakwaterException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * How many bytes a repository has: those that were listed last, and those that were added here since. Others add and remove
 * too, so it is listed again after a while, after some growth, and before it is said to be full.
 */
final class RepositorySize {
    /** What is added between two lists at least: a pack of restic's. */
    static final long STEP = 16L << 20;

    static final Duration OLD = Duration.ofMinutes(5);

    /** For how long a list alone is believed when it says that a repository is full. */
    static final Duration FRESH = Duration.ofSeconds(10);

    /**
     * A moment.
     *
     * @param at on the monotonic clock
     * @param added bytes that had been added here ever
     */
    record Mark(long at, long added) {}

    private record Listed(long bytes, Mark since) {}

    private final LongSupplier nanos;
    private final AtomicLong added = new AtomicLong();
    private final ReentrantLock listing = new ReentrantLock();
    private Listed listed;

    RepositorySize(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Says that bytes were added. */
    void add(long bytes) {
        added.addAndGet(bytes);
    }

    /** What is known without asking the store; empty while nothing is. */
    synchronized Optional<Long> known() {
        return Optional.ofNullable(listed).map(l -> l.bytes + grown(l));
    }

    Mark mark() {
        return new Mark(nanos.getAsLong(), added.get());
    }

    /** Takes what a list found that began at the mark; a newer one is kept. */
    synchronized void settle(long bytes, Mark mark) {
        if (listed == null || mark.at - listed.since.at >= 0) {
            listed = new Listed(bytes, mark);
        }
    }

    /**
     * Bytes, exact enough to tell whether they are fewer than a limit: never said to be as many unless a list alone says so.
     *
     * @param list asks the store
     * @throws BreakwaterException StoreUnavailable, when the store has to be asked and does not answer
     */
    long upTo(long limit, LongSupplier list) {
        long asked = nanos.getAsLong();
        Listed last = last();
        if (last == null) {
            list(list, asked);
        } else if (isDue(last, limit)) {
            refresh(list, asked);
        }
        last = last();
        long bytes = last.bytes + grown(last);
        if (bytes < limit || grown(last) == 0 && !isOlder(last, FRESH)) {
            return bytes;
        }
        return list(list, asked);
    }

    private boolean isDue(Listed last, long limit) {
        long room = limit - last.bytes;
        return room > 0 && (isOlder(last, OLD) || grown(last) >= Math.max(room / 8, STEP));
    }

    /** Unless somebody is at it; and where the store does not answer, what is known does until then. */
    private void refresh(LongSupplier list, long asked) {
        if (listing.tryLock()) {
            try {
                list(list, asked);
            } catch (BreakwaterException e) {
                if (!e.isRetryable()) {
                    throw e;
                }
            } finally {
                listing.unlock();
            }
        }
    }

    private long list(LongSupplier list, long asked) {
        listing.lock();
        try {
            Listed last = last();
            if (last != null && last.since.at - asked > 0) {
                return last.bytes; // it began after we asked
            }
            Mark mark = mark();
            long bytes = list.getAsLong();
            settle(bytes, mark);
            return bytes;
        } finally {
            listing.unlock();
        }
    }

    private synchronized Listed last() {
        return listed;
    }

    private long grown(Listed since) {
        return added.get() - since.since.added;
    }

    private boolean isOlder(Listed last, Duration age) {
        return nanos.getAsLong() - last.since.at > age.toNanos();
    }
}
