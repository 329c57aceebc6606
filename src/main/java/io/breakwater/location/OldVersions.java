package io.breakwater.location;

import io.breakwater.location.ObjectStore.Version;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a store with versions keeps of objects that were removed or written anew. It is removed for good once its lock is over,
 * and not before it has been out of sight for a grace period. What removes the newest version goes last, since without it an
 * older one would be seen again. May be cut off anywhere and done again.
 *
 * <p>What points need is written once. A version of that below a newer one may be the only good one, below what an attacker has
 * put there, so it stays.
 */
public final class OldVersions {
    private final ObjectStore store;
    private final Duration grace;
    private final Instant now;
    private int removed;
    private long bytes;
    private int waiting;
    private long waitingBytes;

    private OldVersions(ObjectStore store, Duration grace, Instant now) {
        this.store = store;
        this.grace = grace;
        this.now = now;
    }

    /**
     * What was done.
     *
     * @param removed versions, of so many bytes
     * @param waiting versions whose locks are not over, or that were written over, of so many bytes
     */
    public record Swept(int removed, long bytes, int waiting, long waitingBytes) {}

    /**
     * Sweeps what lies below some prefixes.
     *
     * @param grace how long what is out of sight is kept, locked or not
     * @param now by the store's clock
     */
    public static Swept sweep(ObjectStore store, List<String> prefixes, Duration grace, Instant now) {
        OldVersions sweep = new OldVersions(store, grace, now);
        prefixes.forEach(prefix -> store.histories(prefix, sweep::prune));
        return new Swept(sweep.removed, sweep.bytes, sweep.waiting, sweep.waitingBytes);
    }

    /** @param history newest first */
    private void prune(List<Version> history) {
        int left = 0;
        Version newest = history.getFirst();
        if (Lock.covers(newest.key()) && !newest.deletion()) {
            history.stream().skip(1).filter(v -> !v.deletion()).forEach(this::waits);
            return;
        }
        for (int i = history.size() - 1; i > 0; i--) {
            left += destroyed(history.get(i), history.get(i - 1).modified()) ? 0 : 1;
        }
        if (newest.deletion() && left == 0) {
            destroyed(newest, newest.modified());
        }
    }

    private void waits(Version version) {
        waiting++;
        waitingBytes += version.size();
    }

    private boolean destroyed(Version version, Instant since) {
        if (since.plus(grace).isAfter(now)) {
            return false;
        }
        Optional<Instant> locked = store.destroy(version);
        if (locked.isPresent()) {
            waits(version);
            return false;
        }
        removed += version.deletion() ? 0 : 1;
        bytes += version.size();
        return true;
    }
}
