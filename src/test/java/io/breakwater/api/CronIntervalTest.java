package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronIntervalTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            * * * * *              | PT1M
            */4 * * * *            | PT4M
            */7 * * * *            | PT4M
            */15 * * * *           | PT15M
            0 * * * *              | PT1H
            0,59 * * * *           | PT1M
            0,3 4 * * *            | PT3M
            30 2 * * *             | PT24H
            30 2 29 2 *            | PT24H
            0,1 3 29 2 *           | PT1M
            0,58 0,23 * * *        | PT2M
            0 9-17 * * MON-FRI     | PT1H
            0 0,12 * * *           | PT12H
            """)
    void takesTheShortestTimeBetweenTwoTimes(String cron, Duration shortest) {
        assertThat(CronInterval.shortest(cron)).isEqualTo(shortest);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "* * * *", "* * * * * *", "61 * * * *", "@hourly"})
    void refusesOtherExpressions(String cron) {
        assertThatIllegalArgumentException().isThrownBy(() -> CronInterval.shortest(cron));
        assertThat(CronInterval.tooFrequent(cron, Duration.ofDays(1))).isEmpty();
    }

    @Test
    void explainsWhyAScheduleIsTooFrequent() {
        assertThat(CronInterval.tooFrequent("*/4 * * * *", Duration.ofMinutes(5)))
                .hasValueSatisfying(why -> assertThat(why)
                        .contains("'*/4 * * * *'", "4m apart", "at least 5m", "policy.shortestInterval"));
        assertThat(CronInterval.tooFrequent("*/5 * * * *", Duration.ofMinutes(5)))
                .isEmpty();
    }
}
