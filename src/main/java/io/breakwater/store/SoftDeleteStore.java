package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.Tombstone.State;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A store as the users of some {@link DeletionScope}s see it. A deleted object disappears from the listing at once. It can still be read
 * by its exact key, until {@link DeletedObjects} deletes it after a grace period. A write to the same key revives it. Locks of
 * restic are deleted at once.
 *
 * <p>Deletes only objects of these scopes, and the archives that {@link #withArchives} names. The name of an archive's directory
 * alone does not show whose it is.
 */
public final class SoftDeleteStore extends StoreView {
    private final List<DeletionScope> scopes;

    public SoftDeleteStore(ObjectStore store, DeletionScope scope) {
        this(store, List.of(scope));
    }

    /** @param scopes the first one is that of all objects that are in none */
    public SoftDeleteStore(ObjectStore store, List<DeletionScope> scopes) {
        super(store);
        this.scopes = List.copyOf(scopes);
    }

    /** The scope of a key or of a prefix of keys. */
    private DeletionScope scope(String key) {
        return scopes.stream().filter(s -> s.covers(key)).findFirst().orElse(scopes.getFirst());
    }

    /**
     * The same store, which may also delete archives.
     *
     * @param prefixes of archives that a verified seal of the namespace names, or that have the uid of its RestorePoint
     */
    public SoftDeleteStore withArchives(List<String> prefixes) {
        List<DeletionScope> all = new ArrayList<>(scopes);
        all.set(0, all.getFirst().with(prefixes));
        return new SoftDeleteStore(store, all);
    }

    /**
     * Lists the objects that were not deleted. A tombstone without a valid signature hides nothing: a prune deletes the data of a
     * snapshot that it does not see. Hidden packs make a prune fail, and there are many, so their tombstones are not read.
     */
    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        if (StoreLayout.isResticLock(prefix)) {
            store.list(prefix, each);
        } else if (StoreLayout.isPack(prefix)) {
            KeyDigests dead = new KeyDigests(store, scope(prefix).tombstone(prefix));
            store.list(
                    scope(prefix).tombstone(prefix), t -> dead.add(scope(prefix).deleted(t.key())));
            listWithout(dead, prefix, each);
        } else {
            listWithoutValidTombstone(prefix, each);
        }
    }

    /**
     * Lists the objects that have no valid tombstone: a tombstone without a valid signature hides nothing. Reads every tombstone.
     */
    public void listWithoutValidTombstone(String prefix, Consumer<ObjectInfo> each) {
        KeyDigests dead = new KeyDigests(store, scope(prefix).tombstone(prefix));
        store.list(scope(prefix).tombstone(prefix), t -> {
            if (Tombstone.readIfValid(store, t.key())
                    .filter(tombstone -> isValid(t.key(), tombstone))
                    .isPresent()) {
                dead.add(scope(prefix).deleted(t.key()));
            }
        });
        listWithout(dead, prefix, each);
    }

    private void listWithout(KeyDigests dead, String prefix, Consumer<ObjectInfo> each) {
        store.list(prefix, o -> {
            if (!dead.contains(o.key())) {
                each.accept(o);
            }
        });
    }

    /** Whether a tombstone has a valid signature; always true where deletions are not signed. */
    private boolean isValid(String at, Tombstone tombstone) {
        return store.removals().isEmpty()
                || at.equals(scope(tombstone.key()).tombstone(tombstone.key()))
                        && store.removals().get().isSigned(tombstone);
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        boolean revived = revive(key);
        Optional<Observed> written = store.write(key, content, precondition);
        deleteTombstone(key, revived);
        return written;
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        return new Reviving(key, store.upload(key, precondition));
    }

    /** Writes a tombstone; a second call has no effect. */
    @Override
    public void delete(String key) {
        scope(key).require(key);
        if (StoreLayout.isResticLock(key)) {
            store.delete(key);
            return;
        }
        store.head(key).ifPresent(present -> putTombstone(tombstone(present.info(), null, null)));
    }

    /** Writes a tombstone for this version of an object. It has no effect if the object is another one when it is swept. */
    public void delete(ObjectInfo listed) {
        putTombstone(tombstone(listed, null, Tombstone.Version.of(listed)));
    }

    private Tombstone tombstone(ObjectInfo object, byte[] content, Tombstone.Version version) {
        Tombstone.Proof proof = store.removals().map(r -> r.sign(object)).orElse(null);
        return new Tombstone(1, object.key(), object.size(), State.Dead, content, version, proof);
    }

    private void putTombstone(Tombstone dead) {
        String key = dead.key();
        scope(key).require(key);
        String tombstone = scope(key).tombstone(key);
        if (store.write(tombstone, dead.signed(store, tombstone), Precondition.ABSENT)
                .isPresent()) {
            return;
        }
        Optional<Observed> there = store.head(scope(key).tombstone(key));
        Optional<Tombstone> before = Tombstone.readIfValid(store, scope(key).tombstone(key));
        if (before.isPresent()
                && before.get().covers(dead)
                && isValid(scope(key).tombstone(key), before.get())) {
            return;
        }
        // An object that is not a valid tombstone deletes nothing, so it is replaced.
        Precondition same =
                there.isPresent() ? new Precondition.Matches(there.get().info().etag()) : Precondition.ABSENT;
        if (store.write(tombstone, dead.signed(store, tombstone), same).isEmpty()) {
            throw beingDeleted(key);
        }
    }

    /**
     * Deletes the seal of a point at once, by two calls. Everything else of the point follows from this tombstone: its snapshots are
     * hidden, and its archive is deleted after the grace period. A second call has no effect.
     *
     * @param seal as it was read and verified just now
     * @param point what belongs to the point, from the verified seal
     */
    public void deletePoint(Document seal, DeletedPoint point) {
        String key = seal.info().key();
        scope(key).require(key);
        Tombstone dead = tombstone(seal.info(), seal.content(), null).of(point);
        String at = scope(key).tombstone(key);
        if (store.write(at, dead.signed(store, at), Precondition.ABSENT).isEmpty()) {
            replaceTombstone(at, dead);
        }
        store.removals().ifPresent(r -> r.recordRemoval(store, key));
        store.delete(key);
    }

    /** Replaces the tombstone of an earlier point of the same name. The rest of that point gets tombstones of its own first. */
    private void replaceTombstone(String at, Tombstone dead) {
        Optional<Observed> there = store.head(at);
        Optional<Tombstone> before = Tombstone.readIfValid(store, at);
        if (before.isPresent() && before.get().state() == State.Sweeping) {
            throw beingDeleted(dead.key());
        }
        if (before.isPresent()
                && before.get().state() == State.Dead
                && Arrays.equals(before.get().content(), dead.content())) {
            return;
        }
        before.map(Tombstone::point).ifPresent(earlier -> {
            earlier.hideSnapshots(store);
            earlier.archives(scope(dead.key())).forEach(prefix -> {
                SoftDeleteStore archive = withArchives(List.of(prefix));
                archive.gather(prefix, Optional::of).forEach(archive::delete);
            });
        });
        Precondition same =
                there.isPresent() ? new Precondition.Matches(there.get().info().etag()) : Precondition.ABSENT;
        if (store.write(at, dead.signed(store, at), same).isEmpty()) {
            throw beingDeleted(dead.key());
        }
    }

    /** Undoes a deletion; does nothing where there was none. */
    public void undelete(String key) {
        deleteTombstone(key, revive(key));
    }

    @Override
    public int abandonUploads(String prefix, Instant before) {
        return store.abandonUploads(prefix, before);
    }

    @Override
    public void close() {
        // the caller that opened the store closes it
    }

    /**
     * Marks a tombstone, so that the sweep does not delete an object that is about to be used again.
     *
     * @return whether there is a tombstone, which is now marked
     */
    private boolean revive(String key) {
        if (StoreLayout.isResticLock(key)) {
            return false;
        }
        Optional<Observed> there = store.head(scope(key).tombstone(key));
        if (there.isEmpty()) {
            return false;
        }
        // An object that is not a valid tombstone hides the object, so it is replaced too.
        Tombstone tombstone = Tombstone.readIfValid(store, scope(key).tombstone(key))
                .orElseGet(() -> new Tombstone(1, key, 0, State.Dead, null, null, null));
        if (tombstone.state() == State.Revived) {
            return true;
        }
        Precondition same = new Precondition.Matches(there.get().info().etag());
        if (tombstone.state() == State.Sweeping
                || store.write(
                                scope(key).tombstone(key),
                                tombstone
                                        .in(State.Revived)
                                        .signed(store, scope(key).tombstone(key)),
                                same)
                        .isEmpty()) {
            throw beingDeleted(key);
        }
        return true;
    }

    private void deleteTombstone(String key, boolean revived) {
        if (revived) {
            store.delete(scope(key).tombstone(key));
        }
    }

    static BreakwaterException beingDeleted(String key) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable, "object " + key + " was deleted and its data is being freed at this moment");
    }

    /** An upload that revives the object right before it becomes visible. */
    private final class Reviving extends Upload {
        private final String key;
        private final Upload upload;

        Reviving(String key, Upload upload) {
            this.key = key;
            this.upload = upload;
        }

        @Override
        public void write(int b) throws IOException {
            upload.write(b);
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            upload.write(b, off, len);
        }

        @Override
        public Optional<Observed> commit() throws IOException {
            boolean revived = revive(key);
            Optional<Observed> written = upload.commit();
            deleteTombstone(key, revived);
            return written;
        }

        @Override
        public void close() throws IOException {
            upload.close();
        }
    }
}
