package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlanStatus.Fence;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How long a process has seen no renewal of a lease, by its own monotonic clock. */
class LeaseMemoryTest {
    private static final Instant NOW = Instant.parse("2026-01-01T10:00:00Z");
    private static final PointRef POINT = new PointRef("east/shop/p1", "sha256:1", NOW);
    private static final Lease LEASE = Lease.first("east", Duration.ofMinutes(1));

    private final AtomicLong nanos = new AtomicLong();
    private final LeaseMemory memory = new LeaseMemory(LeaseCounter.NONE, nanos::get);

    @Test
    void countsFromItsFirstLook() {
        nanos.set(Duration.ofDays(1).toNanos());

        assertThat(memory.stoodStill(LEASE)).isZero();
    }

    @Test
    void countsAnewFromEachRenewal() {
        memory.stoodStill(LEASE);

        assertThat(after(20, LEASE)).isEqualTo(Duration.ofSeconds(20));
        assertThat(after(5, LEASE.renewed(Duration.ofMinutes(1), null))).isZero();
        assertThat(after(7, LEASE.renewed(Duration.ofMinutes(1), null))).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void countsOnWhenTheOtherSiteWrites() {
        memory.stoodStill(LEASE);
        Lease asked = LEASE.requested(new Lease.Request("west", "r1"), NOW);

        assertThat(after(20, asked)).isEqualTo(Duration.ofSeconds(20));
        assertThat(after(20, asked.withdrawn(NOW))).isEqualTo(Duration.ofSeconds(40));

        Lease offered = asked.honoured().offered(POINT);
        after(1, offered);
        assertThat(after(9, offered.declined("no room"))).isEqualTo(Duration.ofSeconds(9));
    }

    @Test
    void countsAnewInAnotherEpoch() {
        memory.stoodStill(LEASE);

        Lease next = LEASE.acquired("west", Fence.Expired, Duration.ofMinutes(1), POINT);
        assertThat(after(20, next)).isZero();
    }

    /** The time without a renewal, so many seconds later. */
    private Duration after(int seconds, Lease seen) {
        nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
        return memory.stoodStill(seen);
    }
}
