package io.breakwater.location;

import io.fabric8.kubernetes.client.KubernetesClient;

/** Keys for tests of other packages. */
public final class TestKeys {
    private TestKeys() {}

    /** Keys that derive from the Secrets in an API server. */
    public static LocationKeys of(KubernetesClient client) {
        return new LocationKeys(client);
    }
}
