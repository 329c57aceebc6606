package io.breakwater.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.HandClock;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Captures that follow each other closely share one discovery; a new kind is found soon. */
class DiscoveryCacheTest {
    private final HandClock clock = new HandClock();
    private final DiscoveryCache cache = new DiscoveryCache(clock);
    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void asksAgainAfterAFewSeconds() {
        assertThat(has("widgets.example.com")).isFalse();
        int asked = server.requests().size();
        server.serve("example.com/v1", "Widget", "widgets", true);
        clock.pass(DiscoveryCache.AGE.minusMillis(1));
        assertThat(has("widgets.example.com")).isFalse();
        assertThat(server.requests()).hasSize(asked);

        clock.pass(Duration.ofMillis(1));
        assertThat(has("widgets.example.com")).isTrue();
    }

    /** Captures that are due at the same time must not ask one after the other while an API does not respond. */
    @Test
    void asksOnceWhileAnApiDoesNotRespond() {
        server.serve("example.com/v1", "Widget", "widgets", true);
        server.aggregate("example.com");
        assertThat(kinds().unavailable()).isNotEmpty();
        int asked = server.requests().size();
        assertThat(kinds().unavailable()).isNotEmpty();
        assertThat(server.requests()).hasSize(asked);

        server.aggregate();
        clock.pass(DiscoveryCache.AGE);
        assertThat(kinds().unavailable()).isEmpty();
    }

    private boolean has(String kind) {
        return kinds().preferred(kind).isPresent();
    }

    private Discovery kinds() {
        return cache.of(new ApiServer(server.client())).kinds();
    }
}
