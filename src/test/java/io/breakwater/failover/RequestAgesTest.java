package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverRequest;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The ages of requests, when the clocks of the API server and of this process differ. */
class RequestAgesTest {
    private static final Instant NOW = Instant.parse("2090-01-05T12:00:00Z");
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final AtomicLong nanos = new AtomicLong();
    private final RequestAges ages = new RequestAges(Clock.fixed(NOW, ZoneOffset.UTC), nanos::get);

    private static FailoverRequest request(Instant created) {
        FailoverRequest request = new FailoverRequest();
        request.setMetadata(new ObjectMetaBuilder()
                .withUid("u1")
                .withCreationTimestamp(created.toString())
                .build());
        return request;
    }

    private RequestAge afterAMinute(Instant created) {
        ages.of(request(created));
        nanos.addAndGet(MINUTE.toNanos());
        return ages.of(request(created));
    }

    @Test
    void countsWhatItWatchedIfTheApiServerIsAhead() {
        assertThat(afterAMinute(NOW.plus(HOUR))).isEqualTo(new RequestAge(MINUTE, MINUTE));
    }

    @Test
    void countsBothIfTheApiServerIsBehind() {
        assertThat(afterAMinute(NOW.minus(HOUR))).isEqualTo(new RequestAge(MINUTE, HOUR));
    }

    @Test
    void countsAgainAfterARequestWasForgotten() {
        afterAMinute(NOW);
        ages.forget(request(NOW));

        assertThat(ages.of(request(NOW))).isEqualTo(new RequestAge(Duration.ZERO, Duration.ZERO));
    }
}
