package io.breakwater.store;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A store with the keys of its location, so that its documents are signed and verified. */
public final class KeyedStore extends StoreView {
    private final DocumentSigner signer;

    public KeyedStore(ObjectStore store, DocumentSigner signer) {
        super(store);
        this.signer = signer;
    }

    @Override
    public DocumentSigner documents() {
        return signer;
    }

    @Override
    public void prepare() {
        store.prepare();
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        return store.write(key, content, precondition);
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        return store.upload(key, precondition);
    }

    @Override
    public void delete(String key) {
        store.delete(key);
    }

    @Override
    public int abandonUploads(String prefix, Instant before) {
        return store.abandonUploads(prefix, before);
    }

    @Override
    public Locking locking() {
        return store.locking();
    }

    @Override
    public boolean enforcesLocks(String key) {
        return store.enforcesLocks(key);
    }

    @Override
    public boolean relock(String key, Duration least) {
        return store.relock(key, least);
    }

    @Override
    public Optional<String> version(String key) {
        return store.version(key);
    }

    @Override
    public void histories(String prefix, Consumer<List<Version>> each) {
        store.histories(prefix, each);
    }

    @Override
    public Optional<Instant> destroy(Version version) {
        return store.destroy(version);
    }

    @Override
    public Optional<DeletionSigner> removals() {
        return store.removals();
    }
}
