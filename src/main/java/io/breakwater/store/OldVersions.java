package io.breakwater.store;

import io.breakwater.store.ObjectStore.Version;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The versions that a store with versions retains of deleted and overwritten objects. A sweep deletes them permanently when
 * their lock has expired and they have been hidden for a grace period. The marker that hides an object is deleted last, because
 * without it an older version would be visible again. A sweep can be killed at any moment and repeated.
 *
 * <p>In areas that are {@linkplain StoreLayout.Area#restored restored}, and where deletions are signed, versions of an object are
 * deleted only if Breakwater deleted the object. An object that someone else hid is made visible again, and locked again where
 * its area is locked.
 *
 * <p>An overwritten version in such an area stays. It may be the only good one, below a version of an attacker.
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
    private final List<String> restored = new ArrayList<>();

    private OldVersions(ObjectStore store, Duration grace, Duration least, Instant now) {
        this.store = store;
        this.least = least;
        this.grace = grace;
        this.now = now;
    }

    /**
     * The result of a sweep.
     *
     * @param removed versions that were deleted
     * @param bytes bytes of these versions
     * @param waiting versions that are locked, or that an overwrite left in an area that is restored
     * @param waitingBytes bytes of these versions
     * @param restored keys of objects that someone else hid and that are visible again
     */
    public record Swept(int removed, long bytes, int waiting, long waitingBytes, List<String> restored) {
        public Swept(int removed, long bytes, int waiting, long waitingBytes) {
            this(removed, bytes, waiting, waitingBytes, List.of());
        }

        /** The sum of two results. */
        public Swept with(Swept other) {
            return new Swept(
                    removed + other.removed,
                    bytes + other.bytes,
                    waiting + other.waiting,
                    waitingBytes + other.waitingBytes,
                    Stream.concat(restored.stream(), other.restored.stream()).toList());
        }
    }

    /**
     * Sweeps the versions below some prefixes.
     *
     * @param grace how long hidden versions stay, locked or not
     * @param least time that the lock of a restored object must last; a shorter one is extended
     * @param now by the store's clock
     */
    public static Swept sweep(ObjectStore store, List<String> prefixes, Duration grace, Duration least, Instant now) {
        OldVersions sweep = new OldVersions(store, grace, least, now);
        prefixes.forEach(prefix -> store.histories(prefix, sweep::prune));
        return new Swept(sweep.removed, sweep.bytes, sweep.waiting, sweep.waitingBytes, sweep.restored);
    }

    /**
     * Makes one object visible again if someone else hid it. Does nothing where deletions are not signed, or where the store does
     * not report that it retains versions.
     *
     * @return whether an object was made visible
     */
    public static boolean restore(ObjectStore store, String key) {
        if (store.removals().isEmpty() || !Boolean.TRUE.equals(store.locking().versioning())) {
            return false;
        }
        boolean[] found = {false};
        store.histories(key, history -> {
            boolean hidden = history.getFirst().key().equals(key)
                    && history.getFirst().deletion()
                    && lastContent(history)
                            .filter(v -> !isOwnDeletion(store, v))
                            .isPresent();
            if (hidden) {
                unhide(store, history);
                found[0] = true;
            }
        });
        return found[0];
    }

    /** @param history newest first */
    private void prune(List<Version> history) {
        Version newest = history.getFirst();
        boolean restorable = StoreLayout.isRestored(newest.key());
        if (restorable && !newest.deletion()) {
            history.stream().skip(1).filter(v -> !v.deletion()).forEach(this::countWaiting);
            return;
        }
        Optional<Version> last = lastContent(history);
        if (restorable && last.isPresent() && !isOwnDeletion(store, last.get())) {
            restore(history);
            return;
        }
        int left = 0;
        for (int i = history.size() - 1; i > 0; i--) {
            Version version = history.get(i);
            if (restorable && left > 0) {
                left++; // the version that the note is about stays until all versions below it are deleted
                if (!version.deletion()) {
                    countWaiting(version);
                }
            } else {
                left += destroy(version, history.get(i - 1).modified()) ? 0 : 1;
            }
        }
        if (newest.deletion() && left == 0 && destroy(newest, newest.modified()) && restorable) {
            last.ifPresent(v -> store.removals().ifPresent(r -> r.forgetRemoval(store, v)));
        }
    }

    private static Optional<Version> lastContent(List<Version> history) {
        return history.stream().filter(v -> !v.deletion()).findFirst();
    }

    private static boolean isOwnDeletion(ObjectStore store, Version version) {
        return store.removals().map(r -> r.isRecorded(store, version)).orElse(true);
    }

    /** Makes an object visible, and extends its lock: it was hidden for an unknown time. */
    private void restore(List<Version> history) {
        unhide(store, history);
        String key = history.getFirst().key();
        if (ObjectLock.covers(key)) {
            store.relock(key, least);
        }
        restored.add(key);
    }

    private static void unhide(ObjectStore store, List<Version> history) {
        history.stream().takeWhile(Version::deletion).forEach(store::destroy);
    }

    private void countWaiting(Version version) {
        waiting++;
        waitingBytes += version.size();
    }

    /** Deletes a version that was hidden for longer than the grace period; false when it stays. */
    private boolean destroy(Version version, Instant since) {
        if (since.plus(grace).isAfter(now)) {
            return false;
        }
        Optional<Instant> locked = store.destroy(version);
        if (locked.isPresent()) {
            countWaiting(version);
            return false;
        }
        removed += version.deletion() ? 0 : 1;
        bytes += version.size();
        return true;
    }
}
