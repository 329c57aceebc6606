package io.breakwater.resource;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * The kinds that an API server serves, for captures that follow each other closely. An answer is used for a few seconds: about
 * as long as the API server itself needs until it reports a new CustomResourceDefinition. This
 * includes an answer with an API that did not respond.
 */
public final class DiscoveryCache {
    /** Age after which the API server is asked again. */
    static final Duration AGE = Duration.ofSeconds(5);

    private final Clock clock;
    private Served known;
    private Instant asked;

    public DiscoveryCache(Clock clock) {
        this.clock = clock;
    }

    /**
     * What the API server serves.
     *
     * @param kinds each in the version in which its objects are stored
     * @param version gitVersion of the API server; may be empty
     */
    public record Served(Discovery kinds, String version) {}

    /** The kinds, from an answer that is not older than a few seconds. Callers at the same time share one answer. */
    public synchronized Served of(ApiServer server) {
        Instant now = clock.instant();
        if (known == null || !now.isBefore(asked.plus(AGE))) {
            Discovery kinds = Discovery.of(server).stored(server);
            known = new Served(
                    kinds, server.get("/version").body().path("gitVersion").asText(""));
            asked = now;
        }
        return known;
    }
}
