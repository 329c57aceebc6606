package io.breakwater.store;

import io.breakwater.store.ObjectStore.Version;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a store with versions keeps of objects that were removed or written anew. It is removed for good once its lock is over,
 * and not before it has been out of sight for a grace period. What removes the newest version goes last, since without it an
 * older one would be seen again. May be cut off anywhere and done again.
 *
 * <p>Where removals are signed, what points need is removed for good only when it was we who removed it. What somebody else
 * removed is put back in sight, and locked anew.
 *
 * <p>What points need is written once. A version of that below a newer one may be the only good one, below what an attacker has
 * put there, so it stays.
 */
public final class OldVersions {
    private final ObjectStore store;
    private final Duration grace;
    private final Duration least;
    private final Instant now;
    private int removed;
    private long bytes;
    private int waiting;
    private long waitingBytes;
    private final List<String> broughtBack = new ArrayList<>();

    private OldVersions(ObjectStore store, Duration grace, Duration least, Instant now) {
        this.store = store;
        this.least = least;
        this.grace = grace;
        this.now = now;
    }

    /**
     * What was done.
     *
     * @param removed versions, of so many bytes
     * @param waiting versions whose locks are not over, or that were written over, of so many bytes
     * @param broughtBack keys of objects that somebody else had removed
     */
    public record Swept(int removed, long bytes, int waiting, long waitingBytes, List<String> broughtBack) {
        public Swept(int removed, long bytes, int waiting, long waitingBytes) {
            this(removed, bytes, waiting, waitingBytes, List.of());
        }
    }

    /**
     * Sweeps what lies below some prefixes.
     *
     * @param grace how long what is out of sight is kept, locked or not
     * @param least how long the lock of what comes back has to last to be left as it is
     * @param now by the store's clock
     */
    public static Swept sweep(ObjectStore store, List<String> prefixes, Duration grace, Duration least, Instant now) {
        OldVersions sweep = new OldVersions(store, grace, least, now);
        prefixes.forEach(prefix -> store.histories(prefix, sweep::prune));
        return new Swept(sweep.removed, sweep.bytes, sweep.waiting, sweep.waitingBytes, sweep.broughtBack);
    }

    /** @param history newest first */
    private void prune(List<Version> history) {
        Version newest = history.getFirst();
        boolean needed = ObjectLock.covers(newest.key());
        if (needed && !newest.deletion()) {
            history.stream().skip(1).filter(v -> !v.deletion()).forEach(this::waits);
            return;
        }
        Optional<Version> last = history.stream().filter(v -> !v.deletion()).findFirst();
        if (needed && last.isPresent() && !isOurs(last.get())) {
            bringBack(history);
            return;
        }
        int left = 0;
        for (int i = history.size() - 1; i > 0; i--) {
            Version version = history.get(i);
            if (needed && left > 0) {
                left++; // what the note is about stays until all below it is gone
                if (!version.deletion()) {
                    waits(version);
                }
            } else {
                left += destroyed(version, history.get(i - 1).modified()) ? 0 : 1;
            }
        }
        if (newest.deletion() && left == 0 && destroyed(newest, newest.modified()) && needed) {
            last.ifPresent(v -> store.removals().ifPresent(r -> r.forgetRemoval(store, v)));
        }
    }

    private boolean isOurs(Version version) {
        return store.removals().map(r -> r.isRecorded(store, version)).orElse(true);
    }

    /** Takes away what hides an object, and locks it: for how long it was out of sight nobody knows. */
    private void bringBack(List<Version> history) {
        history.stream().takeWhile(Version::deletion).forEach(store::destroy);
        String key = history.getFirst().key();
        store.relock(key, least);
        broughtBack.add(key);
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
