package io.breakwater.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The values that were used last, by key. It forgets the value that was unused for the longest time when there are too many, so it
 * is for values that can be read again. Threads may share it.
 */
public final class RecentValues<K, V> {
    private final Map<K, V> values;

    /** @param most values that it remembers */
    public RecentValues(int most) {
        values = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > most;
            }
        };
    }

    /** The value of a key; empty if it was forgotten, or never put. */
    public synchronized Optional<V> get(K key) {
        return Optional.ofNullable(values.get(key));
    }

    /** Remembers a value in place of the earlier one. */
    public synchronized void put(K key, V value) {
        values.put(key, value);
    }

    /** The value of a key, which a function creates if there is none. The function must be quick: other threads wait. */
    public synchronized V computeIfAbsent(K key, Function<K, V> creation) {
        return values.computeIfAbsent(key, creation);
    }

    /** Forgets a key. */
    public synchronized void remove(K key) {
        values.remove(key);
    }

    /** A copy of all. */
    public synchronized Map<K, V> all() {
        return Map.copyOf(values);
    }
}
