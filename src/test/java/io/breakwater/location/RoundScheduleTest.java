package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whose turn it is. */
class RoundScheduleTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final BackupLocation location = new BackupLocation();
    private final BackupLocation other = new BackupLocation();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final RoundSchedule rounds = new RoundSchedule(new HandClock());

    @BeforeEach
    void apply() {
        location.getMetadata().setUid("one");
        location.getMetadata().setGeneration(1L);
        other.getMetadata().setUid("two");
        other.getMetadata().setGeneration(1L);
    }

    @Test
    void startsTheNextRoundAfterThePause() {
        assertThat(rounds.begin(location)).isTrue();
        now = now.plus(HOUR);
        assertThat(rounds.begin(location)).isTrue();
        rounds.end(location, HOUR);
        now = now.plus(HOUR).minusSeconds(1);
        assertThat(rounds.begin(location)).isFalse();
        assertThat(rounds.begin(other)).isTrue();
        now = now.plusSeconds(1);
        assertThat(rounds.begin(location)).isTrue();
    }

    @Test
    void startsARoundAfterAChange() {
        rounds.begin(location);
        rounds.end(location, HOUR);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.begin(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location)).isFalse();
    }

    @Test
    void startsAnotherRoundAfterAChangeDuringARound() {
        rounds.begin(location);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.begin(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.begin(location)).isFalse();
    }

    @Test
    void startsARoundForAForgottenLocation() {
        rounds.begin(location);
        rounds.end(location, HOUR);
        rounds.forget(location);
        assertThat(rounds.begin(location)).isTrue();
    }

    private final class HandClock extends Clock {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
