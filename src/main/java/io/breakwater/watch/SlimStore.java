package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;

/**
 * A store for very many objects, of which it retains only parts. It finds the objects of a namespace itself, so the informer has no
 * index of them. Such an index costs as much as the store.
 */
public interface SlimStore<T extends HasMetadata> extends ItemStore<T> {
    /** Whether handlers must see that an object exists. They see all updates and deletions. */
    boolean isOfInterest(T added);

    /** The store has all objects, and follows their changes from now on. The informer reads from the store before that too. */
    void markListed();
}
