package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A schedule creates each point once, one at a time, and makes up for at most one missed time. */
class ScheduleDecisionTest {
    private static final CronSchedule EVERY_15_MINUTES =
            CronSchedule.of(CronScheduleTest.schedule("*/15 * * * *", "Etc/UTC"));

    @Test
    void aNewPolicyWaitsForItsFirstTime() {
        assertThat(at("12:14:59", "12:01:00")).isEqualTo(new ScheduleDecision.Rest());
        assertThat(at("12:15:00", "12:01:00")).isEqualTo(fire("12:15:00", "shop-20261123-121500"));
    }

    @Test
    void waitsAfterAHandledTime() {
        assertThat(at("12:15:00", "12:15:00")).isEqualTo(new ScheduleDecision.Rest());
        assertThat(at("12:29:59", "12:15:00")).isEqualTo(new ScheduleDecision.Rest());
    }

    @Test
    void catchesUpOnlyOnTheLastMissedTime() {
        assertThat(at("18:07:00", "12:15:00")).isEqualTo(fire("18:00:00", "shop-20261123-180000"));
    }

    @Test
    void skipsATimeWhileAPointIsRunning() {
        assertThat(ScheduleDecision.decide(
                        EVERY_15_MINUTES, "shop", t("12:15:00"), t("12:30:01"), Set.of(), Optional.of("manual")))
                .isEqualTo(new ScheduleDecision.Skip(t("12:30:00"), "shop-20261123-123000", "manual"));
    }

    @Test
    void findsThePointStartedBeforeACrash() {
        String name = "shop-20261123-123000";

        assertThat(ScheduleDecision.decide(
                        EVERY_15_MINUTES, "shop", t("12:15:00"), t("12:30:01"), Set.of(name), Optional.of(name)))
                .isEqualTo(new ScheduleDecision.Fire(t("12:30:00"), name));
    }

    private static ScheduleDecision at(String now, String since) {
        return ScheduleDecision.decide(EVERY_15_MINUTES, "shop", t(since), t(now), Set.of(), Optional.empty());
    }

    private static ScheduleDecision fire(String at, String name) {
        return new ScheduleDecision.Fire(t(at), name);
    }

    private static Instant t(String time) {
        return Instant.parse("2026-11-23T" + time + "Z");
    }
}
