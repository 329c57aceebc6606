package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class BoundedCacheTest {
    private final Map<Integer, String> values = BoundedCache.of(3);

    @Test
    void forgetsTheValueThatWasUnusedForTheLongestTime() {
        for (int i = 1; i <= 3; i++) {
            values.put(i, "v" + i);
        }
        assertThat(values.get(1)).isEqualTo("v1");
        values.put(4, "v4");

        assertThat(values.get(2)).isNull();
        assertThat(values.keySet()).containsExactlyInAnyOrder(1, 3, 4);
    }

    @Test
    void doesNotGrow() {
        for (int i = 0; i < 100_000; i++) {
            values.computeIfAbsent(i, key -> "v" + key);
        }
        assertThat(values).hasSize(3);
    }

    @Test
    void createsAValueOnce() {
        assertThat(values.computeIfAbsent(1, key -> "first")).isEqualTo("first");
        assertThat(values.computeIfAbsent(1, key -> "second")).isEqualTo("first");
        values.remove(1);
        assertThat(values.get(1)).isNull();
    }
}
