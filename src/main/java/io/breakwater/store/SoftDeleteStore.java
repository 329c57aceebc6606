package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.Tombstone.State;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A store as those see it who work for one site's namespace: what is deleted leaves the listing at once, can still be read by
 * its exact name, and is removed by {@link DeletedObjects} after a grace period. Writing the name again revives it. Locks of
 * repositories are deleted at once.
 */
public final class SoftDeleteStore implements ObjectStore {
    private static final String LOCKS = "/locks/";

    private final ObjectStore store;
    private final String graves;

    /**
     * @param site and namespace whose data is worked on; only that site's operator sweeps what is deleted here
     */
    public SoftDeleteStore(ObjectStore store, String site, String namespace) {
        this.store = store;
        this.graves = Tombstone.prefix(site, namespace);
    }

    @Override
    public Optional<Observed> head(String key) {
        return store.head(key);
    }

    @Override
    public Optional<Document> read(String key) {
        return store.read(key);
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        return store.open(key, offset, length);
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        Set<String> dead = new HashSet<>();
        if (!prefix.contains(LOCKS)) {
            store.list(graves + prefix, t -> dead.add(t.key().substring(graves.length())));
        }
        store.list(prefix, o -> {
            if (!dead.contains(o.key())) {
                each.accept(o);
            }
        });
    }

    /**
     * Lists what nobody of us deleted: a tombstone that somebody else put up hides nothing. Reads every tombstone where
     * removals are signed.
     */
    public void listUnlessOurs(String prefix, Consumer<ObjectInfo> each) {
        Set<String> dead = new HashSet<>();
        store.list(graves + prefix, t -> {
            if (store.removals().isEmpty()
                    || store.read(t.key()).filter(this::isOurs).isPresent()) {
                dead.add(t.key().substring(graves.length()));
            }
        });
        store.list(prefix, o -> {
            if (!dead.contains(o.key())) {
                each.accept(o);
            }
        });
    }

    /** Whether a tombstone is one of ours; any is where removals are not signed. */
    private boolean isOurs(Document document) {
        return store.removals().isEmpty()
                || document.info().key().equals(graves + Tombstone.of(document).key())
                        && store.removals().get().isSigned(Tombstone.of(document));
    }

    @Override
    public Set<String> directories(String prefix) {
        return store.directories(prefix);
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        boolean marked = revive(key);
        Optional<Observed> written = store.write(key, content, precondition);
        settle(key, marked);
        return written;
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        return new Reviving(key, store.upload(key, precondition));
    }

    /** Puts up a tombstone; doing it twice is no error. */
    @Override
    public void delete(String key) {
        if (key.contains(LOCKS)) {
            store.delete(key);
            return;
        }
        Optional<Observed> there = store.head(key);
        if (there.isPresent()) {
            putTombstone(tombstone(there.get().info(), null, null));
        }
    }

    /** Puts up a tombstone that means this version of an object, and is void when another one lies there by then. */
    public void delete(ObjectInfo listed) {
        putTombstone(tombstone(listed, null, Tombstone.Version.of(listed)));
    }

    private Tombstone tombstone(ObjectInfo object, byte[] content, Tombstone.Version version) {
        Tombstone.Proof proof = store.removals().map(r -> r.sign(object)).orElse(null);
        return new Tombstone(1, object.key(), object.size(), State.Dead, content, version, proof);
    }

    private void putTombstone(Tombstone dead) {
        String key = dead.key();
        if (store.write(graves + key, dead.bytes(), Precondition.ABSENT).isPresent()) {
            return;
        }
        Optional<Document> before = store.read(graves + key);
        if (before.isPresent() && Tombstone.of(before.get()).covers(dead) && isOurs(before.get())) {
            return;
        }
        Precondition same = before.isPresent()
                ? new Precondition.Matches(before.get().info().etag())
                : Precondition.ABSENT;
        if (store.write(graves + key, dead.bytes(), same).isEmpty()) {
            throw busy(key);
        }
    }

    /** Takes a small object from its place at once; its content stays in the tombstone. */
    public void deleteInline(String key) {
        Optional<Document> there = store.read(key);
        if (there.isPresent()) {
            Tombstone dead = tombstone(there.get().info(), there.get().content(), null);
            store.write(graves + key, dead.bytes(), Precondition.NONE);
            store.removals().ifPresent(r -> r.recordRemoval(store, key));
            store.delete(key);
        }
    }

    /** Takes a deletion back; does nothing where there was none. */
    public void undelete(String key) {
        settle(key, revive(key));
    }

    @Override
    public int abandonUploads(String prefix, Instant before) {
        return store.abandonUploads(prefix, before);
    }

    @Override
    public void close() {
        // the store belongs to whoever opened it
    }

    /** Keeps the sweeper from an object that is about to be used again. */
    private boolean revive(String key) {
        if (key.contains(LOCKS)) {
            return false;
        }
        Optional<Document> there = store.read(graves + key);
        if (there.isEmpty()) {
            return false;
        }
        Tombstone tombstone = Tombstone.of(there.get());
        if (tombstone.state() == State.Revived) {
            return true;
        }
        Precondition same = new Precondition.Matches(there.get().info().etag());
        if (tombstone.state() == State.Sweeping
                || store.write(graves + key, tombstone.in(State.Revived).bytes(), same)
                        .isEmpty()) {
            throw busy(key);
        }
        return true;
    }

    private void settle(String key, boolean marked) {
        if (marked) {
            store.delete(graves + key);
        }
    }

    private static BreakwaterException busy(String key) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable,
                "object " + key + " was deleted before and is just being removed; trying again");
    }

    /** Revives right before the object becomes visible. */
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
            boolean marked = revive(key);
            Optional<Observed> written = upload.commit();
            settle(key, marked);
            return written;
        }

        @Override
        public void close() throws IOException {
            upload.close();
        }
    }
}
