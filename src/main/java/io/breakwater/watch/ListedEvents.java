package io.breakwater.watch;

import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;

/**
 * The events of an informer for one handler, which gets none before the first list is complete. A controller of the Java Operator SDK
 * blocks its handler until then. If the handler were called, the events of all objects would wait in the informer, and with them the
 * objects.
 */
final class ListedEvents<T> implements ResourceEventHandler<T> {
    private final ResourceEventHandler<? super T> handler;
    private final Predicate<? super T> ofInterest;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean passes;

    /** @param ofInterest which added objects the handler must see */
    ListedEvents(ResourceEventHandler<? super T> handler, Predicate<? super T> ofInterest) {
        this.handler = handler;
        this.ofInterest = ofInterest;
    }

    boolean isOf(ResourceEventHandler<?> other) {
        return handler.equals(other);
    }

    /** Passes on what has waited, in order, and then each event at once; blocks while the handler does. */
    void pass() {
        for (Runnable event = next(); event != null; event = next()) {
            event.run();
        }
    }

    private synchronized Runnable next() {
        Runnable event = waiting.poll();
        passes = event == null;
        return event;
    }

    private void submit(Runnable event) {
        synchronized (this) {
            if (!passes) {
                waiting.add(event);
                return;
            }
        }
        event.run();
    }

    @Override
    public void onNothing() {
        submit(handler::onNothing);
    }

    @Override
    public void onList(String resourceVersion, boolean remainedEmpty) {
        submit(() -> handler.onList(resourceVersion, remainedEmpty));
    }

    @Override
    public void onAdd(T object) {
        if (ofInterest.test(object)) {
            submit(() -> handler.onAdd(object));
        }
    }

    @Override
    public void onUpdate(T before, T object) {
        submit(() -> handler.onUpdate(before, object));
    }

    @Override
    public void onDelete(T object, boolean unknown) {
        submit(() -> handler.onDelete(object, unknown));
    }
}
