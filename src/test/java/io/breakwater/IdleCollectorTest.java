package io.breakwater;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class IdleCollectorTest {
    private static final long SMALL = 20L << 20;
    private static final long LARGE = 200L << 20;

    private long now = Duration.ofDays(100).toNanos();
    private long cpu;
    private long committed = LARGE;
    private int collections;
    private final IdleCollector collector = new IdleCollector(() -> now, () -> cpu, () -> committed, this::collect);

    private void collect() {
        collections++;
        committed = SMALL;
    }

    /** Looks after the usual time, in which the process used a share of one core. */
    private void pass(double share) {
        now += IdleCollector.LOOK.toNanos();
        cpu += (long) (share * IdleCollector.LOOK.toNanos());
        collector.look();
    }

    private void passFiveMinutes(double share) {
        for (Duration past = Duration.ZERO;
                past.compareTo(IdleCollector.LEAST) < 0;
                past = past.plus(IdleCollector.LOOK)) {
            pass(share);
        }
    }

    @Test
    void collectsWhenTheProcessRests() {
        pass(0.01);

        assertThat(collections).isEqualTo(1);
    }

    @Test
    void waitsForTheEndOfWork() {
        passFiveMinutes(0.8);
        assertThat(collections).as("while the process works").isZero();

        pass(0.01);
        assertThat(collections).isEqualTo(1);
    }

    @Test
    void collectsEveryFiveMinutesAtMost() {
        pass(0.01);
        committed = LARGE;
        pass(0.01);
        pass(0.01);
        assertThat(collections).isEqualTo(1);

        passFiveMinutes(0.01);
        assertThat(collections).isEqualTo(2);
    }

    @Test
    void leavesAHeapThatHasNotGrown() {
        pass(0.01);
        committed = SMALL + IdleCollector.WORTH - 1;
        passFiveMinutes(0.01);
        passFiveMinutes(0.01);

        assertThat(collections).isEqualTo(1);
    }

    /** A heap that grows a little every time grows without end. */
    @Test
    void comparesWithTheHeapAfterTheLastCollection() {
        pass(0.01);
        committed += IdleCollector.WORTH / 2;
        passFiveMinutes(0.01);
        committed += IdleCollector.WORTH / 2;
        passFiveMinutes(0.01);

        assertThat(collections).isEqualTo(2);
    }
}
