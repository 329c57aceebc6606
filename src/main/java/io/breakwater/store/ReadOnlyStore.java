package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The store of a location with accessMode ReadOnly: every write is refused before a request is sent. */
public final class ReadOnlyStore implements ObjectStore {
    private final ObjectStore store;
    private final String name;

    /** @param name of the location, for messages */
    public ReadOnlyStore(ObjectStore store, String name) {
        this.store = store;
        this.name = name;
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
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        throw refused(key);
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        throw refused(key);
    }

    @Override
    public void delete(String key) {
        throw refused(key);
    }

    @Override
    public void close() {
        store.close();
    }

    private BreakwaterException refused(String key) {
        return BreakwaterException.permanent(
                Reason.Forbidden,
                "BackupLocation " + name + " has accessMode ReadOnly, so " + key
                        + " is neither written nor deleted there; use another location");
    }
}
