package io.breakwater.location;

import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;

/** Locations for tests of other packages. */
public final class TestLocations {
    private TestLocations() {}

    public static LocationResolver of(KubernetesClient client, BreakwaterConfig config) {
        return new LocationResolver(client, config);
    }
}
