package io.breakwater.catalog;

import io.breakwater.config.BreakwaterConfig;
import java.lang.reflect.Proxy;
import java.util.Map;

/** A configuration of which only the names matter. */
final class FakeConfig {
    private FakeConfig() {}

    static BreakwaterConfig of(String site, String namespace) {
        Map<String, String> values = Map.of("site", site, "namespace", namespace);
        return (BreakwaterConfig) Proxy.newProxyInstance(
                BreakwaterConfig.class.getClassLoader(), new Class<?>[] {BreakwaterConfig.class}, (p, m, a) -> {
                    if (!values.containsKey(m.getName())) {
                        throw new UnsupportedOperationException(m.getName());
                    }
                    return values.get(m.getName());
                });
    }
}
