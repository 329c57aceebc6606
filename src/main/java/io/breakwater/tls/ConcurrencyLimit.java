package io.breakwater.tls;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** How many things of one key may happen at the same time. A key that nothing happens for needs no memory. */
public final class ConcurrencyLimit<K> {
    private final int most;
    private final ConcurrentMap<K, Integer> present = new ConcurrentHashMap<>();

    /** @param most for each key */
    public ConcurrencyLimit(int most) {
        this.most = most;
    }

    /** Counts one more, unless the key is at its limit. After {@code true}, the caller must call {@link #leave}. */
    public boolean tryEnter(K key) {
        boolean[] entered = {false};
        present.compute(key, (k, count) -> {
            int now = count == null ? 0 : count;
            entered[0] = now < most;
            return entered[0] ? Integer.valueOf(now + 1) : count;
        });
        return entered[0];
    }

    /** Counts one less. */
    public void leave(K key) {
        present.computeIfPresent(key, (k, count) -> count > 1 ? count - 1 : null);
    }
}
