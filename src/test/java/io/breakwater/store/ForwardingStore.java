package io.breakwater.store;

import java.util.Optional;

/** A store that forwards everything but locks and versions, for tests that change one of its methods. */
public class ForwardingStore extends StoreView {
    public ForwardingStore(ObjectStore store) {
        super(store);
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
}
