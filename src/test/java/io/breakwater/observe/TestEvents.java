package io.breakwater.observe;

import io.breakwater.api.Reason;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.Map;

/** Events whose metrics no test reads. */
public final class TestEvents {
    private TestEvents() {}

    public static Events of(KubernetesClient client, Clock clock) {
        return new Events(client, clock, audit(clock)) {
            @Override
            public void normal(HasMetadata about, Reason reason, String message) {
                PlainStatusWriter.requireWordsForUsers(client, String.valueOf(message));
                super.normal(about, reason, message);
            }

            @Override
            public void warning(HasMetadata about, Reason reason, String message) {
                PlainStatusWriter.requireWordsForUsers(client, String.valueOf(message));
                super.warning(about, reason, message);
            }
        };
    }

    /** An audit log of site {@code local}. */
    public static AuditLog audit(Clock clock) {
        return new AuditLog(TestConfig.of(Map.of()), new Meters(new SimpleMeterRegistry(), clock), clock);
    }
}
