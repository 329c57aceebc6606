package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestSite;
import io.breakwater.store.TestStores;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A keeper with a lease of 30 seconds, in virtual time: notice after 15 s, in a new process after 27 s. */
class LeaseKeeperVirtualTest {
    private static final LeaseTiming TIMING = LeaseTiming.of(Duration.ofSeconds(30));

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

    private VirtualKeeper started(Duration age) {
        VirtualKeeper virtual = new VirtualKeeper(() -> store, TIMING, age);
        virtual.act();
        virtual.act();
        return virtual;
    }

    @Test
    void renewsEveryQuarterOfTheLease() {
        VirtualKeeper virtual = started(Duration.ZERO);

        virtual.pass(Duration.ofMinutes(1));

        assertThat(virtual.renewals).hasSizeBetween(8, 9);
        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    /** A rebuilt site signs with a new key, which this site has not accepted. */
    @Test
    void continuesAfterARequestThatAnUnknownKeySigned() {
        TestSite west = new TestSite("west", "w1");
        store = view(new TestSite("east", "e1"), Map.of("west", west.publicKey()));
        VirtualKeeper virtual = started(Duration.ZERO);
        virtual.pass(Duration.ofSeconds(10));
        LeaseStore rebuilt = view(new TestSite("west", "w2"), Map.of());
        for (int i = 0; i < 5; i++) {
            LeaseVersion seen = rebuilt.read().orElseThrow();
            rebuilt.write(
                    seen.lease().requested(new Lease.Request("west", "run"), seen.renewedAt()), Optional.of(seen));
            virtual.pass(Duration.ofSeconds(12));
        }

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.mayRun()).isTrue();
        Lease lease = rebuilt.read().orElseThrow().lease();
        assertThat(lease.request()).isNull();
        assertThat(lease.outcome().id()).isEqualTo("run");
        assertThat(store.memory().takeRestored().orElseThrow()).contains("not the one of site west");
    }

    @Test
    void gatesAfterAnotherHolderThatAnUnknownKeySigned() {
        TestSite west = new TestSite("west", "w1");
        store = view(new TestSite("east", "e1"), Map.of("west", west.publicKey()));
        VirtualKeeper virtual = started(Duration.ZERO);
        LeaseStore rebuilt = view(new TestSite("west", "w2"), Map.of());
        LeaseVersion seen = rebuilt.read().orElseThrow();
        rebuilt.write(seen.lease().acquired("west", Fence.Expired, TIMING.duration(), null), Optional.of(seen));

        virtual.pass(Duration.ofSeconds(40));

        assertThat(virtual.gated()).isTrue();
        assertThat(rebuilt.read().orElseThrow().lease().holder()).isEqualTo("west");
    }

    private LeaseStore view(TestSite site, Map<String, String> pins) {
        LeaseStore view = new LeaseStore(
                site.view(objects, pins), new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
        if (pins.containsKey("west")) {
            objects.delete("breakwater/plans/shop/shop/lease.json");
            view.write(Lease.first("east", TIMING.duration()), Optional.empty());
        }
        return view;
    }

    @Test
    void opensTheStoreAgainForEachAttempt() {
        LeaseStore[] current = {
            new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE))
        };
        VirtualKeeper virtual = new VirtualKeeper(() -> current[0], TIMING, Duration.ZERO);
        virtual.pass(Duration.ofSeconds(1));
        assertThat(virtual.keeper.mayRun()).isTrue();

        objects.away = true; // the credentials of this store were revoked
        current[0] = new LeaseStore(
                TestStores.filesystem(directory),
                new DirectCalls(),
                "shop",
                "shop",
                new LeaseMemory(LeaseCounter.NONE));
        virtual.pass(Duration.ofMinutes(1));

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    @Test
    void gatesInTimeWhenTheStoreCannotBeOpened() {
        VirtualKeeper virtual = new VirtualKeeper(
                () -> {
                    throw BreakwaterException.permanent(Reason.LocationNotFound, "the location was deleted");
                },
                TIMING,
                Duration.ofSeconds(5));

        virtual.pass(Duration.ofMillis(21_800));
        assertThat(virtual.gated()).isFalse();
        virtual.pass(Duration.ofMillis(300));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
        assertThat(virtual.keeper.mayRun()).isFalse();
    }

    @Test
    void doesNotGateBeforeTheNoticeWhenTheLeaseIsAbsent() {
        VirtualKeeper virtual = started(Duration.ZERO);

        objects.delete("breakwater/plans/shop/shop/lease.json");
        virtual.pass(Duration.ofMillis(14_800));
        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.isStopped()).isFalse();
        virtual.pass(Duration.ofMillis(300));

        assertThat(virtual.graces).containsExactly(TIMING.grace());
    }

    /** A lease without a signature names whatever its writer likes, so it proves nothing. */
    @Test
    void doesNotGateBeforeTheNoticeWhenTheLeaseIsForged() {
        VirtualKeeper virtual = started(Duration.ZERO);
        byte[] payload = objects.readSigned("breakwater/plans/shop/shop/lease.json", 4096)
                .orElseThrow()
                .payload();

        String forged = new String(payload, StandardCharsets.UTF_8).replace("east", "west");
        objects.write(
                "breakwater/plans/shop/shop/lease.json", forged.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
        virtual.pass(Duration.ofMillis(14_800));
        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.isStopped()).isFalse();
        virtual.pass(Duration.ofMillis(300));

        assertThat(virtual.graces).containsExactly(TIMING.grace());
    }

    /** Every earlier lease has valid signatures, so only its counter shows that it is not the newest one. */
    @Test
    void doesNotGateBeforeTheNoticeWhenAnEarlierLeaseReplacesTheNewestOne() {
        byte[] earlier = objects.read("breakwater/plans/shop/shop/lease.json", 4096)
                .orElseThrow()
                .content();
        VirtualKeeper virtual = started(Duration.ZERO);

        objects.write("breakwater/plans/shop/shop/lease.json", earlier, Precondition.NONE);
        virtual.pass(Duration.ofMillis(14_800));
        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.isStopped()).isFalse();
        assertThat(virtual.keeper.failure())
                .hasValueSatisfying(cause -> assertThat(cause).contains("went back"));
        virtual.pass(Duration.ofMillis(300));

        assertThat(virtual.graces).containsExactly(TIMING.grace());
    }

    @Test
    void renewsALeaseThatIsFoundAgain() {
        VirtualKeeper virtual = started(Duration.ZERO);
        LeaseVersion before = store.read().orElseThrow();
        objects.delete("breakwater/plans/shop/shop/lease.json");
        virtual.pass(Duration.ofSeconds(20));
        assertThat(virtual.gated()).isTrue();

        store.write(before.lease(), Optional.empty());
        virtual.pass(Duration.ofSeconds(5));

        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    @Test
    void doesNotGateBeforeTheNoticeWhenTheLeaseWentBack() {
        VirtualKeeper virtual = new VirtualKeeper(() -> store, TIMING, Duration.ZERO);
        LeaseKeeper later = new LeaseKeeper(
                new LeaseKeeper.Holding("shop/shop", "east", 3, LeaseTerms.gating(TIMING)),
                () -> store,
                false,
                new LastRenewal(Duration.ZERO, TIMING.duration()),
                virtual,
                new LeaseKeeper.Clocks(java.time.Clock.systemUTC(), () -> 0),
                Runnable::run);

        later.tick();
        later.tick();

        assertThat(later.isStopped()).isFalse();
        assertThat(later.failure())
                .hasValueSatisfying(cause -> assertThat(cause).contains("went back to epoch 1"));
        assertThat(virtual.gated()).isFalse();
    }

    @Test
    void gatesWithAGraceOfOneSecondWhenTheOtherSiteHoldsTheLease() {
        VirtualKeeper virtual = started(Duration.ZERO);
        takeByWest();

        virtual.pass(Duration.ofSeconds(8));

        assertThat(virtual.graces).containsExactly(Duration.ofSeconds(1));
        assertThat(virtual.keeper.isStopped()).isTrue();
    }

    @Test
    void gatesAtOnceWithoutWritingWhenAnotherClusterHasTheNameOfTheSite() {
        store = view(new TestSite("east", "e1"), Map.of("west", "unused"));
        VirtualKeeper first = started(Duration.ZERO);
        store = view(new TestSite("east", "e2"), Map.of());
        VirtualKeeper second = started(Duration.ZERO);
        int writes = objects.writes;

        second.pass(Duration.ofSeconds(1));

        assertThat(second.graces).containsExactly(LeaseTiming.LOST_GRACE);
        assertThat(second.keeper.isStopped()).isTrue();
        assertThat(objects.writes).isEqualTo(writes);
        assertThat(first.keeper.mayRun()).isTrue();
    }

    @Test
    void renewsAtOnceAfterASuspensionAndKeepsPodsThatMayRun() {
        VirtualKeeper virtual = started(Duration.ZERO);
        int renewals = virtual.renewals.size();

        virtual.suspend(Duration.ofSeconds(300));
        assertThat(virtual.keeper.mayRun()).as("before any answer").isFalse();
        virtual.act();
        virtual.act();

        assertThat(virtual.renewals).hasSize(renewals + 1);
        assertThat(virtual.keeper.mayRun()).isTrue();
        assertThat(virtual.gated()).isFalse();
    }

    @Test
    void endsPodsWithinSecondsAfterASuspensionWithoutAnAnswer() {
        VirtualKeeper virtual = started(Duration.ZERO);
        virtual.hangs = true;

        virtual.suspend(Duration.ofSeconds(300));
        virtual.pass(Duration.ofMillis(2100));
        virtual.hangs = false;
        objects.away = true;
        virtual.act();

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
    }

    @Test
    void endsPodsAfterASuspensionInWhichTheOtherSiteTookTheLease() {
        VirtualKeeper virtual = started(Duration.ZERO);
        takeByWest();

        virtual.suspend(Duration.ofSeconds(300));
        virtual.pass(Duration.ofMillis(200));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
    }

    @Test
    void toleratesSmallCorrectionsOfTheWallClock() {
        VirtualKeeper virtual = started(Duration.ZERO);

        virtual.suspend(Duration.ofMillis(1500));

        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 14, 17, 25, 40, 4000})
    void leavesANewProcessTimeForItsFirstRenewal(int ageSeconds) {
        VirtualKeeper virtual = new VirtualKeeper(() -> store, TIMING, Duration.ofSeconds(ageSeconds));
        virtual.callsTake = Duration.ofMillis(3500);

        virtual.act();
        virtual.callsTake = Duration.ZERO;
        virtual.pass(Duration.ofSeconds(5));

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    /** After a reboot of the node, the API server answers late, and the last renewal is old. */
    @Test
    void triesAgainSoonWhenTheFirstAttemptOfANewProcessFails() {
        AtomicBoolean slow = new AtomicBoolean(true);
        VirtualKeeper virtual = new VirtualKeeper(
                () -> {
                    if (slow.getAndSet(false)) {
                        throw BreakwaterException.retryable(Reason.StoreUnavailable, "the API server did not answer");
                    }
                    return store;
                },
                TIMING,
                Duration.ofSeconds(4000));
        virtual.callsTake = Duration.ofSeconds(1);

        virtual.act();
        virtual.pass(Duration.ofSeconds(5));

        assertThat(virtual.gated()).isFalse();
        assertThat(virtual.keeper.mayRun()).isTrue();
    }

    @Test
    void gatesWithinTheSettlingTimeWhenANewProcessCannotRenewAnOldLease() {
        objects.away = true;
        VirtualKeeper virtual = started(Duration.ofSeconds(4000));

        virtual.pass(TIMING.settling().plusMillis(200));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
    }

    /** The other site takes the lease by the duration in the document, whatever the plan says here. */
    @Test
    void gatesByTheDocumentUntilItHasARaisedDuration() {
        objects.away = true;
        LeaseTiming raised = LeaseTiming.of(Duration.ofMinutes(10));
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, raised, new LastRenewal(Duration.ZERO, TIMING.duration()));

        virtual.pass(TIMING.latestNotice().plusMillis(200));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
    }

    @Test
    void usesARaisedDurationOnceTheDocumentHasIt() {
        LeaseTiming raised = LeaseTiming.of(Duration.ofMinutes(10));
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, raised, new LastRenewal(Duration.ZERO, TIMING.duration()));
        virtual.pass(Duration.ofSeconds(1));
        objects.away = true;

        virtual.pass(Duration.ofMinutes(4));
        assertThat(virtual.gated()).isFalse();
        virtual.pass(Duration.ofMinutes(1));

        assertThat(virtual.graces).containsExactly(raised.grace());
        objects.away = false;
        assertThat(store.read().orElseThrow().lease().duration()).isEqualTo(raised.duration());
    }

    @Test
    void gatesByAShortenedDurationAtOnce() {
        objects.away = true;
        VirtualKeeper virtual =
                new VirtualKeeper(() -> store, TIMING, new LastRenewal(Duration.ZERO, Duration.ofMinutes(10)));

        virtual.pass(TIMING.latestNotice().plusMillis(200));

        assertThat(virtual.graces).containsExactly(LeaseTiming.LOST_GRACE);
    }

    @Test
    void retiresTheLeaseItselfAndGuardsItUntilThen() {
        VirtualKeeper virtual = started(Duration.ZERO);
        objects.away = true;

        virtual.keeper.retire();
        virtual.pass(Duration.ofSeconds(10));
        assertThat(virtual.keeper.isRetired()).isFalse();
        assertThat(virtual.keeper.failure()).isPresent();
        virtual.pass(Duration.ofSeconds(6));
        assertThat(virtual.graces).containsExactly(TIMING.grace());
        objects.away = false;
        virtual.pass(Duration.ofSeconds(5));

        assertThat(virtual.keeper.isRetired()).isTrue();
        assertThat(store.read().orElseThrow().lease().state()).isEqualTo(Lease.State.Retired);
    }

    @Test
    void countsARetirementWhoseAnswerWasLost() {
        VirtualKeeper virtual = started(Duration.ZERO);
        objects.losesAnswers = true;

        virtual.keeper.retire();
        virtual.pass(Duration.ofSeconds(8));

        assertThat(virtual.keeper.isRetired()).isTrue();
        assertThat(virtual.gated()).isFalse();
    }

    @Test
    void runsOnWhenARenewalReadsTheLeaseThatAnotherAttemptHasJustRetired() {
        AtomicReference<Runnable> beforeTheNextCall = new AtomicReference<>(() -> {});
        StoreBulkhead calls = new StoreBulkhead("test") {
            @Override
            public <T> T call(Supplier<T> call) {
                beforeTheNextCall.getAndSet(() -> {}).run();
                return call.get();
            }
        };
        LeaseStore observed = new LeaseStore(objects, calls, "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
        VirtualKeeper virtual = new VirtualKeeper(() -> observed, TIMING, Duration.ZERO);
        virtual.pass(Duration.ofSeconds(1));
        beforeTheNextCall.set(() -> {
            virtual.keeper.retire();
            LeaseVersion seen = store.read().orElseThrow();
            store.write(seen.lease().retired(), Optional.of(seen));
        });

        virtual.pass(Duration.ofSeconds(8));

        assertThat(virtual.keeper.isRetired()).isTrue();
        assertThat(virtual.gated()).isFalse();
    }

    @Test
    void retriesAGateThatFailsUntilItSucceeds() {
        VirtualKeeper virtual = started(Duration.ZERO);
        objects.away = true;
        virtual.gateFails = true;
        virtual.pass(Duration.ofSeconds(20));
        assertThat(virtual.gated()).isFalse();

        virtual.gateFails = false;
        virtual.pass(Duration.ofMillis(1100));

        assertThat(virtual.gated()).isTrue();
        assertThat(virtual.lost).contains("not renewed");
    }

    @Test
    void renewsOnceMoreBeforeTheProcessEnds() {
        VirtualKeeper virtual = started(Duration.ZERO);
        int writes = objects.writes;

        virtual.keeper.renewLast();

        assertThat(objects.writes).isEqualTo(writes + 1);
    }

    @Test
    void leavesOtherKeepersOnTimeWhenAStoreHangs() {
        VirtualKeeper hanging = started(Duration.ZERO);
        hanging.hangs = true;
        VirtualKeeper other = started(Duration.ZERO);

        for (int second = 0; second < 60; second++) {
            hanging.pass(Duration.ofSeconds(1));
            other.pass(Duration.ofSeconds(1));
        }

        assertThat(other.renewals).hasSizeBetween(8, 9);
        assertThat(hanging.keeper.mayRun()).isFalse();
    }

    private void takeByWest() {
        LeaseVersion seen = store.read().orElseThrow();
        PointRef point = new PointRef("east/shop/p", "d", Instant.EPOCH);
        store.write(seen.lease().acquired("west", Fence.Expired, TIMING.duration(), point), Optional.of(seen));
    }
}
