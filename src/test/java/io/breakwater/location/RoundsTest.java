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
class RoundsTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final BackupLocation location = new BackupLocation();
    private final BackupLocation other = new BackupLocation();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Rounds rounds = new Rounds(new HandClock());

    @BeforeEach
    void apply() {
        location.getMetadata().setUid("one");
        location.getMetadata().setGeneration(1L);
        other.getMetadata().setUid("two");
        other.getMetadata().setGeneration(1L);
    }

    @Test
    void aTurnLastsUntilItEndsAndTheNextOneComesAfterThePause() {
        assertThat(rounds.isOn(location)).isTrue();
        now = now.plus(HOUR);
        assertThat(rounds.isOn(location)).isTrue();
        rounds.end(location, HOUR);
        now = now.plus(HOUR).minusSeconds(1);
        assertThat(rounds.isOn(location)).isFalse();
        assertThat(rounds.isOn(other)).isTrue();
        now = now.plusSeconds(1);
        assertThat(rounds.isOn(location)).isTrue();
    }

    @Test
    void aChangeIsATurn() {
        rounds.isOn(location);
        rounds.end(location, HOUR);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.isOn(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.isOn(location)).isFalse();
    }

    @Test
    void aChangeInTheMiddleOfARoundIsTheNextOne() {
        rounds.isOn(location);
        location.getMetadata().setGeneration(2L);
        assertThat(rounds.isOn(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.isOn(location)).isTrue();
        rounds.end(location, HOUR);
        assertThat(rounds.isOn(location)).isFalse();
    }

    @Test
    void whoWasForgottenBeginsAnew() {
        rounds.isOn(location);
        rounds.end(location, HOUR);
        rounds.forget(location);
        assertThat(rounds.isOn(location)).isTrue();
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
