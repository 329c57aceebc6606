package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.Optional;

/** The store of a location with accessMode ReadOnly: every write is refused before a request is sent. */
public final class ReadOnlyStore extends StoreView {
    private final String name;

    /** @param name of the location, for messages */
    public ReadOnlyStore(ObjectStore store, String name) {
        super(store);
        this.name = name;
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

    private BreakwaterException refused(String key) {
        return BreakwaterException.permanent(
                Reason.Forbidden,
                "BackupLocation " + name + " has accessMode ReadOnly, so " + key
                        + " is neither written nor deleted there; use another location");
    }
}
