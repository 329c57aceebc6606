package io.breakwater.rotation;

import io.breakwater.store.ForwardingStore;
import io.breakwater.store.ObjectStore;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A store that kills its user at a change: immediately before it, or immediately after it. */
final class CrashingStore extends ForwardingStore {
    private final BooleanSupplier now;

    /** The end of a process. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    CrashingStore(ObjectStore store, BooleanSupplier now) {
        super(store);
        this.now = now;
    }

    private void maybe() {
        if (now.getAsBoolean()) {
            throw new Killed();
        }
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        maybe();
        Optional<Observed> written = super.write(key, content, precondition);
        maybe();
        return written;
    }

    @Override
    public void delete(String key) {
        maybe();
        super.delete(key);
        maybe();
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        throw new UnsupportedOperationException("an upload has many changes");
    }

    @Override
    public void close() {
        // the test goes on with the store after the process ends
    }
}
