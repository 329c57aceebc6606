package io.breakwater.points;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.RestorePoint;
import io.breakwater.testing.LocalApiClient;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.zjsonpatch.JsonPatch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * An API server in memory for RestorePoints: lists in pages with tokens that expire, watches that end or are too old, writes.
 * It counts the requests by verb.
 */
public final class PointApiServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KIND = "/apis/breakwater.io/v1alpha1/";
    private static final String PLURAL = "restorepoints";

    private record Event(long version, String type, ObjectNode object) {}

    private final HttpServer http;
    private final KubernetesClient client;
    private final TreeMap<String, ObjectNode> objects = new TreeMap<>();
    private final List<Event> events = new ArrayList<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final List<String> limits = new CopyOnWriteArrayList<>();
    private long version = 100;
    private long compacted;
    private int watches;
    private int expiredTokens;
    private boolean hidden;
    private volatile CountDownLatch laterPages = new CountDownLatch(0);

    public PointApiServer() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", this::handle);
        http.start();
        client = LocalApiClient.of(http);
    }

    public KubernetesClient client() {
        return client;
    }

    /** Creates or replaces an object, as another client would. */
    public synchronized void put(RestorePoint point) {
        store(client.getKubernetesSerialization().convertValue(point, ObjectNode.class));
    }

    /** An object of namespace shop, with all its fields. */
    public synchronized RestorePoint whole(String name) {
        return client.getKubernetesSerialization().convertValue(objects.get("shop/" + name), RestorePoint.class);
    }

    /** Deletes an object, as another client would. */
    public synchronized void remove(String namespace, String name) {
        ObjectNode gone = objects.remove(namespace + "/" + name);
        if (gone != null) {
            emit("DELETED", gone);
        }
    }

    /** Ends all watches. While they are hidden, no event is sent. */
    public synchronized void hideEvents(boolean hide) {
        hidden = hide;
        watches++;
        notifyAll();
    }

    /** Forgets all events: a watch from an earlier version is too old, and the tokens of a list expire. */
    public synchronized void compact() {
        compacted = version;
        watches++;
        notifyAll();
    }

    /** Lets all pages of a list but the first wait until the result is counted down. */
    public CountDownLatch holdLaterPages() {
        laterPages = new CountDownLatch(1);
        return laterPages;
    }

    /** Lets the next tokens expire. */
    public synchronized void expireTokens(int number) {
        expiredTokens = number;
    }

    /** Number of requests: LIST, GET, WATCH, POST, PUT, PATCH, DELETE. */
    public synchronized int count(String verb) {
        return counts.getOrDefault(verb, 0);
    }

    public synchronized void resetCounts() {
        counts.clear();
    }

    /** Limits that the lists asked for; empty for one without. */
    public List<String> limits() {
        return limits;
    }

    private void handle(HttpExchange exchange) throws IOException {
        // Without an open body, the end of a watch closes the connection, which the client may use again in that
        // moment.
        try (exchange;
                InputStream _ = exchange.getRequestBody()) {
            String[] path = exchange.getRequestURI().getPath().replace(KIND, "").split("/");
            if (exchange.getRequestHeaders().containsKey("Upgrade")) {
                exchange.sendResponseHeaders(200, -1); // No WebSocket: the client reads the response of a GET instead.
            } else if (!exchange.getRequestURI().getPath().startsWith(KIND)) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                handle(exchange, path, query(exchange));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void handle(HttpExchange exchange, String[] path, Map<String, String> query)
            throws IOException, InterruptedException {
        String namespace = path[0].equals("namespaces") ? path[1] : "";
        String name = path.length > 3 ? path[3] : "";
        String method = exchange.getRequestMethod();
        if ("true".equals(query.get("watch"))) {
            countRequest("WATCH");
            watch(exchange, Long.parseLong(query.get("resourceVersion")));
        } else if (method.equals("GET") && name.isEmpty()) {
            countRequest("LIST");
            limits.add(query.getOrDefault("limit", ""));
            if (query.containsKey("continue")) {
                laterPages.await();
            }
            list(exchange, namespace, query);
        } else {
            countRequest(method);
            single(exchange, method, namespace, name);
        }
    }

    private synchronized void countRequest(String verb) {
        counts.merge(verb, 1, Integer::sum);
    }

    private synchronized void list(HttpExchange exchange, String namespace, Map<String, String> query)
            throws IOException {
        String after = query.getOrDefault("continue", "");
        if (!after.isEmpty() && expiredTokens > 0) {
            expiredTokens--;
            answer(exchange, 410, status(410, "Expired"));
            return;
        }
        int limit = Integer.parseInt(query.getOrDefault("limit", Integer.toString(Integer.MAX_VALUE)));
        ObjectNode list = JSON.createObjectNode()
                .put("apiVersion", "breakwater.io/v1alpha1")
                .put("kind", "RestorePointList");
        ObjectNode meta = list.putObject("metadata").put("resourceVersion", Long.toString(version));
        ArrayNode items = list.putArray("items");
        for (Map.Entry<String, ObjectNode> entry : objects.tailMap(after, false).entrySet()) {
            if (!namespace.isEmpty() && !entry.getKey().startsWith(namespace + "/")) {
                continue;
            }
            if (items.size() == limit) {
                ObjectNode last = (ObjectNode) items.get(limit - 1).path("metadata");
                meta.put(
                        "continue",
                        last.path("namespace").asText() + "/"
                                + last.path("name").asText());
                break;
            }
            items.add(entry.getValue());
        }
        answer(exchange, 200, list);
    }

    private synchronized void single(HttpExchange exchange, String method, String namespace, String name)
            throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        JsonNode sent = body.length == 0 || method.equals("DELETE") ? JSON.createObjectNode() : JSON.readTree(body);
        String key = namespace + "/"
                + (name.isEmpty() ? sent.path("metadata").path("name").asText() : name);
        ObjectNode present = objects.get(key);
        if (method.equals("POST") && present != null) {
            answer(exchange, 409, status(409, "AlreadyExists"));
            return;
        }
        if (!method.equals("POST") && present == null) {
            answer(exchange, 404, status(404, "NotFound"));
            return;
        }
        switch (method) {
            case "POST", "PUT" -> {
                ((ObjectNode) sent.path("metadata")).put("namespace", namespace);
                answer(exchange, 200, store((ObjectNode) sent));
            }
            case "PATCH" -> answer(exchange, 200, store(patched(present, sent)));
            case "DELETE" -> {
                ObjectNode gone = present.deepCopy();
                ((ObjectNode) gone.path("metadata")).put("deletionTimestamp", "2026-11-30T10:00:00Z");
                answer(exchange, 200, store(gone));
            }
            default -> answer(exchange, 200, present);
        }
    }

    /** A JSON patch, an apply of the status, or an apply of finalizers. */
    private static ObjectNode patched(ObjectNode present, JsonNode patch) {
        if (patch.isArray()) {
            return (ObjectNode) JsonPatch.apply(patch, present);
        }
        ObjectNode changed = present.deepCopy();
        if (patch.has("status")) {
            changed.set("status", patch.path("status"));
        }
        for (JsonNode finalizer : patch.path("metadata").path("finalizers")) {
            ((ObjectNode) changed.path("metadata")).withArray("finalizers").add(finalizer);
        }
        return changed;
    }

    /** Stores an object. One that is being deleted and has no finalizer any more is gone. */
    private synchronized ObjectNode store(ObjectNode object) {
        ObjectNode meta = (ObjectNode) object.path("metadata");
        String key = meta.path("namespace").asText() + "/" + meta.path("name").asText();
        if (!meta.hasNonNull("uid")) {
            meta.put("uid", new UUID(1, version).toString());
        }
        if (meta.hasNonNull("deletionTimestamp") && meta.path("finalizers").isEmpty()) {
            objects.remove(key);
            emit("DELETED", object);
            return object;
        }
        boolean added = objects.put(key, object) == null;
        emit(added ? "ADDED" : "MODIFIED", object);
        return object;
    }

    private void emit(String type, ObjectNode object) {
        version++;
        ((ObjectNode) object.path("metadata")).put("resourceVersion", Long.toString(version));
        events.add(new Event(version, type, object.deepCopy()));
        notifyAll();
    }

    private void watch(HttpExchange exchange, long from) throws IOException, InterruptedException {
        int mine;
        synchronized (this) {
            if (from < compacted) {
                answer(exchange, 410, status(410, "Expired"));
                return;
            }
            mine = watches;
        }
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        out.flush();
        int next = 0;
        while (true) {
            List<Event> due;
            synchronized (this) {
                while (mine == watches && (hidden || next == events.size())) {
                    wait();
                }
                if (mine != watches) {
                    return;
                }
                due = List.copyOf(events.subList(next, events.size()));
                next = events.size();
            }
            for (Event event : due) {
                if (event.version > from) {
                    ObjectNode line = JSON.createObjectNode().put("type", event.type);
                    line.set("object", event.object);
                    out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
            }
        }
    }

    private static ObjectNode status(int code, String reason) {
        return JSON.createObjectNode()
                .put("apiVersion", "v1")
                .put("kind", "Status")
                .put("status", "Failure")
                .put("reason", reason)
                .put("code", code);
    }

    private static void answer(HttpExchange exchange, int code, ObjectNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static Map<String, String> query(HttpExchange exchange) {
        Map<String, String> found = new HashMap<>();
        String raw = exchange.getRequestURI().getRawQuery();
        for (String part : raw == null ? new String[0] : raw.split("&")) {
            String[] pair = part.split("=", 2);
            found.put(pair[0], pair.length > 1 ? URLDecoder.decode(pair[1], StandardCharsets.UTF_8) : "");
        }
        return found;
    }

    @Override
    public void close() {
        hideEvents(true);
        client.close();
        http.stop(0);
    }
}
