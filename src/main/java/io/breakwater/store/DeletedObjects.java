package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.Tombstone.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/**
 * The deleted objects that one site sweeps in a store, and their readers: points and archives of the site, and the repositories
 * that its namespaces own. Several sites may sweep the same repository. A site claims a tombstone by a conditional write before
 * it deletes the object. A claim that a killed operator leaves is finished by a thorough sweep: of the same site at once, of
 * another site after {@link #ABANDONED}.
 */
public final class DeletedObjects {
    private static final Comparator<ObjectInfo> OLDEST_FIRST = Comparator.comparing(ObjectInfo::lastModified);

    /** Age of a claim that no other site works on any more; far longer than the deletion of one object takes. */
    static final Duration ABANDONED = Duration.ofHours(1);

    private static final Logger LOG = Logger.getLogger(DeletedObjects.class);

    private final ObjectStore store;
    private final String site;
    private final Map<CapturedNamespace, String> owned;
    private final Duration longestRead;
    private final Predicate<String> alone;
    private final Predicate<ObjectInfo> waiting;
    private int forged;
    private int invalid;
    private Freed archived = Freed.NOTHING;

    /** Objects of archives that went with the tombstone of their seal. */
    private record Freed(int objects, long bytes) {
        static final Freed NOTHING = new Freed(0, 0);

        Freed and(ObjectInfo object) {
            return new Freed(objects + 1, bytes + object.size());
        }
    }

    /**
     * @param owned ids of the repositories that namespaces of the site own
     * @param longestRead the longest validity of a read lease
     */
    public DeletedObjects(ObjectStore store, String site, Map<CapturedNamespace, String> owned, Duration longestRead) {
        this(store, site, owned, longestRead, owned::containsValue, tombstone -> false);
    }

    /**
     * As above.
     *
     * @param alone whether the site owns a repository alone, by its id; no snapshots are hidden in others
     * @param waiting whether the tombstone of a snapshot must stay, since it is the proof that the repository needs a prune
     */
    public DeletedObjects(
            ObjectStore store,
            String site,
            Map<CapturedNamespace, String> owned,
            Duration longestRead,
            Predicate<String> alone,
            Predicate<ObjectInfo> waiting) {
        this.alone = alone;
        this.waiting = waiting;
        this.store = store;
        this.site = site;
        this.owned = owned;
        this.longestRead = longestRead;
    }

    /**
     * The result of a sweep.
     *
     * @param objects deleted objects
     * @param bytes bytes of these objects
     * @param waiting tombstones that remain
     * @param forged tombstones without a valid signature, which were deleted without any effect
     * @param invalid objects in the place of tombstones that are not valid ones, which were skipped
     */
    public record Swept(int objects, long bytes, int waiting, int forged, int invalid) {
        public Swept(int objects, long bytes, int waiting) {
            this(objects, bytes, waiting, 0);
        }

        public Swept(int objects, long bytes, int waiting, int forged) {
            this(objects, bytes, waiting, forged, 0);
        }
    }

    /**
     * Deletes the objects whose tombstone is older than the grace period, unless a reader started before the deletion.
     *
     * @param now by the store's clock
     * @param thorough whether young tombstones are read too, to finish claims of a killed sweep
     */
    public Swept sweep(Duration grace, Instant now, boolean thorough) {
        Map<String, List<ReadLease>> readers = ReadLease.active(store, Set.copyOf(owned.values()), now, longestRead);
        // Oldest first: the seal of a point was deleted before its data, so it can never return without the data.
        List<ObjectInfo> tombstones = oldest();
        int objects = 0;
        long bytes = 0;
        forged = 0;
        invalid = 0;
        for (ObjectInfo t : tombstones) {
            boolean due = !t.lastModified().plus(grace).isAfter(now)
                    && !isRead(t, readers)
                    && !(StoreLayout.repositoryOfHiddenSnapshot(t.key()).isPresent() && waiting.test(t));
            if (due || thorough) {
                Optional<Tombstone> deleted = sweep(t, due, now);
                objects += deleted.isPresent() ? 1 : 0;
                bytes += deleted.map(Tombstone::size).orElse(0L);
                objects += archived.objects();
                bytes += archived.bytes();
                archived = Freed.NOTHING;
            }
        }
        int[] left = {0};
        list(t -> left[0]++);
        return new Swept(objects, bytes, left[0], forged, invalid);
    }

    /** Calls back with the tombstones that this site sweeps. */
    private void list(Consumer<ObjectInfo> each) {
        store.list(StoreLayout.pointTombstones(site), each);
        Set<String> repositories = Set.copyOf(owned.values());
        if (!repositories.isEmpty()) {
            store.list(StoreLayout.repositoryTombstones(), t -> {
                if (repositories.contains(repository(t))) {
                    each.accept(t);
                }
            });
        }
    }

    /** Id of the repository of a tombstone; the empty text when it is of none. */
    private static String repository(ObjectInfo tombstone) {
        String prefix = StoreLayout.repositoryTombstones();
        return tombstone.key().startsWith(prefix)
                ? tombstone.key().substring(prefix.length()).split("/", 2)[0]
                : "";
    }

    /** The oldest tombstones, in order. If there are more than fit into memory, the next sweep reads the others. */
    private List<ObjectInfo> oldest() {
        int most = store.limits().gathered();
        PriorityQueue<ObjectInfo> found = new PriorityQueue<>(OLDEST_FIRST.reversed());
        list(t -> {
            found.add(t);
            if (found.size() > most) {
                found.remove();
            }
        });
        return found.stream().sorted(OLDEST_FIRST).toList();
    }

    /** The tombstone whose object was deleted; empty when none was. */
    private Optional<Tombstone> sweep(ObjectInfo info, boolean due, Instant now) {
        Optional<Document> document;
        Tombstone tombstone;
        try {
            document = store.read(info.key(), Tombstone.MAX_BYTES);
            if (document.isEmpty()) {
                return Optional.empty();
            }
            tombstone = Tombstone.of(store.documents().verify(document.get()));
        } catch (BreakwaterException e) {
            skip(info, due, e);
            return Optional.empty();
        }
        if (!isInPlace(info, tombstone)) {
            return Optional.empty(); // it is in the place of another object's tombstone
        }
        if (tombstone.state() == State.Revived) {
            // A young one may belong to an upload that is about to delete it.
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
            Precondition same = new Precondition.Matches(document.get().info().etag());
            if (!due
                    || store.write(info.key(), signed(info.key(), tombstone.claimed(site)), same)
                            .isEmpty()) {
                return Optional.empty();
            }
        } else if (!site.equals(tombstone.claimedBy())
                && info.lastModified().plus(ABANDONED).isAfter(now)) {
            return Optional.empty(); // another site is deleting the object
        }
        boolean meant = isForPresentVersion(tombstone);
        boolean freed = tombstone.content() != null
                ? tombstone.point() == null || freePoint(info, tombstone)
                : !meant || deleteObject(tombstone.key());
        if (!freed) {
            // It waits for another grace period; until then the deletion can be undone.
            store.write(info.key(), signed(info.key(), tombstone.in(State.Dead)), Precondition.NONE);
            return Optional.empty();
        }
        store.delete(info.key());
        return meant ? Optional.of(tombstone) : Optional.empty();
    }

    private byte[] signed(String key, Tombstone tombstone) {
        return tombstone.signed(store, key);
    }

    /**
     * Whether a tombstone is where {@link SoftDeleteStore} writes it: one in the tombstones of another namespace or repository
     * would delete an object of that one.
     */
    private static boolean isInPlace(ObjectInfo info, Tombstone tombstone) {
        String key = tombstone.key();
        if (!info.key().endsWith("/" + key)) {
            return false;
        }
        String repository = repository(info);
        return repository.isEmpty()
                ? !key.startsWith(StoreLayout.repositories())
                : RepositoryNames.isRepository(repository)
                        && info.key()
                                .equals(DeletionScope.repository(repository).tombstone(key))
                        && key.startsWith(StoreLayout.repository(repository));
    }

    /** Skips an object that is not a valid tombstone. Where deletions are signed, it has no valid signature and is deleted. */
    private void skip(ObjectInfo info, boolean due, BreakwaterException e) {
        if (e.reason() != Reason.Tampered) {
            throw e;
        }
        LOG.warnf("deletes nothing: %s", e.getMessage());
        if (store.removals().isEmpty()) {
            invalid++;
        } else if (due) {
            store.delete(info.key());
            forged++;
        }
    }

    /** Whether the present object is the deleted one. An object that was written since then by someone else is not. */
    private boolean isForPresentVersion(Tombstone tombstone) {
        Tombstone.Version signed = tombstone.proof() == null || tombstone.content() != null
                ? null
                : tombstone.proof().of();
        if (tombstone.version() == null && (signed == null || store.removals().isEmpty())) {
            return true;
        }
        Optional<Tombstone.Version> present = store.head(tombstone.key()).map(o -> Tombstone.Version.of(o.info()));
        return present.isPresent()
                && (tombstone.version() == null || tombstone.version().equals(present.get()))
                && (signed == null || store.removals().isEmpty() || signed.equals(present.get()));
    }

    /**
     * Deletes the archive of a point whose seal was deleted, and hides its snapshots if no other process did. Another point of
     * the same name may exist now: it has another archive, and what vouches for its seal stays.
     *
     * @return false when an object is locked
     */
    private boolean freePoint(ObjectInfo info, Tombstone seal) {
        DeletedPoint point = seal.point();
        String directory = seal.key().substring(0, seal.key().lastIndexOf('/') + 1);
        List<ObjectInfo> vouchers = store.gather(directory, Optional::of);
        boolean sealed = vouchers.stream().anyMatch(o -> o.key().equals(seal.key()));
        if (sealed && seal.isUndone(store)) {
            return true; // the deletion was undone
        }
        if (point.repository() != null && owned.containsValue(point.repository()) && alone.test(point.repository())) {
            point.hideSnapshots(store);
        }
        Optional<CapturedNamespace> source = source(info);
        if (source.isEmpty()) {
            return true;
        }
        List<ObjectInfo> rest = new ArrayList<>();
        point.archives(DeletionScope.points(source.get()))
                .forEach(prefix -> rest.addAll(store.gather(prefix, Optional::of)));
        if (!sealed) {
            rest.addAll(vouchers);
        }
        boolean all = true;
        for (ObjectInfo o : rest) {
            if (deleteObject(o.key())) {
                archived = archived.and(o);
            } else {
                all = false;
            }
        }
        return all;
    }

    /** Deletes the object; false when it is locked. A store with versions hides a locked object, which always succeeds. */
    private boolean deleteObject(String key) {
        try {
            store.removals().ifPresent(r -> r.recordRemoval(store, key));
            store.delete(key);
            return true;
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Locked) {
                return false;
            }
            throw e;
        }
    }

    private boolean isRead(ObjectInfo tombstone, Map<String, List<ReadLease>> readers) {
        return readers.getOrDefault(readBy(tombstone), List.of()).stream()
                .anyMatch(lease -> !lease.since().isAfter(tombstone.lastModified()));
    }

    /** The repository whose readers need the object: its own, or that of the namespace whose point or archive it is. */
    private String readBy(ObjectInfo tombstone) {
        return tombstone.key().startsWith(StoreLayout.pointTombstones())
                ? source(tombstone).map(owned::get).orElse("")
                : repository(tombstone);
    }

    /** The namespace whose point or archive a tombstone is for. */
    private static Optional<CapturedNamespace> source(ObjectInfo tombstone) {
        String prefix = StoreLayout.pointTombstones();
        List<String> parts =
                Arrays.asList(tombstone.key().substring(prefix.length()).split("/", 5));
        return CapturedNamespace.of(parts.subList(0, Math.min(4, parts.size())));
    }

    /** Content of a small object that was deleted; empty when it was not, or its grace period is over. */
    public static Optional<byte[]> contentOf(ObjectStore store, DeletionScope scope, String key) {
        return store.readSigned(scope.tombstone(key), Tombstone.MAX_BYTES)
                .map(Tombstone::of)
                .filter(t -> t.state() == State.Dead)
                .map(Tombstone::content);
    }

    /**
     * Starts the grace period of a deleted small object again, so that no sweep deletes what belongs to it while its deletion is
     * undone. Tombstones that were read before are out of date then.
     *
     * @return its content; empty when it was not deleted, or its grace period is over
     * @throws BreakwaterException StoreUnavailable, when a sweep deletes it at this moment
     */
    public static Optional<byte[]> renew(ObjectStore store, DeletionScope scope, String key) {
        String at = scope.tombstone(key);
        Optional<SignedDocument> found = store.readSigned(at, Tombstone.MAX_BYTES);
        Optional<Tombstone> dead = found.map(Tombstone::of).filter(t -> t.state() == State.Dead && t.content() != null);
        dead.ifPresent(t -> {
            Precondition same = new Precondition.Matches(found.orElseThrow().etag());
            if (store.write(at, t.signed(store, at), same).isEmpty()) {
                throw SoftDeleteStore.beingDeleted(key);
            }
        });
        return dead.map(Tombstone::content);
    }

    /** Keys below a prefix whose objects have a tombstone. */
    public static List<String> listDeleted(ObjectStore store, DeletionScope scope, String prefix) {
        return store.gather(scope.tombstone(prefix), t -> Optional.of(scope.deleted(t.key())));
    }

    /** Deletes the tombstone of an object, as the last step of undoing its deletion. */
    public static void forget(ObjectStore store, DeletionScope scope, String key) {
        store.delete(scope.tombstone(key));
    }
}
