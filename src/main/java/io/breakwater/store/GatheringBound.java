package io.breakwater.store;

import io.breakwater.api.BreakwaterException;

/** Counts what a caller retains of a listing, so that no store can fill the memory of the process. */
public final class GatheringBound {
    private final ObjectStore store;
    private final String prefix;
    private final ListingLimits limits;
    private int objects;
    private long characters;

    /** @param prefix that is listed */
    public GatheringBound(ObjectStore store, String prefix) {
        this.store = store;
        this.prefix = prefix;
        this.limits = store.limits();
    }

    /**
     * Counts an object that is retained, and returns its key.
     *
     * @throws BreakwaterException TooManyObjects, when there are too many
     */
    public String add(String key) {
        characters += key.length();
        if (++objects > limits.gathered() || characters > limits.characters()) {
            throw ListingBound.tooMany(store, prefix, limits.gathered(), "store.maxGathered");
        }
        return key;
    }
}
