package io.breakwater.location;

import io.breakwater.api.BreakwaterException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The size of a repository: the bytes of the last listing, and the bytes that this process added since. Other processes add
 * and delete too. So the repository is listed again after some time, after some growth, and before it counts as full.
 */
final class RepositorySize {
    /** Least growth that leads to another listing: one pack of restic. */
    static final long STEP = 16L << 20;

    static final Duration OLD = Duration.ofMinutes(5);

    /** For how long a listing is valid by which a repository is full. */
    static final Duration FRESH = Duration.ofSeconds(10);

    /**
     * A moment.
     *
     * @param at on the monotonic clock
     * @param added all bytes that this process had added until then
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

    /** Records that bytes were added. */
    void add(long bytes) {
        added.addAndGet(bytes);
    }

    /** The size without a request to the store; empty before the first listing. */
    synchronized Optional<Long> known() {
        return Optional.ofNullable(listed).map(l -> l.bytes + grown(l));
    }

    Mark mark() {
        return new Mark(nanos.getAsLong(), added.get());
    }

    /** Sets the result of a listing that started at the mark, unless a newer one is known. */
    synchronized void settle(long bytes, Mark mark) {
        if (listed == null || mark.at - listed.since.at >= 0) {
            listed = new Listed(bytes, mark);
        }
    }

    /**
     * The size, exact enough to compare it with a limit: it reaches the limit only if a listing alone reaches it.
     *
     * @param list lists the repository in the store
     * @throws BreakwaterException StoreUnavailable, if a listing is needed and the store does not answer
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

    /** Skipped while another thread lists. If the store does not answer, the last known size remains in use. */
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
                return last.bytes; // it started after the question
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
