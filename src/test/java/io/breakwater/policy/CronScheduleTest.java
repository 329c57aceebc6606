package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.api.BackupPolicySpec.Schedule;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times of a schedule, in its own time zone. */
public class CronScheduleTest {
    @ParameterizedTest
    @CsvSource({
        "*/15 * * * *,   Etc/UTC,          2026-11-23T12:00:00Z, 2026-11-23T12:15:00Z",
        "*/15 * * * *,   Etc/UTC,          2026-11-23T12:14:59.999Z, 2026-11-23T12:15:00Z",
        "0 3 * * *,      Europe/Berlin,    2026-07-01T00:00:00Z, 2026-07-01T01:00:00Z",
        "0 3 * * *,      Europe/Berlin,    2026-12-01T00:00:00Z, 2026-12-01T02:00:00Z",
        "0 3 * * *,      America/New_York, 2026-12-01T00:00:00Z, 2026-12-01T08:00:00Z",
        "30 1 1 1 *,     Etc/UTC,          2026-11-23T12:00:00Z, 2027-01-01T01:30:00Z",
        "0 0 29 2 *,     Etc/UTC,          2026-11-23T12:00:00Z, 2028-02-29T00:00:00Z",
        "0 12 * * 0,     Etc/UTC,          2026-11-23T12:00:00Z, 2026-11-29T12:00:00Z",
        "0 12 * * 7,     Etc/UTC,          2026-11-23T12:00:00Z, 2026-11-29T12:00:00Z",
        "0 12 * * MON,   Etc/UTC,          2026-11-23T12:00:00Z, 2026-11-30T12:00:00Z"
    })
    void findsTheNextTimeAfterAMoment(String cron, String zone, Instant after, Instant expected) {
        assertThat(CronSchedule.of(schedule(cron, zone)).next(after)).contains(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "*/15 * * * *, Etc/UTC,       2026-11-23T12:15:00Z,     2026-11-23T12:15:00Z",
        "*/15 * * * *, Etc/UTC,       2026-11-23T12:15:00.001Z, 2026-11-23T12:15:00Z",
        "*/15 * * * *, Etc/UTC,       2026-11-23T12:14:59.999Z, 2026-11-23T12:00:00Z",
        "0 3 * * *,    Europe/Berlin, 2026-07-01T00:59:00Z,     2026-06-30T01:00:00Z"
    })
    void findsTheLastTimeUpToAMoment(String cron, String zone, Instant until, Instant expected) {
        assertThat(CronSchedule.of(schedule(cron, zone)).last(until)).contains(expected);
    }

    @Test
    void runsOnceOnADayThatSkipsTheHour() {
        CronSchedule cron = CronSchedule.of(schedule("30 2 * * *", "Europe/Berlin"));
        // On 2026-03-29 there is no 02:30: at 01:00 UTC the clocks change from 02:00 to 03:00.
        Instant change = Instant.parse("2026-03-29T01:00:00Z");

        assertThat(cron.next(Instant.parse("2026-03-28T12:00:00Z"))).contains(change);
        assertThat(cron.next(change)).contains(Instant.parse("2026-03-30T00:30:00Z"));
        assertThat(cron.last(change.minusSeconds(1))).contains(Instant.parse("2026-03-28T01:30:00Z"));
        assertThat(cron.last(change)).contains(change);
        assertThat(cron.last(Instant.parse("2026-03-30T00:29:00Z"))).contains(change);
    }

    @ParameterizedTest
    @CsvSource({"2026-03-29", "2026-10-25"})
    void preservesShortIntervalsAcrossClockChanges(String day) {
        CronSchedule cron = CronSchedule.of(schedule("*/15 * * * *", "Europe/Berlin"));
        Instant at = Instant.parse(day + "T00:00:00Z").minusSeconds(7200);
        for (int i = 0; i < 30; i++) {
            assertThat(cron.last(at.plusSeconds(100))).as("last before %s", at).contains(at);
            assertThat(cron.next(at)).as("next after %s", at).contains(at.plusSeconds(900));
            at = at.plusSeconds(900);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "61 * * * *,     Etc/UTC,     cron",
        "* * * *,        Etc/UTC,     cron",
        "every hour,     Etc/UTC,     cron",
        "0 0 30 2 *,     Etc/UTC,     cron",
        "0 0 * * *,      Mars/Olympus, timeZone"
    })
    void rejectsInvalidSchedulesAndNamesTheField(String cron, String zone, String field) {
        BreakwaterException e =
                catchThrowableOfType(BreakwaterException.class, () -> CronSchedule.of(schedule(cron, zone)));

        assertThat(e.reason()).isEqualTo(Reason.InvalidSchedule);
        assertThat(e.isRetryable()).isFalse();
        assertThat(e).hasMessageContaining("spec.schedule." + field);
    }

    /** A schedule that starts at its exact times. */
    public static Schedule schedule(String cron, String zone) {
        Schedule schedule = new Schedule();
        schedule.cron = cron;
        schedule.timeZone = zone;
        schedule.jitter = "0s";
        return schedule;
    }
}
