package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.time.Duration;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeyDigestsTest {
    @Test
    void containsWhatWasAdded() {
        KeyDigests digests = new KeyDigests(new MemoryStore(), "a/");
        new Random(1).ints(20_000).forEach(i -> digests.add("a/" + i));

        assertThat(new Random(1).ints(20_000)).allMatch(i -> digests.contains("a/" + i));
        assertThat(IntStream.range(0, 20_000)).noneMatch(i -> digests.contains("b/" + i));
    }

    @Test
    void hasTenTimesAsManyKeysAsObjectsThatAreGathered() {
        MemoryStore store = new MemoryStore();
        store.limits = new ListingLimits(1000, 10, Duration.ofMinutes(1));
        KeyDigests digests = new KeyDigests(store, "a/");
        IntStream.range(0, 100).forEach(i -> digests.add("a/" + i));

        assertThatThrownBy(() -> digests.add("a/100"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.TooManyObjects));
    }
}
