package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseTimingTest {
    /** Clocks of two machines may differ this much in rate; NTP slews by at most half of it. */
    private static final double RATE = 0.001;

    @ParameterizedTest
    @ValueSource(longs = {30, 31, 45, 60, 90, 300, 3600})
    void stopsPodsBeforeTakeoverDespiteClockDrift(long seconds) {
        LeaseTiming t = LeaseTiming.of(Duration.ofSeconds(seconds));

        double gone = t.notice().plus(t.gateBudget()).toMillis() * (1 + RATE);
        double taken = (t.takeableAfter().toMillis() - 1000) * (1 - RATE);

        assertThat(gone).as("ms until the last pod has ended, by a slow clock").isLessThan(taken);
        assertThat(t.settling())
                .as("time for the first renewal of a process")
                .isBetween(Duration.ofSeconds(3), Duration.ofSeconds(15));
    }

    @Test
    void shortensTheGraceOfPodsThatAreGatedLate() {
        LeaseTiming t = LeaseTiming.of(Duration.ofSeconds(60));

        assertThat(t.graceAt(t.notice())).isEqualTo(t.grace());
        assertThat(t.graceAt(t.duration())).isEqualTo(LeaseTiming.LOST_GRACE);
    }

    @ParameterizedTest
    @ValueSource(longs = {30, 60, 3600})
    void allowsOneFailedRenewalBeforeGating(long seconds) {
        LeaseTiming t = LeaseTiming.of(Duration.ofSeconds(seconds));

        Duration second = t.renewEvery().plus(t.attempt()).plus(t.attempt());

        assertThat(second).as("end of a second attempt").isLessThanOrEqualTo(t.notice());
    }

    @Test
    void allowsPodsOnlyUntilTheNoticeTime() {
        LeaseTiming t = LeaseTiming.of(Duration.ofSeconds(60));

        assertThat(t.mayRun(Duration.ofMillis(29_999))).isTrue();
        assertThat(t.mayRun(Duration.ofSeconds(30))).isFalse();
    }

    @Test
    void aShortLeaseIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LeaseTiming.of(Duration.ofSeconds(29)))
                .withMessageContaining("too short");
    }

    @Test
    void refusesTimingsThatOutlastTheLease() {
        Duration ten = Duration.ofSeconds(10);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LeaseTiming(ten.multipliedBy(3), Duration.ofSeconds(5), ten, ten, ten))
                .withMessageContaining("shorter than the lease");
    }
}
