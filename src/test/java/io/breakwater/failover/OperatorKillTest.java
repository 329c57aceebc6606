package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.JournalEntry.State;
import io.breakwater.lease.Lease;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** I6: an operator that dies at any access to the store or to a status ends in the same state as an undisturbed one. */
@Tag("slow")
class OperatorKillTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 23, 28, 34, 41})
    void finishesAFailoverAfterBothOperatorsAreKilled(int touch) {
        try (TwoSites sites = new TwoSites(directory).settled()) {
            sites.east.edit(s -> s.activeSite = "west");
            sites.west.edit(s -> s.activeSite = "west");
            sites.east.killAt(touch);
            sites.west.killAt(touch);

            sites.untilActive(sites.west);
            sites.untilPassive(sites.east);

            assertThat(sites.west.lease())
                    .extracting(Lease::epoch, Lease::holder)
                    .containsExactly(2L, "west");
            assertThat(sites.west.status().run.state).isEqualTo(State.Done);
            assertThat(sites.west.status().run.dataLoss).isEqualTo("0s");
            assertThat(sites.east.pointNames()).containsExactly("shop-e1-final");
            assertThat(sites.west.restores()).hasSize(1);
            assertThat(sites.east.runs()).isFalse();
        }
    }
}
