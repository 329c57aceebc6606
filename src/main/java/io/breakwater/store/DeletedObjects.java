package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.Tombstone.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one site deleted in a store, and who may still be reading it. Only that site's operator sweeps it. A tombstone is
 * claimed by a conditional write before its object is removed; whoever is killed in between leaves a claim, which a thorough
 * sweep finishes.
 */
public final class DeletedObjects {
    private final ObjectStore store;
    private final String site;
    private int forged;

    /** The graves of a site. */
    public DeletedObjects(ObjectStore store, String site) {
        this.store = store;
        this.site = site;
    }

    /**
     * What a sweep did.
     *
     * @param objects that were removed
     * @param bytes that they had
     * @param waiting tombstones that are left
     * @param forged tombstones that none of us put up, and that are gone without any effect
     */
    public record Swept(int objects, long bytes, int waiting, int forged) {
        public Swept(int objects, long bytes, int waiting) {
            this(objects, bytes, waiting, 0);
        }
    }

    /**
     * Removes what was deleted longer than the grace period ago and nobody reads who began before that.
     *
     * @param now by the store's clock
     * @param thorough looks into young tombstones too, for what a killed sweep left
     */
    public Swept sweep(Duration grace, Instant now, boolean thorough) {
        Map<String, List<ReadLease>> readers = ReadLease.active(store, site, now);
        List<ObjectInfo> tombstones = new ArrayList<>();
        store.list(Tombstone.PREFIX + site + "/", tombstones::add);
        // Oldest first: a point's seal was taken away before its data, so it never comes back without them.
        tombstones.sort(Comparator.comparing(ObjectInfo::lastModified));
        int objects = 0;
        long bytes = 0;
        forged = 0;
        for (ObjectInfo t : tombstones) {
            boolean due = !t.lastModified().plus(grace).isAfter(now) && !isRead(t, readers);
            if (due || thorough) {
                Optional<Tombstone> removed = bury(t, due);
                objects += removed.isPresent() ? 1 : 0;
                bytes += removed.map(Tombstone::size).orElse(0L);
            }
        }
        int[] left = {0};
        store.list(Tombstone.PREFIX + site + "/", t -> left[0]++);
        return new Swept(objects, bytes, left[0], forged);
    }

    private Optional<Tombstone> bury(ObjectInfo info, boolean due) {
        Optional<Document> there = store.read(info.key());
        if (there.isEmpty()) {
            return Optional.empty();
        }
        Tombstone tombstone = Tombstone.of(there.get());
        if (!info.key().endsWith("/" + tombstone.key())) {
            return Optional.empty(); // it stands on another one's grave
        }
        if (tombstone.state() == State.Revived) {
            // Young ones may belong to an upload that is about to settle; their removal is its own.
            if (due) {
                store.delete(info.key());
            }
            return Optional.empty();
        }
        if (store.removals().isPresent() && !store.removals().get().isSigned(tombstone)) {
            if (due) {
                store.delete(info.key());
                forged++;
            }
            return Optional.empty();
        }
        if (tombstone.state() == State.Dead) {
            Precondition same = new Precondition.Matches(there.get().info().etag());
            if (!due
                    || store.write(info.key(), tombstone.in(State.Sweeping).bytes(), same)
                            .isEmpty()) {
                return Optional.empty();
            }
        }
        boolean meant = isMeant(tombstone);
        if (tombstone.content() == null && meant && !removed(tombstone)) {
            // It waits for another grace period; until then it can be taken back.
            store.write(info.key(), tombstone.in(State.Dead).bytes(), Precondition.NONE);
            return Optional.empty();
        }
        store.delete(info.key());
        return meant ? Optional.of(tombstone) : Optional.empty();
    }

    /** Whether what lies there is what was deleted; what was written since by somebody else is not. */
    private boolean isMeant(Tombstone tombstone) {
        Tombstone.Version signed = tombstone.proof() == null || tombstone.content() != null
                ? null
                : tombstone.proof().of();
        if (tombstone.version() == null && (signed == null || store.removals().isEmpty())) {
            return true;
        }
        Optional<Tombstone.Version> there = store.head(tombstone.key()).map(o -> Tombstone.Version.of(o.info()));
        return there.isPresent()
                && (tombstone.version() == null || tombstone.version().equals(there.get()))
                && (signed == null || store.removals().isEmpty() || signed.equals(there.get()));
    }

    /** Whether the store let it go: where it keeps versions it always does, and keeps one that is locked. */
    private boolean removed(Tombstone tombstone) {
        try {
            store.removals().ifPresent(r -> r.recordRemoval(store, tombstone.key()));
            store.delete(tombstone.key());
            return true;
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Locked) {
                return false;
            }
            throw e;
        }
    }

    private static boolean isRead(ObjectInfo tombstone, Map<String, List<ReadLease>> readers) {
        String[] parts = tombstone.key().substring(Tombstone.PREFIX.length()).split("/", 3);
        return readers.getOrDefault(parts[0] + "/" + parts[1], List.of()).stream()
                .anyMatch(lease -> !lease.since().isAfter(tombstone.lastModified()));
    }

    /** Content of a small object that was taken away; empty when it was not, or its grace period is over. */
    public Optional<byte[]> contentOf(String namespace, String key) {
        return store.read(Tombstone.prefix(site, namespace) + key)
                .map(Tombstone::of)
                .filter(t -> t.state() == State.Dead)
                .map(Tombstone::content);
    }

    /** Keys below a prefix that were deleted and not yet removed. */
    public List<String> listDeleted(String namespace, String prefix) {
        String graves = Tombstone.prefix(site, namespace);
        List<String> keys = new ArrayList<>();
        store.list(graves + prefix, t -> keys.add(t.key().substring(graves.length())));
        return keys;
    }

    /** The last step of undoing: the tombstone of what was put back. */
    public void forget(String namespace, String key) {
        store.delete(Tombstone.prefix(site, namespace) + key);
    }
}
