package io.breakwater.failover;

import io.breakwater.api.FailoverRequest;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The ages of FailoverRequests. The clock of the API server, which dates them, and the clock of this process can differ by any time.
 * So each request also has an age by the monotonic clock of this process, which counts from when it was first seen.
 */
@ApplicationScoped
class RequestAges {
    private final Clock clock;
    private final LongSupplier nanos;
    private final Map<String, Long> seen = new ConcurrentHashMap<>();

    @Inject
    RequestAges(Clock clock) {
        this(clock, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    RequestAges(Clock clock, LongSupplier nanos) {
        this.clock = clock;
        this.nanos = nanos;
    }

    /** The age of a request, by both clocks. */
    RequestAge of(FailoverRequest request) {
        long now = nanos.getAsLong();
        long first = seen.computeIfAbsent(request.getMetadata().getUid(), uid -> now);
        Duration byClock =
                Duration.between(Instant.parse(request.getMetadata().getCreationTimestamp()), clock.instant());
        Duration watched = Duration.ofNanos(now - first);
        Duration least = byClock.isNegative() || byClock.compareTo(watched) > 0 ? watched : byClock;
        Duration most = byClock.compareTo(watched) > 0 ? byClock : watched;
        return new RequestAge(least, most);
    }

    /** Ends the record of a request that is over or deleted. */
    void forget(FailoverRequest request) {
        seen.remove(request.getMetadata().getUid());
    }
}
