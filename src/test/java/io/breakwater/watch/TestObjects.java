package io.breakwater.watch;

import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.KubernetesClient;

/** Caches for tests. */
public final class TestObjects {
    private TestObjects() {}

    /** A cache without informers: each question is a request. */
    public static ObjectCache of(KubernetesClient client) {
        return new ObjectCache(client, new SharedInformers(client), new StatusWriter(client));
    }
}
