package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.store.TestStores;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A keeper with a lease of four seconds. It must gate two seconds after the last renewal. */
@Tag("slow")
class LeaseKeeperTest {
    private static final LeaseTiming TIMING = new LeaseTiming(
            Duration.ofSeconds(4),
            Duration.ofMillis(400),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofMillis(500));
    private static final Duration SLACK = Duration.ofMillis(1500);

    @TempDir
    Path directory;

    private FaultyStore objects;
    private LeaseStore store;
    private final RecordingGuard guard = new RecordingGuard();
    private LeaseKeeper keeper;

    private static final class RecordingGuard implements LeaseKeeper.Guard {
        final AtomicInteger failures = new AtomicInteger();
        volatile long gatedAt;
        volatile Duration grace;
        volatile String lost;

        @Override
        public void gate(Duration within) {
            if (failures.getAndDecrement() > 0) {
                throw new IllegalStateException("the API server is away");
            }
            grace = within;
            gatedAt = System.nanoTime();
        }

        @Override
        public void renewed() {}

        @Override
        public void atRisk(String cause) {}

        @Override
        public boolean hasServed() {
            return false;
        }

        @Override
        public void lost(String cause) {
            lost = cause;
        }
    }

    @BeforeEach
    void leaseOfEast() {
        objects = new FaultyStore(TestStores.filesystem(directory));
        store = new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
        store.write(Lease.first("east", TIMING.duration()), Optional.empty());
    }

    @AfterEach
    void stop() {
        keeper.stop();
        objects.away = true;
        objects.hangs.countDown();
    }

    private void start(long epoch, Duration age) {
        keeper = new LeaseKeeper(
                new LeaseKeeper.Holding("shop/shop", "east", epoch, LeaseTerms.gating(TIMING)),
                () -> store,
                false,
                new LastRenewal(age, TIMING.duration()),
                guard,
                new LeaseKeeper.Clocks(Clock.systemUTC(), System::nanoTime),
                LeaseKeeper.platformThreads("call"));
        keeper.start();
    }

    private void started() {
        start(1, Duration.ZERO);
        await().until(keeper::mayRun);
    }

    @Test
    void podsMayNotRunBeforeTheFirstRenewal() {
        objects.hangs = new CountDownLatch(1);

        start(1, Duration.ZERO);

        assertThat(keeper.mayRun()).isFalse();
    }

    @Test
    void renewsTheLeaseRepeatedly() {
        started();
        Instant first = store.read().orElseThrow().modified();

        await().atMost(Duration.ofSeconds(3))
                .until(() -> store.read().orElseThrow().modified().isAfter(first.plusMillis(700)));
        assertThat(keeper.mayRun()).isTrue();
    }

    @Test
    void gatesInTimeWhenTheStoreHangs() {
        started();
        objects.hangs = new CountDownLatch(1);
        long cut = System.nanoTime();

        await().atMost(TIMING.notice().plus(SLACK)).until(() -> guard.gatedAt != 0);

        assertThat(Duration.ofNanos(guard.gatedAt - cut))
                .isLessThanOrEqualTo(TIMING.notice().plus(SLACK));
        assertThat(keeper.mayRun()).isFalse();
        assertThat(guard.grace).isEqualTo(TIMING.grace());
    }

    @Test
    void gatesDuringAStoreOutageAndAllowsPodsAfterwards() {
        started();
        objects.away = true;
        await().atMost(TIMING.notice().plus(SLACK)).until(() -> guard.gatedAt != 0);

        objects.away = false;

        await().atMost(Duration.ofSeconds(2)).until(keeper::mayRun);
    }

    @Test
    void toleratesAShortStoreOutage() throws InterruptedException {
        started();
        objects.away = true;
        Thread.sleep(900);
        objects.away = false;

        Thread.sleep(1500);

        assertThat(guard.gatedAt).as("time at which the namespace was gated").isZero();
        assertThat(keeper.mayRun()).isTrue();
    }

    @Test
    void retriesGatingUntilTheApiServerAcceptsIt() {
        started();
        guard.failures.set(2);
        objects.away = true;

        await().atMost(Duration.ofSeconds(6)).until(() -> guard.gatedAt != 0);
    }

    @Test
    void measuresRenewalAgeFromItsStart() {
        objects.slowMillis = 300;

        start(1, TIMING.notice());
        await().until(keeper::mayRun);

        assertThat(keeper.age())
                .as("age after a read and a write of 300 ms each")
                .isGreaterThan(Duration.ofMillis(550));
    }

    @Test
    void gatesWithoutWritingWhenTheOtherSiteHoldsTheLease() {
        LeaseVersion seen = store.read().orElseThrow();
        PointRef point = new PointRef("east/shop/p", "d", Instant.EPOCH);
        store.write(seen.lease().acquired("west", Fence.Expired, TIMING.duration(), point), Optional.of(seen));
        int before = objects.writes;

        start(1, Duration.ZERO);

        await().atMost(SLACK).until(() -> guard.gatedAt != 0);
        await().until(() -> guard.lost != null);
        assertThat(guard.lost).contains("west").contains("epoch 2");
        assertThat(objects.writes).as("writes to the store").isEqualTo(before);
    }

    @Test
    void gatesWhenTheLeaseIsInALaterEpoch() {
        LeaseVersion seen = store.read().orElseThrow();
        PointRef point = new PointRef("east/shop/p", "d", Instant.EPOCH);
        Lease west = seen.lease().acquired("west", Fence.Expired, TIMING.duration(), point);
        store.write(west.acquired("east", Fence.Expired, TIMING.duration(), point), Optional.of(seen));

        start(1, Duration.ZERO);

        await().atMost(SLACK).until(() -> guard.gatedAt != 0);
        assertThat(keeper.mayRun()).isFalse();
    }

    @Test
    void gatesWithinTheMarginAfterAnOldRenewal() {
        objects.hangs = new CountDownLatch(1);
        long startedAt = System.nanoTime();

        start(1, TIMING.notice().minus(TIMING.margin()));

        await().atMost(Duration.ofSeconds(2)).until(() -> guard.gatedAt != 0);
        assertThat(Duration.ofNanos(guard.gatedAt - startedAt))
                .isLessThan(TIMING.margin().plus(SLACK));
    }
}
