package io.breakwater.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleConversionTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        0 3 * * *                        | 0 3 * * *    |               | PT24H
        */15 * * * *                     | */15 * * * * |               | PT15M
        0 0,6 * * *                      | 0 0,6 * * *  |               | PT6H
        @hourly                          | 0 * * * *    |               | PT1H
        @midnight                        | 0 0 * * *    |               | PT24H
        @weekly                          | 0 0 * * 0    |               | PT168H
        @monthly                         | 0 0 1 * *    |               | PT672H
        @every 1h                        | 0 * * * *    |               | PT1H
        @every 6h0m0s                    | 0 */6 * * *  |               | PT6H
        @every 24h                       | 0 0 * * *    |               | PT24H
        @every 20m                       | */20 * * * * |               | PT20M
        CRON_TZ=Europe/Berlin 30 3 * * * | 30 3 * * *   | Europe/Berlin | PT24H
        TZ=UTC @daily                    | 0 0 * * *    | UTC           | PT24H
        """)
    void parsesVeleroSchedules(String velero, String cron, String zone, Duration interval) {
        assertThat(ScheduleConversion.of(velero))
                .contains(new ScheduleConversion(cron, zone == null ? "" : zone, interval));
    }

    @ParameterizedTest
    @ValueSource(strings = {"@every 7h", "@every 90m", "@every 45m", "sometimes", "", "0 3 * *", "* * * * * *"})
    void rejectsSchedulesWithoutACronEquivalent(String velero) {
        assertThat(ScheduleConversion.of(velero)).isEmpty();
    }
}
