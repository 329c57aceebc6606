package io.breakwater.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.config.BreakwaterConfig.Role;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiTimeoutTest {
    @Test
    void onlyTheOperatorWaitsForSlowAnswers() {
        assertThat(timeout(Role.operator)).isEqualTo(60_000);
        assertThat(timeout(Role.guard)).as("leases are renewed meanwhile").isEqualTo(10_000);
        assertThat(timeout(Role.gateway)).isEqualTo(10_000);
    }

    private static int timeout(Role role) {
        Config client =
                new ConfigBuilder(Config.empty()).withRequestTimeout(10_000).build();
        new ApiTimeout(TestConfig.of(Map.of("breakwater.role", role.name()))).customize(client);
        return client.getRequestTimeout();
    }
}
