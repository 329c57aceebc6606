package io.breakwater.config;

import io.breakwater.config.BreakwaterConfig.Role;
import io.fabric8.kubernetes.client.Config;
import io.quarkus.kubernetes.client.KubernetesConfigCustomizer;
import jakarta.inject.Singleton;
import java.time.Duration;

/**
 * Makes the operator wait for an answer as long as the API server works on a request. The first list of a watch that fails ends
 * the process, which then lists the same pages again. The other roles need quick answers, and list little.
 */
@Singleton
class ApiTimeout implements KubernetesConfigCustomizer {
    private static final Duration OPERATOR = Duration.ofSeconds(60);

    private final BreakwaterConfig config;

    ApiTimeout(BreakwaterConfig config) {
        this.config = config;
    }

    @Override
    public void customize(Config client) {
        if (config.role() == Role.operator) {
            client.setRequestTimeout(Math.toIntExact(OPERATOR.toMillis()));
        }
    }
}
