package io.breakwater.gateway;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Values that stay valid for a while. A value counts from the start of its load. Concurrent callers may load the same value,
 * and a slow load never replaces a value whose load started later. When the cache is full, the value that was loaded least
 * recently is removed.
 */
final class TimedCache<K, V> {
    private record Entry<V>(V value, long loadedAt) {}

    private final Map<K, Entry<V>> entries = new LinkedHashMap<>();
    private final int capacity;
    private final BinaryOperator<V> merge;
    private final LongSupplier nanos;

    /** @param capacity largest number of values */
    TimedCache(int capacity) {
        this(capacity, (older, newer) -> newer);
    }

    /**
     * @param capacity largest number of values
     * @param merge value to store, from the present value and the one whose load started later
     */
    TimedCache(int capacity, BinaryOperator<V> merge) {
        this(capacity, merge, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    TimedCache(int capacity, BinaryOperator<V> merge, LongSupplier nanos) {
        this.capacity = capacity;
        this.merge = merge;
        this.nanos = nanos;
    }

    /**
     * A value that is not older than the given age. Loads it if the cache has none; the cache does not lock during the load. If
     * the load finds no value, the cache forgets the one that it had. If the load throws, the cache is unchanged.
     */
    Optional<V> get(K key, Duration maxAge, Supplier<Optional<V>> loader) {
        long now = nanos.getAsLong();
        Optional<V> present = find(key, now, maxAge);
        if (present.isPresent()) {
            return present;
        }
        Optional<V> loaded = loader.get();
        return loaded.isPresent() ? Optional.of(put(key, new Entry<>(loaded.get(), now))) : remove(key, now);
    }

    private synchronized Optional<V> find(K key, long now, Duration maxAge) {
        Entry<V> entry = entries.get(key);
        return entry != null && now - entry.loadedAt < maxAge.toNanos() ? Optional.of(entry.value) : Optional.empty();
    }

    private synchronized V put(K key, Entry<V> loaded) {
        Entry<V> present = entries.get(key);
        Entry<V> stored = present == null ? loaded : merged(present, loaded);
        entries.remove(key);
        entries.put(key, stored);
        if (entries.size() > capacity) {
            entries.remove(entries.keySet().iterator().next());
        }
        return stored.value;
    }

    private Entry<V> merged(Entry<V> a, Entry<V> b) {
        Entry<V> older = a.loadedAt - b.loadedAt <= 0 ? a : b;
        Entry<V> newer = older == a ? b : a;
        return new Entry<>(merge.apply(older.value, newer.value), newer.loadedAt);
    }

    private synchronized Optional<V> remove(K key, long now) {
        Entry<V> entry = entries.get(key);
        if (entry != null && entry.loadedAt - now <= 0) {
            entries.remove(key);
        }
        return Optional.empty();
    }
}
