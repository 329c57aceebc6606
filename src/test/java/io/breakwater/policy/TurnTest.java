package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A schedule makes each point once, one at a time, and makes up for one missed time at most. */
class TurnTest {
    private static final Cron EVERY_15_MINUTES = Cron.of(CronTest.schedule("*/15 * * * *", "Etc/UTC"));

    @Test
    void aNewPolicyWaitsForItsFirstTime() {
        assertThat(at("12:14:59", "12:01:00")).isEqualTo(new Turn.Rest());
        assertThat(at("12:15:00", "12:01:00")).isEqualTo(fire("12:15:00", "shop-20261123-121500"));
    }

    @Test
    void aTimeThatWasDealtWithIsNotDueAgain() {
        assertThat(at("12:15:00", "12:15:00")).isEqualTo(new Turn.Rest());
        assertThat(at("12:29:59", "12:15:00")).isEqualTo(new Turn.Rest());
    }

    @Test
    void ofManyMissedTimesOnlyTheLastIsMadeUpFor() {
        assertThat(at("18:07:00", "12:15:00")).isEqualTo(fire("18:00:00", "shop-20261123-180000"));
    }

    @Test
    void nothingIsStartedBesideARunningPoint() {
        assertThat(Turn.decide(EVERY_15_MINUTES, "shop", t("12:15:00"), t("12:30:01"), Set.of(), Optional.of("manual")))
                .isEqualTo(new Turn.Skip(t("12:30:00"), "shop-20261123-123000", "manual"));
    }

    @Test
    void thePointThatWasStartedBeforeACrashIsFoundAgain() {
        String name = "shop-20261123-123000";

        assertThat(Turn.decide(EVERY_15_MINUTES, "shop", t("12:15:00"), t("12:30:01"), Set.of(name), Optional.of(name)))
                .isEqualTo(new Turn.Fire(t("12:30:00"), name));
    }

    private static Turn at(String now, String since) {
        return Turn.decide(EVERY_15_MINUTES, "shop", t(since), t(now), Set.of(), Optional.empty());
    }

    private static Turn fire(String at, String name) {
        return new Turn.Fire(t(at), name);
    }

    private static Instant t(String time) {
        return Instant.parse("2026-11-23T" + time + "Z");
    }
}
