package io.breakwater.store;

import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Reads another store. A subclass decides what is written, and may change what is listed. Locks and older versions are not
 * forwarded: a view has them only if it says so.
 */
abstract class StoreView implements ObjectStore {
    final ObjectStore store;

    StoreView(ObjectStore store) {
        this.store = store;
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
    public DocumentSigner documents() {
        return store.documents();
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
    public ListingLimits limits() {
        return store.limits();
    }

    @Override
    public String place() {
        return store.place();
    }

    @Override
    public Set<String> directories(String prefix) {
        return store.directories(prefix);
    }

    @Override
    public void close() {
        store.close();
    }
}
