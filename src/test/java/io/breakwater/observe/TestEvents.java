package io.breakwater.observe;

import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.Map;

/** Events whose metrics no test reads. */
public final class TestEvents {
    private TestEvents() {}

    public static Events of(KubernetesClient client, Clock clock) {
        return new Events(client, clock, audit(clock));
    }

    /** An audit log of site {@code local}. */
    public static AuditLog audit(Clock clock) {
        return new AuditLog(TestConfig.of(Map.of()), new Meters(new SimpleMeterRegistry(), clock), clock);
    }
}
