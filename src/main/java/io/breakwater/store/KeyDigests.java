package io.breakwater.store;

import io.breakwater.api.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A set of keys that needs 16 bytes for a key of any length: half of its SHA-256. Two
 * keys with the same half cannot be made.
 */
final class KeyDigests {
    private static final int SMALLEST = 64;

    private final ObjectStore store;
    private final String prefix;
    private long[] slots = new long[2 * SMALLEST];
    private int size;

    /** @param prefix whose listing fills the set */
    KeyDigests(ObjectStore store, String prefix) {
        this.store = store;
        this.prefix = prefix;
    }

    /** @throws io.breakwater.api.BreakwaterException TooManyObjects, when there are too many keys */
    void add(String key) {
        if (size >= store.limits().digests()) {
            throw ListingBound.tooMany(store, prefix, size, "store.maxGathered");
        }
        if (4L * (size + 1) > slots.length) {
            long[] before = slots;
            slots = new long[2 * before.length];
            for (int i = 0; i < before.length; i += 2) {
                if (before[i] != 0) {
                    insert(before[i], before[i + 1]);
                }
            }
        }
        ByteBuffer digest = digest(key);
        size += insert(first(digest), digest.getLong(Long.BYTES)) ? 1 : 0;
    }

    boolean contains(String key) {
        ByteBuffer digest = digest(key);
        int slot = slot(first(digest), digest.getLong(Long.BYTES));
        return slots[slot] != 0;
    }

    private boolean insert(long first, long second) {
        int slot = slot(first, second);
        if (slots[slot] != 0) {
            return false;
        }
        slots[slot] = first;
        slots[slot + 1] = second;
        return true;
    }

    /** The slot of a digest, or the free slot where it belongs. */
    private int slot(long first, long second) {
        int slot = (int) (first >>> 1) & (slots.length - 2);
        while (slots[slot] != 0 && (slots[slot] != first || slots[slot + 1] != second)) {
            slot = (slot + 2) & (slots.length - 2);
        }
        return slot;
    }

    /** Never zero, which marks a free slot. */
    private static long first(ByteBuffer digest) {
        long first = digest.getLong(0);
        return first == 0 ? 1 : first;
    }

    private static ByteBuffer digest(String key) {
        return ByteBuffer.wrap(Digests.sha256().digest(key.getBytes(StandardCharsets.UTF_8)));
    }
}
