package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When the next round of a location is due. */
class RoundScheduleTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final BackupLocation location = new BackupLocation();
    private final BackupLocation other = new BackupLocation();
    private final HandClock clock = new HandClock();
    private final RoundSchedule rounds = new RoundSchedule(clock);

    @BeforeEach
    void apply() {
        location.getMetadata().setUid("one");
        location.getMetadata().setGeneration(1L);
        other.getMetadata().setUid("two");
        other.getMetadata().setGeneration(1L);
    }

    @Test
    void startsTheNextRoundAfterThePause() {
        assertThat(rounds.begin(location, false)).isTrue();
        clock.pass(HOUR);
        assertThat(rounds.begin(location, false)).isTrue();
        rounds.end(location, HOUR);
        clock.pass(HOUR.minusSeconds(1));
        assertThat(rounds.begin(location, false)).isFalse();
        assertThat(rounds.begin(other, false)).isTrue();
        clock.pass(Duration.ofSeconds(1));
        assertThat(rounds.begin(location, false)).isTrue();
    }

    @Test
    void startsARoundAfterAChange() {
        rounds.begin(location, false);
        rounds.end(location, HOUR);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.begin(location, false)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location, false)).isFalse();
    }

    @Test
    void startsAnotherRoundAfterAChangeDuringARound() {
        rounds.begin(location, false);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.begin(location, false)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location, false)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location, false)).isFalse();
    }

    @Test
    void startsARoundForAForgottenLocation() {
        rounds.begin(location, false);
        rounds.end(location, HOUR);
        rounds.forget(location);
        assertThat(rounds.begin(location, false)).isTrue();
    }

    @Test
    void startsARequestedRoundBeforeThePauseEnds() {
        rounds.begin(location, false);
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location, false)).isFalse();
        assertThat(rounds.begin(location, true)).isTrue();
        assertThat(rounds.begin(location, false))
                .as("the requested round is on")
                .isTrue();
    }

    @Test
    void ignoresTheEndOfAForgottenRound() {
        rounds.begin(location, false);
        rounds.forget(location);
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location, false)).isTrue();
    }
}
