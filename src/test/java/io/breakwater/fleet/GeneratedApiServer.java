package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An API server whose objects may be generated: discovery, lists in pages or as a stream, lists of metadata, watches with
 * bookmarks and initial events, create, update, all forms of patches, statuses, finalizers, and reviews that allow everything. It
 * counts each call by verb and kind.
 */
final class GeneratedApiServer implements AutoCloseable {
    private static final int FIRST_VERSION = 100_000;
    private static final int CHUNK = 500;

    /** The answer to a request that is no success. */
    static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int code;
        private final String reason;

        Refusal(int code, String reason, String message) {
            super(message);
            this.code = code;
            this.reason = reason;
        }
    }

    /** What a request is about. */
    record Target(ServedTable table, String namespace, String name, String subresource) {
        String key() {
            return key(name);
        }

        String key(String object) {
            return (namespace == null ? "" : namespace) + "/" + object;
        }
    }

    private final FleetClock clock;
    private final ServedWrites writes;
    private final CallServer http;
    private final CallCounts counts = new CallCounts();
    private final AtomicLong versions = new AtomicLong(FIRST_VERSION);
    private final Map<String, ServedTable> tables = new HashMap<>();

    GeneratedApiServer(FleetClock clock) {
        this.clock = clock;
        ServedKind.ALL.forEach(
                kind -> tables.put(kind.apiVersion() + "/" + kind.plural(), new ServedTable(kind, versions)));
        this.writes = new ServedWrites(clock, versions);
        this.http = new CallServer(clock, this::handle);
    }

    String url() {
        return http.url();
    }

    CallCounts counts() {
        return counts;
    }

    ServedTable table(String apiVersion, String plural) {
        return Objects.requireNonNull(tables.get(apiVersion + "/" + plural), plural);
    }

    /** Creates an object, as a user would. */
    ObjectNode create(String json) {
        ObjectNode object = ServedTable.parse(ServedTable.bytes(json));
        String apiVersion = object.get("apiVersion").asText();
        ServedTable table = tables.values().stream()
                .filter(t -> t.kind().apiVersion().equals(apiVersion)
                        && t.kind().kind().equals(object.get("kind").asText()))
                .findFirst()
                .orElseThrow();
        return writes.create(new Target(table, namespaceOf(object), null, null), object);
    }

    private static String namespaceOf(JsonNode object) {
        return object.path("metadata").path("namespace").asText(null);
    }

    /** Sends bookmarks to all watches. */
    void bookmark() {
        tables.values().forEach(ServedTable::bookmark);
    }

    private void handle(HttpExchange exchange, Map<String, String> query) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            if ("websocket".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Upgrade"))) {
                throw new Refusal(503, "ServiceUnavailable", "no WebSockets"); // the client then watches by plain HTTP
            }
            if (path.equals("/version")) {
                answer(exchange, 200, object("{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.4\"}"));
            } else if (path.endsWith("reviews")) {
                counts.add("create " + path.substring(path.lastIndexOf('/') + 1), 1);
                answer(exchange, 201, review(ServedTable.parse(body)));
            } else {
                resources(exchange, query, Arrays.asList(path.substring(1).split("/")), body);
            }
        } catch (Refusal e) {
            answer(
                    exchange,
                    e.code,
                    object("{\"kind\":\"Status\",\"apiVersion\":\"v1\"}")
                            .put("status", "Failure")
                            .put("message", e.getMessage())
                            .put("reason", e.reason)
                            .put("code", e.code));
        }
    }

    private void resources(HttpExchange exchange, Map<String, String> query, List<String> parts, byte[] body)
            throws IOException {
        boolean core = parts.get(0).equals("api");
        int start = core ? 2 : 3;
        if (parts.size() <= start) {
            counts.add("get discovery", 1);
            answer(exchange, 200, ServedDiscovery.answer(core, parts));
            return;
        }
        String apiVersion = String.join("/", parts.subList(1, start));
        List<String> rest = parts.subList(start, parts.size());
        String namespace = null;
        if (rest.get(0).equals("namespaces") && rest.size() > 2 && !rest.get(2).equals("status")) {
            namespace = rest.get(1);
            rest = rest.subList(2, rest.size());
        }
        ServedTable table = tables.get(apiVersion + "/" + rest.get(0));
        if (table == null) {
            throw new Refusal(404, "NotFound", "there is no resource " + rest.get(0));
        }
        Target target = new Target(
                table, namespace, rest.size() > 1 ? rest.get(1) : null, rest.size() > 2 ? rest.get(2) : null);
        serve(exchange, query, target, body);
    }

    private void serve(HttpExchange exchange, Map<String, String> query, Target target, byte[] body)
            throws IOException {
        String method = exchange.getRequestMethod();
        String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
        boolean collection = target.name() == null;
        String verb = verb(method, type, collection, query);
        counts.add(
                verb + " " + target.table().kind().plural()
                        + (target.subresource() == null ? "" : "/" + target.subresource()),
                1);
        switch (verb) {
            case "list" -> list(exchange, query, target);
            case "watch" -> watch(exchange, query, target);
            case "get" -> answer(exchange, 200, ServedWrites.existing(target));
            case "create" -> answer(exchange, 201, writes.create(target, ServedTable.parse(body)));
            case "deletecollection" -> {
                target.table()
                        .each(target.namespace(), selector(query), (key, o) -> writes.delete(target.table(), key));
                answer(exchange, 200, object("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}"));
            }
            case "delete" -> {
                ServedWrites.existing(target);
                answer(exchange, 200, writes.delete(target.table(), target.key()));
            }
            default -> answer(exchange, 200, writes.change(target, verb, type, body));
        }
    }

    private static String verb(String method, String type, boolean collection, Map<String, String> query) {
        return switch (method) {
            case "GET" -> {
                boolean watches = query.getOrDefault("watch", "false").matches("true|1");
                yield !collection ? "get" : watches ? "watch" : "list";
            }
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> type.startsWith("application/apply-patch") ? "apply" : "patch";
            case "DELETE" -> collection ? "deletecollection" : "delete";
            default -> throw new Refusal(405, "MethodNotAllowed", method);
        };
    }

    private static ListSelector selector(Map<String, String> query) {
        return new ListSelector(query.get("labelSelector"), query.get("fieldSelector"));
    }

    private static boolean metadataOnly(HttpExchange exchange) {
        return String.valueOf(exchange.getRequestHeaders().getFirst("Accept")).contains("as=PartialObjectMetadata");
    }

    private void list(HttpExchange exchange, Map<String, String> query, Target target) throws IOException {
        ServedKind kind = target.table().kind();
        boolean partial = metadataOnly(exchange);
        String[] token = query.containsKey("continue") ? query.get("continue").split(" ", 2) : null;
        long version = token == null ? versions.get() : Long.parseLong(token[0]);
        int limit = Integer.parseInt(query.getOrDefault("limit", "0"));
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(ServedTable.bytes(
                    "{\"kind\":\"" + (partial ? "PartialObjectMetadata" : kind.kind()) + "List\",\"apiVersion\":\""
                            + (partial ? "meta.k8s.io/v1" : kind.apiVersion()) + "\",\"items\":["));
            String after = token == null ? null : token[1];
            boolean first = true;
            ServedTable.Page page;
            do {
                page = target.table()
                        .list(target.namespace(), selector(query), partial, after, limit > 0 ? limit : CHUNK);
                for (byte[] item : page.items()) {
                    if (!first) {
                        out.write(',');
                    }
                    out.write(item);
                    first = false;
                }
                after = page.next();
            } while (limit == 0 && after != null);
            String next = after == null ? "" : ",\"continue\":\"" + version + " " + after + "\"";
            out.write(ServedTable.bytes("],\"metadata\":{\"resourceVersion\":\"" + version + "\"" + next + "}}"));
        }
    }

    private void watch(HttpExchange exchange, Map<String, String> query, Target target) throws IOException {
        ServedTable table = target.table();
        WatchStream stream = new WatchStream(
                clock,
                target.namespace(),
                selector(query),
                metadataOnly(exchange),
                query.getOrDefault("allowWatchBookmarks", "false").equals("true"));
        boolean initial = query.getOrDefault("sendInitialEvents", "false").equals("true");
        String version = query.getOrDefault("resourceVersion", "");
        Long from = initial || version.isEmpty() || version.equals("0") ? null : Long.valueOf(version);
        if (!table.watch(stream, target.namespace(), from, initial)) {
            throw new Refusal(410, "Expired", "too old resource version: " + version);
        }
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().flush();
        clock.leave();
        try {
            stream.write(exchange.getResponseBody());
        } finally {
            clock.enter();
            table.unwatch(stream);
        }
    }

    private static ObjectNode review(ObjectNode review) {
        ObjectNode status = review.withObject("/status");
        if (review.path("kind").asText().equals("SelfSubjectReview")) {
            status.withObject("/userInfo")
                    .put("username", "system:serviceaccount:breakwater-system:breakwater-operator");
        } else if (review.path("kind").asText().equals("TokenReview")) {
            status.put("authenticated", false);
        } else {
            status.put("allowed", true);
        }
        return review;
    }

    static ObjectNode object(String json) {
        return ServedTable.parse(ServedTable.bytes(json));
    }

    private static void answer(HttpExchange exchange, int code, ObjectNode body) throws IOException {
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        tables.values().forEach(ServedTable::close);
        http.close();
    }
}
