package io.breakwater.verify;

import io.breakwater.observe.Meters;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;

/** What the real controller exports about a Verification whose policy does not exist. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class VerifyScrapes {
    private VerifyScrapes() {}

    public static String failed() throws IOException {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        BlockedSandboxTest test = new BlockedSandboxTest();
        test.start();
        try {
            test.verifyWithoutPolicy(new Meters(registry, Clock.systemUTC()));
            return registry.scrape();
        } finally {
            test.stop();
        }
    }
}
