package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.ExceptionHandler;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Indexer;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.fabric8.kubernetes.client.informers.cache.Store;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The shared informer of a kind, as one controller or event source sees it. Its handlers end with it. The objects that it returns
 * belong to all users, so they must not be changed.
 */
final class InformerUser<T extends HasMetadata> implements SharedIndexInformer<T> {
    private final SharedInformer<T> shared;
    private final List<ResourceEventHandler<? super T>> handlers = new CopyOnWriteArrayList<>();

    InformerUser(SharedInformer<T> shared) {
        this.shared = shared;
    }

    @Override
    public CompletionStage<Void> start() {
        return shared.start(this);
    }

    @Override
    public SharedIndexInformer<T> run() {
        start().toCompletableFuture().join();
        return this;
    }

    @Override
    public void stop() {
        handlers.forEach(shared::remove);
        handlers.clear();
        shared.stop(this);
    }

    @Override
    public SharedIndexInformer<T> addEventHandler(ResourceEventHandler<? super T> handler) {
        handlers.add(handler);
        shared.add(handler);
        return this;
    }

    @Override
    public SharedIndexInformer<T> addEventHandlerWithResyncPeriod(
            ResourceEventHandler<? super T> handler, long resyncPeriodMillis) {
        return addEventHandler(handler);
    }

    @Override
    public SharedIndexInformer<T> removeEventHandler(ResourceEventHandler<? super T> handler) {
        handlers.remove(handler);
        shared.remove(handler);
        return this;
    }

    @Override
    public SharedIndexInformer<T> exceptionHandler(ExceptionHandler handler) {
        shared.handle(handler);
        return this;
    }

    @Override
    public SharedIndexInformer<T> itemStore(ItemStore<T> store) {
        shared.use(store);
        return this;
    }

    @Override
    public SharedIndexInformer<T> initialState(Stream<T> items) {
        throw new UnsupportedOperationException("the first list is the initial state");
    }

    @Override
    public SharedIndexInformer<T> addIndexers(Map<String, Function<T, List<String>>> indexers) {
        shared.informer().addIndexers(indexers);
        return this;
    }

    @Override
    public SharedIndexInformer<T> removeIndexer(String name) {
        throw new UnsupportedOperationException("other users may need the index " + name);
    }

    @Override
    public Indexer<T> getIndexer() {
        return shared.informer().getIndexer();
    }

    @Override
    public Store<T> getStore() {
        return shared.informer().getStore();
    }

    @Override
    public String lastSyncResourceVersion() {
        return shared.informer().lastSyncResourceVersion();
    }

    @Override
    public boolean isRunning() {
        return shared.informer().isRunning();
    }

    @Override
    public boolean isWatching() {
        return shared.informer().isWatching();
    }

    @Override
    public Class<T> getApiTypeClass() {
        return shared.informer().getApiTypeClass();
    }

    @Override
    public CompletionStage<Void> stopped() {
        return shared.informer().stopped();
    }
}
