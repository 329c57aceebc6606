package io.breakwater.config;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;

/** The configuration with its defaults, changed where a test says so. */
public final class TestConfig {
    private TestConfig() {}

    /** Environment variables, as a container has them; one that starts with our prefix and means nothing is an error. */
    public static BreakwaterConfig ofEnvironment(Map<String, String> environment) {
        return new SmallRyeConfigBuilder()
                .withMapping(BreakwaterConfig.class)
                .withSources(new EnvConfigSource(environment, 300))
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .build()
                .getConfigMapping(BreakwaterConfig.class);
    }

    /** Properties are given in full, as {@code breakwater.site}. */
    public static BreakwaterConfig of(Map<String, String> properties) {
        return new SmallRyeConfigBuilder()
                .withMapping(BreakwaterConfig.class)
                .withSources(new PropertiesConfigSource(properties, "test", 500))
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .build()
                .getConfigMapping(BreakwaterConfig.class);
    }
}
