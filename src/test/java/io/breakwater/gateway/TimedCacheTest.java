package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class TimedCacheTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private long nanos = Long.MAX_VALUE - 5; // a monotonic clock may overflow
    private int loads;
    private final TimedCache<String, Integer> cache = new TimedCache<>(2, (older, newer) -> newer, () -> nanos);
    private final TimedCache<String, Integer> highest = new TimedCache<>(2, Math::max, () -> nanos);

    @Test
    void loadsAValueOnceWithinItsAge() {
        assertThat(get(cache, "a", 1)).contains(1);
        passes(MINUTE.minusNanos(1));

        assertThat(get(cache, "a", 2)).contains(1);
        assertThat(loads).isEqualTo(1);
    }

    @Test
    void loadsAnExpiredValueAgain() {
        get(cache, "a", 1);
        passes(MINUTE);

        assertThat(get(cache, "a", 2)).contains(2);
        assertThat(get(cache, "a", 3)).contains(2);
    }

    @Test
    void countsTheAgeFromTheStartOfTheLoad() {
        cache.get("a", MINUTE, () -> {
            passes(MINUTE);
            return Optional.of(1);
        });

        assertThat(get(cache, "a", 2)).contains(2);
    }

    @Test
    void doesNotStoreAbsentValues() {
        get(cache, "a", 1);
        passes(MINUTE);

        assertThat(cache.get("a", MINUTE, Optional::empty)).isEmpty();
        assertThat(get(cache, "a", 2)).contains(2);
    }

    @Test
    void preservesValuesWhenALoadFails() {
        get(cache, "a", 1);
        passes(MINUTE);

        assertThatIllegalStateException()
                .isThrownBy(() -> cache.get("a", MINUTE, () -> {
                    throw new IllegalStateException();
                }));
        assertThat(get(cache, "a", Duration.ofHours(1), () -> Optional.of(2))).contains(1);
    }

    @Test
    void removesTheLeastRecentlyLoadedValueWhenFull() {
        get(cache, "a", 1);
        get(cache, "b", 1);
        passes(MINUTE);
        get(cache, "a", 2);

        get(cache, "c", 1);

        assertThat(get(cache, "a", 3)).contains(2);
        assertThat(get(cache, "c", 3)).contains(1);
        assertThat(get(cache, "b", Duration.ofHours(1), () -> Optional.of(3))).contains(3);
    }

    @Test
    void ignoresALateAnswerToAnEarlierLoad() {
        Optional<Integer> late = cache.get("a", MINUTE, () -> {
            passes(Duration.ofSeconds(1));
            get(cache, "a", 2);
            return Optional.of(1);
        });

        assertThat(late).contains(2);
        assertThat(get(cache, "a", 3)).contains(2);
    }

    @Test
    void mergesPresentAndLoadedValues() {
        get(highest, "a", 5);
        passes(MINUTE);

        assertThat(get(highest, "a", 4)).contains(5);
        passes(MINUTE);
        assertThat(get(highest, "a", 6)).contains(6);
    }

    private Optional<Integer> get(TimedCache<String, Integer> from, String key, int loaded) {
        return get(from, key, MINUTE, () -> Optional.of(loaded));
    }

    private Optional<Integer> get(
            TimedCache<String, Integer> from, String key, Duration maxAge, Supplier<Optional<Integer>> loader) {
        return from.get(key, maxAge, () -> {
            loads++;
            return loader.get();
        });
    }

    private void passes(Duration time) {
        nanos += time.toNanos();
    }
}
