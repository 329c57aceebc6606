package io.breakwater.config;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;

/** The configuration with its defaults, and with the changes of a test. */
public final class TestConfig {
    private TestConfig() {}

    /** The configuration of a container, from environment variables. An unknown one with the prefix of Breakwater is an error. */
    public static BreakwaterConfig ofEnvironment(Map<String, String> environment) {
        return new SmallRyeConfigBuilder()
                .withMapping(BreakwaterConfig.class)
                .withSources(new EnvConfigSource(environment, 300))
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .build()
                .getConfigMapping(BreakwaterConfig.class);
    }

    /** The properties have their full names, such as {@code breakwater.site}. */
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
