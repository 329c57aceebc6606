package io.breakwater.lease;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.ObjectStore;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** A store as one site sees it. It can be unavailable, hang, be slow, lose answers, or run a hook at each access. */
public final class FaultyStore implements ObjectStore {
    private final ObjectStore store;
    public volatile boolean away;
    public volatile boolean losesAnswers;
    public volatile long slowMillis;
    public volatile CountDownLatch hangs = new CountDownLatch(0);
    public volatile Runnable touched = () -> {};
    public volatile int writes;

    public FaultyStore(ObjectStore store) {
        this.store = store;
    }

    private void before() {
        touched.run();
        try {
            hangs.await();
            Thread.sleep(slowMillis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (away) {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "the store is away");
        }
    }

    @Override
    public DocumentSigner documents() {
        return store.documents();
    }

    @Override
    public Optional<Observed> head(String key) {
        before();
        return store.head(key);
    }

    @Override
    public Optional<Document> read(String key, int max) {
        before();
        return store.read(key, max);
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        before();
        writes++;
        Optional<Observed> written = store.write(key, content, precondition);
        touched.run();
        if (losesAnswers) {
            losesAnswers = false;
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "the answer was lost");
        }
        return written;
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        store.list(prefix, each);
    }

    @Override
    public Set<String> directories(String prefix) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void delete(String key) {
        store.delete(key);
    }

    @Override
    public void close() {}
}
