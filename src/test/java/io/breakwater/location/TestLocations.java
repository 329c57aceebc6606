package io.breakwater.location;

import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;

/** Locations for tests of other packages. */
public final class TestLocations {
    private TestLocations() {}

    public static Locations of(KubernetesClient client, BreakwaterConfig config) {
        return new Locations(client, config);
    }
}
