package io.breakwater.admission;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.MockResponse;
import java.util.HashMap;

/** An API server in memory: stores, lists, patches and deletes; no schema, no admission. */
public final class InMemoryApiServer implements AutoCloseable {
    private final KubernetesMockServer server =
            new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), new AllEvents(), false);
    private final KubernetesClient client;

    public InMemoryApiServer() {
        server.init();
        client = server.createClient();
    }

    /** Lists all events of a namespace: the dispatcher knows no field of an event, and would list none. */
    private static final class AllEvents extends KubernetesCrudDispatcher {
        @Override
        public MockResponse handleGet(String path) {
            return super.handleGet(path.replaceAll("(/events[?].*?)fieldSelector=involvedObject[^&]*&?", "$1"));
        }
    }

    public KubernetesClient client() {
        return client;
    }

    @SafeVarargs
    public final <T extends HasMetadata> void add(T... objects) {
        for (T object : objects) {
            client.resource(object).create();
        }
    }

    @Override
    public void close() {
        client.close();
        server.destroy();
    }
}
