package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Schedule;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleJitterTest {
    private static final Instant NOON = Instant.parse("2026-03-02T12:00:00Z");

    @Test
    void spreadsTheStartsOfManyNamespaces() {
        Schedule hourly = usual("0 * * * *");
        Map<Duration, Long> delays = IntStream.range(0, 200)
                .mapToObj(i -> kept("team-" + i))
                .map(p -> delay(p, hourly))
                .collect(Collectors.groupingBy(d -> d, Collectors.counting()));

        assertThat(delays.keySet())
                .allSatisfy(d -> assertThat(d)
                        .isBetween(Duration.ZERO, Duration.ofMinutes(10).minusSeconds(1)));
        assertThat(delays.values())
                .as("in one second")
                .allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(6));
        assertThat(delays).as("different seconds").hasSizeGreaterThan(120);
    }

    @Test
    void theDelayOfAPolicyIsAlwaysTheSame() {
        Schedule hourly = usual("0 * * * *");
        CronSchedule cron = CronSchedule.of(kept("shop"), hourly);
        Instant first = cron.next(NOON).orElseThrow();
        Instant second = cron.next(first).orElseThrow();

        assertThat(Duration.between(first, second)).isEqualTo(Duration.ofHours(1));
        assertThat(cron.last(first)).contains(first);
        assertThat(cron.last(first.minusMillis(1))).contains(first.minus(Duration.ofHours(1)));
        assertThat(CronSchedule.of(kept("shop"), hourly).next(NOON)).contains(first);
    }

    @Test
    void limitsTheDelayToHalfOfTheInterval() {
        Schedule often = usual("*/4 * * * *");
        List<Duration> delays = IntStream.range(0, 500)
                .mapToObj(i -> delay(kept("n" + i), often))
                .distinct()
                .toList();
        assertThat(delays).allSatisfy(d -> assertThat(d).isLessThan(Duration.ofMinutes(2)));
        assertThat(delays).as("of 120 seconds").hasSizeGreaterThan(100);
    }

    @Test
    void appliesTheRequestedJitter() {
        Schedule hourly = usual("0 * * * *");
        hourly.jitter = "2s";
        assertThat(IntStream.range(0, 50).mapToObj(i -> delay(kept("n" + i), hourly)))
                .containsOnly(Duration.ZERO, Duration.ofSeconds(1));
        BackupPolicy alone = kept("shop");
        alone.getMetadata().setLabels(null);
        hourly.jitter = "45m";
        assertThat(delay(alone, hourly)).isPositive().isLessThan(Duration.ofMinutes(45));
    }

    @ParameterizedTest
    @CsvSource({"*/5 * * * *, 30", "*/15 * * * *, 90", "0 * * * *, 300", "0 2 * * *, 300"})
    void delaysAPolicyWithoutATemplateByATenthOfItsInterval(String cron, long most) {
        List<Duration> delays = IntStream.range(0, 2000)
                .mapToObj(i -> CronSchedule.of(alone("n" + i), usual(cron)))
                .map(c -> Duration.between(
                        CronSchedule.of(usual(cron)).next(NOON).orElseThrow(),
                        c.next(NOON.plusSeconds(most)).orElseThrow()))
                .distinct()
                .toList();
        assertThat(delays).allSatisfy(d -> assertThat(d).isBetween(Duration.ZERO, Duration.ofSeconds(most - 1)));
        assertThat(delays).as("different seconds").hasSizeGreaterThan((int) (most / 2));
    }

    @Test
    void startsOnTimeWithoutJitter() {
        Schedule exact = usual("0 * * * *");
        exact.jitter = "0s";
        assertThat(IntStream.range(0, 50).mapToObj(i -> delay(alone("n" + i), exact)))
                .containsOnly(Duration.ZERO);
        assertThat(IntStream.range(0, 50).mapToObj(i -> delay(kept("n" + i), exact)))
                .containsOnly(Duration.ZERO);
    }

    private static Schedule usual(String cron) {
        Schedule schedule = CronScheduleTest.schedule(cron, "Etc/UTC");
        schedule.jitter = null;
        return schedule;
    }

    private static BackupPolicy alone(String namespace) {
        BackupPolicy policy = kept(namespace);
        policy.getMetadata().setLabels(null);
        return policy;
    }

    /** Delay of a policy after the full hour, or within its interval. */
    private static Duration delay(BackupPolicy policy, Schedule schedule) {
        return Duration.between(
                NOON,
                CronSchedule.of(policy, schedule).next(NOON.minusSeconds(1)).orElseThrow());
    }

    private static BackupPolicy kept(String namespace) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName("all");
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setLabels(Map.of(Api.TEMPLATE, "all"));
        return policy;
    }
}
