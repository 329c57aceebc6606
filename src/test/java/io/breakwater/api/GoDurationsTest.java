package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationsTest {
    @ParameterizedTest
    @CsvSource({
        "720h0m0s, 2592000",
        "1.5h, 5400",
        "90s, 90",
        "0, 0",
        "0s, 0",
        "100ms, 1",
        "1001ms, 2",
        ".5m, 30",
        "30m1h, 5400"
    })
    void readsDurationsOfGo(String text, long seconds) {
        assertThat(GoDurations.parse(text)).contains(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "-5s", "1d", "soon", "1h ", "h", "9999999999h"})
    void readsNoOtherText(String text) {
        assertThat(GoDurations.parse(text)).isEmpty();
    }

    @Test
    void readsNoMissingText() {
        assertThat(GoDurations.parse(null)).isEmpty();
    }
}
