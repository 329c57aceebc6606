package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThrottledAnswerTest {
    private static final String NOW = "Mon, 30 Nov 2026 13:00:00 GMT";

    /**
     * The clock of a store may be wrong, so a time counts from the time of the same answer. Azure sends 17 seconds and MinIO
     * 120; other servers send fractions or dates.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'2'|2",
                "'17'|17",
                "' 120 '|120",
                "'0'|0",
                "'-5'|0",
                "'1.5'|2",
                "'99999999999999999999'|0",
                "'soon'|0",
                "''|0",
                "'Mon, 30 Nov 2026 13:00:07 GMT'|7",
                "'Mon, 30 Nov 2026 12:59:00 GMT'|0"
            })
    void readsThePause(String value, long seconds) {
        Map<String, String> headers = Map.of("Retry-After", value, "Date", NOW);

        assertThat(ThrottledAnswer.pause(name -> Optional.ofNullable(headers.get(name))))
                .isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource({"429,true", "503,true", "500,false", "403,false", "200,false"})
    void isAnAnswerThatAsksForFewerRequests(int status, boolean throttled) {
        assertThat(ThrottledAnswer.is(status)).isEqualTo(throttled);
    }
}
