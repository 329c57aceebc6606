package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.HandClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Pauses between attempts that fail. */
class RetryPausesTest {
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final HandClock clock = new HandClock();
    private final RetryPauses pauses = new RetryPauses(clock);

    @Test
    void doublesThePauseUpToItsLimit() {
        assertThat(pauses.failed("a", LONGEST)).isEqualTo(Duration.ofSeconds(5));
        assertThat(pauses.failed("a", LONGEST)).isEqualTo(Duration.ofSeconds(10));
        assertThat(pauses.failed("a", LONGEST)).isEqualTo(Duration.ofSeconds(20));
        assertThat(pauses.failed("a", LONGEST)).isEqualTo(LONGEST);
        assertThat(pauses.failed("b", LONGEST)).as("other work").isEqualTo(Duration.ofSeconds(5));
        assertThat(RetryPauses.after(1000, LONGEST)).isEqualTo(LONGEST);
    }

    @Test
    void endsAPauseAtItsTime() {
        assertThat(pauses.left("a")).isEmpty();
        pauses.failed("a", LONGEST);
        clock.pass(Duration.ofSeconds(2));
        assertThat(pauses.left("a")).contains(Duration.ofSeconds(3));
        clock.pass(Duration.ofSeconds(3));
        assertThat(pauses.left("a")).isEmpty();
    }

    @Test
    void startsAgainAfterASuccess() {
        pauses.failed("a", LONGEST);
        pauses.failed("a", LONGEST);
        pauses.forget("a");
        assertThat(pauses.left("a")).isEmpty();
        assertThat(pauses.failed("a", LONGEST)).isEqualTo(Duration.ofSeconds(5));
    }
}
