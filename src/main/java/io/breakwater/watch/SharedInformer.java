package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.ExceptionHandler;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The only informer of a kind, and its users. After the last user has stopped it, the next user gets a new one. */
final class SharedInformer<T extends HasMetadata> {
    private final Supplier<SharedIndexInformer<T>> factory;
    private final Set<InformerUser<T>> users = new HashSet<>();
    private SharedIndexInformer<T> informer;
    private final List<ListedEvents<T>> handlers = new ArrayList<>();
    private Predicate<T> ofInterest = object -> true;
    private Runnable onListed = () -> {};
    private CompletionStage<Void> started;
    private volatile Cache<T> listed;

    SharedInformer(Supplier<SharedIndexInformer<T>> factory) {
        this.factory = factory;
    }

    /** The objects; empty before the first list is complete. */
    Optional<Cache<T>> listed() {
        return Optional.ofNullable(listed);
    }

    synchronized SharedIndexInformer<T> informer() {
        if (informer == null) {
            informer = factory.get();
        }
        return informer;
    }

    synchronized void use(ItemStore<T> store) {
        informer().itemStore(store);
        if (store instanceof SlimStore<T> slim) {
            informer().removeNamespaceIndex();
            ofInterest = slim::isOfInterest;
            onListed = slim::markListed;
        }
    }

    /** The handler gets the present objects first, also if the informer runs already, and nothing before the first list is complete. */
    void add(ResourceEventHandler<? super T> handler) {
        ListedEvents<T> events;
        boolean isListed;
        synchronized (this) {
            events = new ListedEvents<>(handler, ofInterest);
            handlers.add(events);
            informer().addEventHandler(events);
            isListed = listed != null;
        }
        if (isListed) {
            events.pass();
        }
    }

    synchronized void remove(ResourceEventHandler<? super T> handler) {
        handlers.stream().filter(events -> events.isOf(handler)).toList().forEach(events -> {
            handlers.remove(events);
            if (informer != null) {
                informer.removeEventHandler(events);
            }
        });
    }

    /** Sets what happens after an error of the list or the watch. The first user decides, because a running informer refuses it. */
    synchronized void handle(ExceptionHandler handler) {
        if (started == null) {
            informer().exceptionHandler(handler);
        }
    }

    synchronized CompletionStage<Void> start(InformerUser<T> user) {
        users.add(user);
        if (started == null) {
            SharedIndexInformer<T> own = informer();
            started = own.start();
            started.thenRun(() -> markListed(own));
        }
        return started;
    }

    private synchronized void markListed(SharedIndexInformer<T> own) {
        if (informer == own) {
            listed = (Cache<T>) own.getStore();
            onListed.run();
            // A handler blocks until its controller has started, which waits for what calls this method.
            handlers.forEach(events -> Thread.ofVirtual().start(events::pass));
        }
    }

    synchronized void stop(InformerUser<T> user) {
        if (users.remove(user) && users.isEmpty()) {
            informer.stop();
            informer = null;
            started = null;
            listed = null;
            handlers.clear();
        }
    }
}
