package io.breakwater.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Maps that hold what was used last: a further entry replaces the one that was not used for the longest time. */
public final class BoundedCache {
    private static final float LOAD = 0.75f;

    private BoundedCache() {}

    /**
     * An empty map for any number of threads.
     *
     * @param most number of entries
     */
    public static <K, V> Map<K, V> of(int most) {
        return Collections.synchronizedMap(new LinkedHashMap<>(16, LOAD, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > most;
            }
        });
    }
}
