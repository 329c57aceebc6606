package io.breakwater.admission;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** An API server in memory: stores, lists, patches and deletes; no schema, no admission. */
public final class InMemoryApiServer implements AutoCloseable {
    private final List<String> reads = new CopyOnWriteArrayList<>();
    private final AllEvents dispatcher = new AllEvents();
    private final KubernetesMockServer server =
            new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), dispatcher, false);
    private final KubernetesClient client;

    public InMemoryApiServer() {
        server.init();
        client = server.createClient();
    }

    /** Lists all events of a namespace: the dispatcher knows no field of an event, and would list none. */
    private final class AllEvents extends KubernetesCrudDispatcher {
        private final List<Refusal> refusals = new CopyOnWriteArrayList<>();

        @Override
        public MockResponse dispatch(RecordedRequest request) {
            return refusals.stream()
                    .filter(r -> r.method.equals(String.valueOf(request.method()))
                            && request.getPath().contains(r.path))
                    .findFirst()
                    .map(Refusal::response)
                    .orElseGet(() -> super.dispatch(request));
        }

        @Override
        public MockResponse handleGet(String path) {
            reads.add(path);
            return super.handleGet(path.replaceAll("(/events[?].*?)fieldSelector=involvedObject[^&]*&?", "$1"));
        }
    }

    /** @param path part of the path of the requests */
    private record Refusal(String method, String path, int code, String message) {
        MockResponse response() {
            String body = Serialization.asJson(new StatusBuilder()
                    .withStatus("Failure")
                    .withCode(code)
                    .withReason(code == 403 ? "Forbidden" : "InternalError")
                    .withMessage(message)
                    .build());
            return new MockResponse()
                    .setResponseCode(code)
                    .addHeader("Content-Type", "application/json")
                    .setBody(body);
        }
    }

    /** Answers these requests as admission or authorization does. */
    public void refuse(String method, String path, int code, String message) {
        dispatcher.refusals.add(new Refusal(method, path, code, message));
    }

    /** Answers all requests again. */
    public void admitAll() {
        dispatcher.refusals.clear();
    }

    /** Stops the events of all open watches without an end of their connections, as a lost half of a connection does. */
    public void silenceWatches() {
        try {
            Field watches = KubernetesCrudDispatcher.class.getDeclaredField("watchEventListeners");
            watches.setAccessible(true);
            ((Set<?>) watches.get(dispatcher)).clear();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    public KubernetesClient client() {
        return client;
    }

    /** Paths of all lists and reads so far. */
    public List<String> reads() {
        return reads;
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
