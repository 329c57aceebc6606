package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.JournalEntry.State;
import io.breakwater.lease.Lease;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pod that is seen after the cut of the final point may have written data that the point does not have. */
class FinalPointTest {
    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
        sites.settled();
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void isVoidWhileAPodRuns() {
        cut();
        sites.east.startPod();
        SimulatedControllers.copyAll(sites.east, sites.west);
        assertThatEastServesAgain();
    }

    @Test
    void isVoidAfterAPodHasComeAndGone() {
        cut();
        sites.east.startPod();
        assertThat(sites.east.gate.endStragglers(TwoSites.NS)).isFalse();
        assertThat(sites.east.runs()).isFalse();
        sites.east.startProcess();
        SimulatedControllers.copyAll(sites.east, sites.west);
        assertThatEastServesAgain();
    }

    /** The Job of a user, for example, that a webhook in an outage let through. */
    @Test
    void isVoidAfterAPodHasFinished() {
        cut();
        sites.east.finishPod("migrate");
        SimulatedControllers.copyAll(sites.east, sites.west);
        assertThatEastServesAgain();
    }

    @Test
    void isNotOfferedAnyMoreWhileAPodRuns() {
        offer();
        sites.east.startPod();
        sites.east.startProcess();
        assertThatEastServesAgain();
    }

    @Test
    void isNotOfferedAnyMoreAfterAPodHasComeAndGone() {
        offer();
        sites.east.startPod();
        assertThat(sites.east.gate.endStragglers(TwoSites.NS)).isFalse();
        sites.east.startProcess();
        assertThatEastServesAgain();
    }

    @Test
    void isMadeAgainByTheNextHandOver() {
        cut();
        sites.east.startPod();
        SimulatedControllers.copyAll(sites.east, sites.west);
        assertThatEastServesAgain();

        sites.west.edit(s -> s.activeSite = "east");
        sites.until("west has settled", () -> "east".equals(sites.west.status().settledActiveSite));
        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/shop-e1-final-2");
    }

    /** The other site took the lease in the moment in which the pod was seen. */
    @Test
    void doesNotStandForDataThatWasWrittenAfterIt() {
        offer();
        sites.east.down = true;
        sites.west.restores = true;
        sites.untilActive(sites.west);
        sites.east.down = false;
        sites.east.startPod();
        sites.east.gate.endStragglers(TwoSites.NS);

        sites.untilPassive(sites.east);

        assertThat(sites.east.pointNames()).contains("shop-e1-divergent");
    }

    private void cut() {
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until(
                "east has cut the final point",
                () -> sites.east.points().stream().anyMatch(point -> point.isSealed()));
    }

    private void offer() {
        sites.west.restores = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east offers", () -> sites.east.lease().state() == Lease.State.Offered);
    }

    private void assertThatEastServesAgain() {
        sites.until(
                "the run of east fails",
                () -> sites.east.status().run.state == State.Failed
                        || sites.west.lease().epoch() > 1);
        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(1L, "east");
        sites.untilActive(sites.east);
        assertThat(sites.east.lease().state()).isEqualTo(Lease.State.Held);
        assertThat(sites.east.status().run.message).contains("after the final point was cut");
        sites.until("the run of west fails", () -> sites.west.status().run.state == State.Failed);
        assertThat(sites.west.gated()).isTrue();
    }
}
