package io.breakwater.rotation;

import io.breakwater.store.DocumentSigner;
import io.breakwater.store.ObjectStore;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A store that kills its user at a change: immediately before it, or immediately after it. */
record CrashingStore(ObjectStore store, BooleanSupplier now) implements ObjectStore {
    /** The end of a process. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void maybe() {
        if (now.getAsBoolean()) {
            throw new Killed();
        }
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        maybe();
        Optional<Observed> written = store.write(key, content, precondition);
        maybe();
        return written;
    }

    @Override
    public void delete(String key) {
        maybe();
        store.delete(key);
        maybe();
    }

    @Override
    public DocumentSigner documents() {
        return store.documents();
    }

    @Override
    public Optional<Observed> head(String key) {
        return store.head(key);
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return store.read(key, max);
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        return store.open(key, offset, length);
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        store.list(prefix, each);
    }

    @Override
    public Set<String> directories(String prefix) {
        return store.directories(prefix);
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
