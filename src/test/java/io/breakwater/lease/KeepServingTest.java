package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.store.TestStores;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A keeper whose plan keeps serving, in virtual time. */
class KeepServingTest {
    private static final LeaseTiming TIMING = LeaseTiming.of(Duration.ofSeconds(30));
    private static final LeaseTerms SERVING = new LeaseTerms(TIMING, OnLoss.KeepServing);
    private static final LeaseTerms GATING = LeaseTerms.gating(TIMING);

    @TempDir
    Path directory;

    private FaultyStore objects;
    private LeaseStore store;

    @BeforeEach
    void leaseOfEast() {
        objects = new FaultyStore(TestStores.filesystem(directory));
        store = new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
        store.write(Lease.first("east", TIMING.duration()), Optional.empty());
    }

    private VirtualKeeper started(LeaseTerms terms, boolean servesOn) {
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, terms, servesOn, new LastRenewal(Duration.ZERO, TIMING.duration()));
        virtual.act();
        virtual.act();
        return virtual;
    }

    @Test
    void runsOnWithoutTheStoreAndReportsTheRisk() {
        VirtualKeeper virtual = started(SERVING, false);
        objects.away = true;

        virtual.pass(Duration.ofMinutes(5));

        assertThat(virtual.graces).isEmpty();
        assertThat(virtual.keeper.mayRun()).isTrue();
        assertThat(virtual.keeper.isAtRisk()).isTrue();
        assertThat(virtual.risks).isNotEmpty();

        objects.away = false;
        virtual.pass(Duration.ofSeconds(10));
        assertThat(virtual.keeper.isAtRisk()).isFalse();
    }

    @Test
    void gatesAtOnceWhenTheOtherSiteTookTheLease() {
        VirtualKeeper virtual = started(SERVING, false);
        objects.away = true;
        virtual.pass(Duration.ofMinutes(5));
        objects.away = false;
        LeaseVersion seen = store.read().orElseThrow();
        PointRef point = new PointRef("east/shop/p", "d", Instant.EPOCH);
        store.write(seen.lease().acquired("west", Fence.Attested, TIMING.duration(), point), Optional.of(seen));

        virtual.pass(Duration.ofSeconds(10));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
        assertThat(virtual.keeper.mayRun()).isFalse();
    }

    @Test
    void gatesWhenNoRenewalHasSaidKeepServing() {
        VirtualKeeper virtual = started(GATING, false);
        objects.away = true;
        virtual.keeper.change(SERVING);

        virtual.pass(TIMING.notice().plusSeconds(1));

        assertThat(virtual.gated())
                .as("the lease says Gate, so the other site may take it")
                .isTrue();
    }

    @Test
    void runsOnAfterARestartWhenTheApplicationHasServedWithoutABreak() {
        objects.away = true;
        VirtualKeeper virtual = restarted();
        assertThat(virtual.keeper.mayRun()).as("before the proof").isFalse();
        virtual.served = true;

        virtual.pass(Duration.ofMinutes(2));

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.mayRun()).isTrue();
        assertThat(virtual.risks).isNotEmpty();
        assertThat(virtual.asked).as("questions, which end with the proof").isLessThan(5);
    }

    @Test
    void gatesHalfAMinuteAfterARestartWithoutAProof() {
        objects.away = true;
        LeaseTerms minute = new LeaseTerms(LeaseTiming.of(Duration.ofMinutes(1)), OnLoss.KeepServing);
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, minute, true, new LastRenewal(Duration.ZERO, Duration.ofMinutes(1)));

        virtual.pass(RenewalWatch.PROOF.minusSeconds(1));
        assertThat(virtual.gated()).isFalse();
        virtual.pass(Duration.ofSeconds(2));

        assertThat(virtual.gated()).isTrue();
        assertThat(virtual.keeper.mayRun()).isFalse();
    }

    @Test
    void gatesHalfAMinuteAfterARestartHoweverLongTheLeaseIs() {
        objects.away = true;
        LeaseTerms hour = new LeaseTerms(LeaseTiming.of(Duration.ofHours(1)), OnLoss.KeepServing);
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, hour, true, new LastRenewal(Duration.ZERO, Duration.ofHours(1)));

        virtual.pass(RenewalWatch.PROOF.plusSeconds(1));

        assertThat(virtual.gated())
                .as("a user can attest that the site is off before the lease is old")
                .isTrue();
    }

    @Test
    void runsOnAfterARestartWithAStoreThatAnswersReadsAlone() {
        objects.away = true;
        VirtualKeeper virtual = restarted();
        virtual.keeper.readAsHeld(virtual.nanos());

        virtual.pass(Duration.ofMinutes(2));

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.isAtRisk()).isTrue();
    }

    @Test
    void gatesAfterALongSuspensionUnlessTheLeaseIsRenewed() {
        VirtualKeeper virtual = started(SERVING, false);
        objects.away = true;
        virtual.served = true;
        virtual.suspend(TIMING.notice().plusSeconds(1));

        virtual.pass(RenewalWatch.PROOF.plusSeconds(1));

        assertThat(virtual.gated())
                .as("the containers were suspended too, and a user may have attested that the site is off")
                .isTrue();
    }

    @Test
    void runsOnAfterAShortSuspension() {
        VirtualKeeper virtual = started(SERVING, false);
        objects.away = true;
        virtual.suspend(TIMING.notice().minusSeconds(1));

        virtual.pass(Duration.ofMinutes(2));

        assertThat(virtual.gated()).isFalse();
    }

    @Test
    void leavesTheNoticeForAnEditToGateWhileTheLeaseIsNotRenewed() {
        VirtualKeeper virtual = started(SERVING, false);
        objects.away = true;
        virtual.pass(Duration.ofMinutes(5));

        virtual.keeper.change(GATING);
        virtual.pass(TIMING.notice().minusSeconds(1));
        assertThat(virtual.gated()).as("before the notice").isFalse();
        virtual.pass(Duration.ofSeconds(2));

        assertThat(virtual.gated()).isTrue();
    }

    @Test
    void leavesTheTermsThatAnotherProcessWrote() {
        VirtualKeeper old = started(SERVING, false);
        VirtualKeeper next = started(GATING, false);
        assertThat(statedTerms()).isEqualTo(OnLoss.Gate);

        old.keeper.renewLast();

        assertThat(statedTerms())
                .as("the guard that ends does not know of the edit to Gate")
                .isEqualTo(OnLoss.Gate);
        assertThat(next.gated()).isFalse();
    }

    @Test
    void writesItsOwnTermsAgainAfterTwoEditsWithoutAnAnswer() {
        VirtualKeeper virtual = started(SERVING, false);
        virtual.keeper.change(GATING);
        virtual.keeper.renewLast();
        assertThat(statedTerms()).isEqualTo(OnLoss.Gate);
        virtual.keeper.change(SERVING);

        virtual.pass(Duration.ofSeconds(1));

        assertThat(statedTerms()).isEqualTo(OnLoss.KeepServing);
    }

    @Test
    void comparesDurationsByTheWholeSecondsOfTheLease() {
        LeaseTerms fraction = new LeaseTerms(LeaseTiming.of(Duration.ofMillis(30_500)), OnLoss.KeepServing);
        VirtualKeeper virtual = started(fraction, false);
        int writes = objects.writes;

        virtual.keeper.change(new LeaseTerms(LeaseTiming.of(Duration.ofMillis(30_500)), OnLoss.KeepServing));
        virtual.act();

        assertThat(objects.writes).isEqualTo(writes);
        assertThat(virtual.keeper.servesOn()).isTrue();
    }

    private OnLoss statedTerms() {
        return store.read().orElseThrow().lease().onLoss();
    }

    /** A process that has started now, in the middle of the lease. */
    private VirtualKeeper restarted() {
        return started(SERVING, true);
    }

    @Test
    void gatesAfterAChangeToGateWhoseRenewalHasNoAnswer() {
        VirtualKeeper virtual = started(SERVING, false);
        virtual.keeper.change(GATING);
        objects.away = true;

        virtual.pass(TIMING.notice().plusSeconds(1));

        assertThat(virtual.gated()).isTrue();
    }

    @Test
    void writesTheLatestTermsInAnAttemptThatStartedBeforeThem() {
        VirtualKeeper virtual = started(GATING, false);
        int before = objects.writes;
        objects.touched = () -> {
            objects.touched = () -> objects.away = objects.writes == before + 2;
            virtual.keeper.change(SERVING);
            virtual.keeper.renewLast();
        };

        virtual.pass(TIMING.renewEvery().plusSeconds(1));
        objects.touched = () -> {};
        objects.away = false;

        assertThat(objects.writes)
                .as("writes: of the later attempt, then of the earlier one")
                .isEqualTo(before + 2);
        assertThat(store.read().orElseThrow().lease().onLoss())
                .as("the last write, by which the other site decides")
                .isEqualTo(OnLoss.KeepServing);
    }

    @Test
    void renewsWithAnotherDurationWithoutARestart() {
        VirtualKeeper virtual = started(GATING, false);

        virtual.keeper.change(LeaseTerms.gating(LeaseTiming.of(Duration.ofMinutes(2))));
        virtual.pass(Duration.ofSeconds(1));

        assertThat(store.read().orElseThrow().lease().duration()).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void gatesByTheOldDurationUntilTheLongerOneIsWritten() {
        VirtualKeeper virtual = started(GATING, false);
        objects.away = true;
        virtual.keeper.change(LeaseTerms.gating(LeaseTiming.of(Duration.ofMinutes(2))));

        virtual.pass(TIMING.notice().plusSeconds(1));

        assertThat(virtual.gated()).isTrue();
    }
}
