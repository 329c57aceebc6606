package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.cleanup.PruneRules.Garbage;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** When a repository is pruned. */
class PruneRulesTest {
    private static final Instant NOW = Instant.parse("2026-06-10T00:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    @Test
    void prunesNothingWithoutADeletion() {
        assertThat(isDue(last(100, 1_000), Garbage.NONE)).isFalse();
    }

    @Test
    void prunesOldGarbageHoweverSmallItIs() {
        assertThat(isDue(last(100, 1_000), garbage(1, 23))).isFalse();
        assertThat(isDue(last(100, 1_000), garbage(1, 24))).isTrue();
        assertThat(isDue(PruneRecord.NONE, garbage(1, 24))).isTrue();
    }

    @Test
    void prunesMoreThanATenthAtOnce() {
        assertThat(isDue(last(100, 1_000), garbage(100, 1))).isFalse();
        assertThat(isDue(last(100, 1_000), garbage(101, 1))).isTrue();
        assertThat(isDue(PruneRecord.NONE, garbage(1_000_000, 1)))
                .as("its size is unknown")
                .isFalse();
    }

    @Test
    void prunesOnceInAnIntervalOnly() {
        assertThat(isDue(last(23, 1_000), garbage(900, 30))).isFalse();
        assertThat(isDue(last(24, 1_000), garbage(900, 30))).isTrue();
    }

    @Test
    void waitsLongerAfterEachFailure() {
        int[] hours = {1, 2, 4, 8, 16, 24, 24};
        PruneRecord record = last(100, 1_000);
        for (int pause : hours) {
            record = record.start(NOW).fail(NOW);
            Instant next = NOW.plus(Duration.ofHours(pause));
            assertThat(PruneRules.isDue(record, garbage(900, 30), next.minusSeconds(1), DAY, false))
                    .isFalse();
            assertThat(PruneRules.isDue(record, garbage(900, 30), next, DAY, false))
                    .isTrue();
        }
    }

    @Test
    void looksAtARunningPruneWhateverTheGarbageIs() {
        assertThat(isDue(last(1, 1_000).start(NOW), Garbage.NONE)).isTrue();
    }

    @Test
    void prunesAFurtherLocationLater() {
        assertThat(PruneRules.isDue(last(100, 1_000), garbage(1, 29), NOW, DAY, true))
                .isFalse();
        assertThat(PruneRules.isDue(last(100, 1_000), garbage(1, 30), NOW, DAY, true))
                .isTrue();
        assertThat(PruneRules.isDue(last(100, 1_000), garbage(120, 1), NOW, DAY, true))
                .isFalse();
        assertThat(PruneRules.isDue(last(100, 1_000), garbage(126, 1), NOW, DAY, true))
                .isTrue();
    }

    @Test
    void countsDeletionsSinceTheStartOfTheLastPrune() {
        PruneRecord record = PruneRecord.NONE.start(NOW).succeed(NOW.plusSeconds(60), 5L);
        assertThat(record.isPending(NOW.minusSeconds(1))).isFalse();
        assertThat(record.isPending(NOW.plusSeconds(1))).as("while it ran").isTrue();
        assertThat(record.start(NOW.plus(DAY)).fail(NOW.plus(DAY)).isPending(NOW.plusSeconds(1)))
                .as("the later prune failed")
                .isTrue();
    }

    /** The clock of the store or of the operator was wrong when the record was written. */
    @Test
    void ignoresTimesInTheFuture() {
        PruneRecord record = last(-2, 1_000);
        assertThat(isDue(record.at(NOW), garbage(1, 24))).isTrue();
        assertThat(record.at(NOW).isPending(NOW)).isTrue();
        assertThat(isDue(record.at(NOW.plus(DAY.multipliedBy(2))), garbage(1, 24)))
                .as("the pause since then")
                .isFalse();
        assertThat(last(1, 1_000).at(NOW)).isEqualTo(last(1, 1_000));
    }

    private static boolean isDue(PruneRecord record, Garbage garbage) {
        return PruneRules.isDue(record, garbage, NOW, DAY, false);
    }

    private static Garbage garbage(long bytes, int hours) {
        return Garbage.NONE.and(bytes, NOW.minus(Duration.ofHours(hours)));
    }

    private static PruneRecord last(int hours, long remaining) {
        Instant start = NOW.minus(Duration.ofHours(hours));
        return PruneRecord.NONE.start(start).succeed(start.plusSeconds(60), remaining);
    }
}
