package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.testing.LocalApiClient;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;

/**
 * An API server in memory with the requests that this package uses: discovery, paged lists with tokens that can expire,
 * create with 409, update with resourceVersion, delete, apply of a status, merge patch of owner references, access reviews.
 * Unlike the client's mock server it has pages, and list items without apiVersion and kind, as a real one.
 */
public final class FakeApiServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OPERATOR = "system:serviceaccount:bw:operator";
    private static final String EXTRA = "Impersonate-extra-";

    /** @param headers the names have the form {@code Impersonate-user} */
    public record Request(String method, String path, JsonNode body, Map<String, List<String>> headers) {
        /** The user whose rights the request has; empty for the operator. */
        public String user() {
            return text(headers.getOrDefault("Impersonate-user", List.of("")).getFirst());
        }

        /** The values of a header, from UTF-8. */
        public List<String> texts(String header) {
            return headers.getOrDefault(header, List.of()).stream()
                    .map(Request::text)
                    .toList();
        }

        private static String text(String bytes) {
            return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        }
    }

    private final HttpServer http;
    private final KubernetesClient client;
    private final Map<String, List<ApiKind>> versions = new TreeMap<>();
    private final Map<String, ApiKind> stored = new ConcurrentHashMap<>();
    private final NavigableMap<String, ObjectNode> objects = new ConcurrentSkipListMap<>();
    private final AtomicLong counter = new AtomicLong();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private volatile BiFunction<String, String, Integer> refuse = (method, path) -> 0;
    private volatile BiFunction<String, JsonNode, String> judge = (method, object) -> "";
    private volatile BiFunction<String, String, Boolean> allowed = (verb, resource) -> true;
    private final Set<String> plain = ConcurrentHashMap.newKeySet();
    private final Map<String, Set<String>> known = new ConcurrentHashMap<>();
    private volatile boolean expireTokens;
    private volatile boolean refuseImpersonation;
    private volatile boolean dropImpersonation;
    private volatile Set<String> stale;

    public FakeApiServer() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", this::handle);
        http.start();
        client = LocalApiClient.of(http);
    }

    public KubernetesClient client() {
        return client;
    }

    /** Serves a kind; the first version of a group is its preferred one. */
    public FakeApiServer serve(String apiVersion, String kind, String plural, boolean namespaced, String... verbs) {
        int slash = apiVersion.indexOf('/');
        versions.computeIfAbsent(apiVersion, v -> new CopyOnWriteArrayList<>())
                .add(new ApiKind(
                        slash < 0 ? "" : apiVersion.substring(0, slash),
                        apiVersion.substring(slash + 1),
                        kind,
                        plural,
                        namespaced,
                        verbs.length > 0
                                ? java.util.Set.of(verbs)
                                : java.util.Set.of("get", "list", "create", "update", "delete", "patch")));
        return this;
    }

    /** Sets the storage version of a kind, which need not be served. */
    public FakeApiServer store(String apiVersion, String kind, String plural) {
        String[] gv = apiVersion.split("/", 2);
        ApiKind version = new ApiKind(gv[0], gv[1], kind, plural, true, Set.of());
        stored.put(version.qualified(), version);
        return this;
    }

    /** The kinds that most tests use. */
    public FakeApiServer serveUsual() {
        serve("v1", "Namespace", "namespaces", false);
        serve("v1", "ConfigMap", "configmaps", true);
        serve("v1", "Secret", "secrets", true);
        serve("v1", "ServiceAccount", "serviceaccounts", true);
        serve("v1", "Service", "services", true);
        serve("v1", "Endpoints", "endpoints", true);
        serve("v1", "Pod", "pods", true);
        serve("v1", "Event", "events", true);
        serve("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true);
        serve("v1", "PersistentVolume", "persistentvolumes", false);
        serve("apps/v1", "Deployment", "deployments", true);
        serve("apps/v1", "StatefulSet", "statefulsets", true);
        serve("apps/v1", "ReplicaSet", "replicasets", true);
        serve("batch/v1", "Job", "jobs", true);
        serve("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
        serve("rbac.authorization.k8s.io/v1", "Role", "roles", true);
        serve("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true);
        serve("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false);
        serve("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false);
        serve("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false);
        return this;
    }

    /** The status of a kind is a field like any other: it has no resource of its own. */
    public FakeApiServer withoutStatus(String qualified) {
        plain.add(qualified);
        return this;
    }

    /** The only fields of the spec that a kind has in a version. Others are refused in strict requests, and dropped with a warning in the rest. */
    public FakeApiServer know(String apiVersion, String kind, String... specFields) {
        known.put(apiVersion + "/" + kind, Set.of(specFields));
        return this;
    }

    /** Answers with this code if it is not 0. */
    public void refuse(BiFunction<String, String, Integer> rule) {
        refuse = rule;
    }

    /** Answers writes and lists with 422 and this message if it is not empty; with 500 if it starts as the message of a failed webhook. */
    public void judge(BiFunction<String, JsonNode, String> rule) {
        judge = rule;
    }

    /** Access reviews: verb and {@code resource.group}. */
    public void allow(BiFunction<String, String, Boolean> rule) {
        allowed = rule;
    }

    /** The operator may not impersonate. */
    public void refuseImpersonation() {
        refuseImpersonation = true;
    }

    /** As behind a proxy that drops the headers of impersonation. */
    public void dropImpersonation() {
        dropImpersonation = true;
    }

    public void expireTokens() {
        expireTokens = true;
    }

    /** Reports all groups at once, as newer servers do on request; the given groups are stale. */
    public void aggregate(String... staleGroups) {
        stale = Set.of(staleGroups);
    }

    public List<Request> requests() {
        return requests;
    }

    /** Stores an object as it is, with a uid. */
    public ObjectNode put(String collection, String json) {
        return put(collection, tree(json));
    }

    public ObjectNode put(String collection, ObjectNode object) {
        stamp(object);
        objects.put(collection + "/" + object.path("metadata").path("name").asText(), object);
        return object;
    }

    /** The object at a path, or null. */
    public ObjectNode at(String path) {
        return objects.get(path);
    }

    public void clear() {
        objects.clear();
        requests.clear();
    }

    public static ObjectNode tree(String json) {
        try {
            return (ObjectNode) JSON.readTree(json.replace('\'', '"'));
        } catch (IOException e) {
            throw new IllegalArgumentException(json, e);
        }
    }

    private void stamp(ObjectNode object) {
        ObjectNode meta = object.withObjectProperty("metadata");
        if (!meta.has("uid")) {
            meta.put("uid", "uid-" + counter.incrementAndGet());
        }
        meta.put("resourceVersion", Long.toString(counter.incrementAndGet()));
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (OutputStream response = exchange.getResponseBody()) {
            String method = exchange.getRequestMethod();
            String path = exchange.getRequestURI().getPath();
            byte[] bytes = exchange.getRequestBody().readAllBytes();
            JsonNode body = bytes.length == 0 ? JSON.createObjectNode() : JSON.readTree(bytes);
            Request request = new Request(method, path, body, Map.copyOf(exchange.getRequestHeaders()));
            requests.add(request);
            int code = refuse.apply(method, path);
            String query = exchange.getRequestURI().getQuery();
            Answer answer = path.endsWith("/selfsubjectreviews") && code != 401
                    ? review(request)
                    : code != 0 ? status(code, "Refused", "refused by the test") : checked(method, path, query, body);
            byte[] out = JSON.writeValueAsBytes(answer.body());
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            answer.warnings()
                    .forEach(w ->
                            exchange.getResponseHeaders().add("Warning", "299 - \"" + w.replace("\"", "\\\"") + "\""));
            exchange.sendResponseHeaders(answer.code(), out.length);
            response.write(out);
        }
    }

    private record Answer(int code, JsonNode body, List<String> warnings) {
        Answer(int code, JsonNode body) {
            this(code, body, List.of());
        }
    }

    /** Checks the fields of a write as a real server does. */
    private Answer checked(String method, String path, String query, JsonNode body) {
        if (!known.containsKey(version(body))) {
            return answer(method, path, query, body);
        }
        List<String> unknown = new ArrayList<>();
        body.path("spec").fieldNames().forEachRemaining(name -> {
            if (!known.get(version(body)).contains(name)) {
                unknown.add(name);
            }
        });
        List<String> texts =
                unknown.stream().map(f -> "unknown field \"spec." + f + "\"").toList();
        if (!unknown.isEmpty() && query != null && query.contains("fieldValidation=Strict")) {
            return status(400, "BadRequest", "strict decoding error: " + String.join(", ", texts));
        }
        if (body.path("spec") instanceof ObjectNode spec) {
            spec.remove(unknown);
        }
        Answer answer = answer(method, path, query, body);
        return new Answer(answer.code(), answer.body(), texts);
    }

    private static String version(JsonNode object) {
        return object.path("apiVersion").asText() + "/" + object.path("kind").asText();
    }

    private boolean hasStatus(ApiKind kind) {
        return !plain.contains(kind.qualified());
    }

    private Answer answer(String method, String path, String query, JsonNode body) {
        return switch (method) {
            case "GET" -> get(path, query == null ? "" : query);
            case "POST" -> post(path, (ObjectNode) body, dry(query));
            case "PUT" -> update(path, (ObjectNode) body, dry(query));
            case "DELETE" -> {
                if (collection(path) != null) {
                    yield deleteListed(path, query == null ? "" : query);
                }
                ObjectNode gone = dry(query) ? objects.get(path) : objects.remove(path);
                yield gone == null ? status(404, "NotFound", path) : new Answer(200, gone);
            }
            case "PATCH" -> {
                if (path.endsWith("/status")) {
                    yield applyStatus(path.substring(0, path.length() - "/status".length()), body);
                }
                ObjectNode there = objects.get(path);
                if (query != null && query.contains("fieldManager=")) {
                    yield applied(there, body);
                }
                ((ObjectNode) there.path("metadata"))
                        .set("ownerReferences", body.path("metadata").path("ownerReferences"));
                yield new Answer(200, there);
            }
            default -> status(405, "MethodNotAllowed", method);
        };
    }

    private Answer deleteListed(String path, String query) {
        Answer listed = list(path, collection(path), query);
        listed.body()
                .path("items")
                .forEach(i -> objects.remove(
                        path + "/" + i.path("metadata").path("name").asText()));
        return listed;
    }

    private static boolean dry(String query) {
        return query != null && query.contains("dryRun=All");
    }

    /** Server-side apply as far as tests need it: objects are merged, other values are replaced. Never stored. */
    private static Answer applied(ObjectNode there, JsonNode fields) {
        ObjectNode merged = there.deepCopy();
        merge(merged, fields);
        merged.withObjectProperty("metadata")
                .putArray("managedFields")
                .addObject()
                .put("manager", "somebody");
        return new Answer(200, merged);
    }

    /** Server-side apply of a complete status by its only field manager. */
    private Answer applyStatus(String path, JsonNode body) {
        ObjectNode there = objects.get(path);
        if (there == null) {
            return status(404, "NotFound", path);
        }
        for (String fixed : List.of("uid", "resourceVersion")) {
            JsonNode expected = body.path("metadata").path(fixed);
            if (!expected.isMissingNode()
                    && !expected.equals(there.path("metadata").path(fixed))) {
                return status(409, "Conflict", "the object has been modified");
            }
        }
        ObjectNode changed = there.deepCopy();
        changed.set("status", body.path("status"));
        stamp(changed);
        objects.put(path, changed);
        return new Answer(200, changed);
    }

    private static void merge(ObjectNode target, JsonNode fields) {
        fields.properties().forEach(f -> {
            if (f.getValue().isObject() && target.path(f.getKey()) instanceof ObjectNode inner) {
                merge(inner, f.getValue());
            } else {
                target.set(f.getKey(), f.getValue());
            }
        });
    }

    private Answer get(String path, String query) {
        if (path.equals("/version")) {
            return new Answer(200, JSON.createObjectNode().put("gitVersion", "v1.34.4"));
        }
        if (stale != null && (path.equals("/api") || path.equals("/apis"))) {
            return new Answer(200, discovery(path));
        }
        if (path.equals("/apis")) {
            return new Answer(200, groups());
        }
        String version = path.replaceFirst("^/apis?/", "");
        if (versions.containsKey(version)) {
            return new Answer(200, resources(version));
        }
        ApiKind kind = collection(path);
        if (kind != null) {
            return list(path, kind, query);
        }
        ObjectNode object = objects.get(path);
        return object == null ? status(404, "NotFound", path + " not found") : new Answer(200, object);
    }

    private Answer list(String path, ApiKind kind, String query) {
        int limit = Integer.MAX_VALUE;
        String after = "";
        Map<String, String> labels = Map.of();
        for (String part : query.split("&", -1)) {
            if (part.startsWith("limit=")) {
                limit = Integer.parseInt(part.substring(6));
            } else if (part.startsWith("continue=")) {
                after = part.substring(9);
            } else if (part.startsWith("labelSelector=")) {
                labels = Pairs.of(part.substring(14));
            }
        }
        if (expireTokens && after.startsWith("old:")) {
            Answer gone = status(410, "Expired", "the token is too old");
            ((ObjectNode) gone.body()).putObject("metadata").put("continue", after.substring(4));
            return gone;
        }
        ObjectNode list =
                JSON.createObjectNode().put("kind", kind.kind() + "List").put("apiVersion", kind.apiVersion());
        String verdict = judge.apply("GET", list);
        if (!verdict.isEmpty()) {
            return refusal(verdict);
        }
        ObjectNode meta = list.putObject("metadata").put("resourceVersion", "1");
        ArrayNode items = list.putArray("items");
        String from = path + "/" + after.replaceFirst("^old:", "");
        for (Map.Entry<String, ObjectNode> e :
                objects.tailMap(from, after.isEmpty()).entrySet()) {
            if (!e.getKey().startsWith(path + "/")) {
                break;
            }
            if (!Pairs.in(e.getValue().path("metadata").path("labels"), labels)) {
                continue;
            }
            if (items.size() == limit) {
                String last = items.get(limit - 1).path("metadata").path("name").asText();
                meta.put("continue", (expireTokens ? "old:" : "") + last);
                break;
            }
            ObjectNode item = e.getValue().deepCopy();
            item.remove(List.of("apiVersion", "kind"));
            items.add(item);
        }
        return new Answer(200, list);
    }

    /** Selectors of the form {@code a=b,c=d}. */
    private static final class Pairs {
        static Map<String, String> of(String selector) {
            Map<String, String> labels = new TreeMap<>();
            for (String pair : selector.split(",")) {
                labels.put(pair.split("=")[0], pair.split("=")[1]);
            }
            return labels;
        }

        static boolean in(JsonNode labels, Map<String, String> wanted) {
            return wanted.entrySet().stream()
                    .allMatch(w -> labels.path(w.getKey()).asText().equals(w.getValue()));
        }
    }

    private Answer post(String path, ObjectNode body, boolean dry) {
        if (path.endsWith("/subjectaccessreviews")) {
            JsonNode a = body.path("spec").path("resourceAttributes");
            String group = a.path("group").asText();
            String resource = a.path("resource").asText() + (group.isEmpty() ? "" : "." + group);
            body.putObject("status").put("allowed", allowed.apply(a.path("verb").asText(), resource));
            return new Answer(201, body);
        }
        if (collection(path) == null) {
            return status(404, "NotFound", "no such resource");
        }
        String at = path + "/" + body.path("metadata").path("name").asText();
        if (body.path("metadata").has("resourceVersion")) {
            return status(400, "BadRequest", "resourceVersion should not be set on objects to be created");
        }
        if (hasStatus(collection(path))) {
            body.remove("status");
        }
        String verdict = judge.apply("POST", body);
        if (!verdict.isEmpty()) {
            return refusal(verdict);
        }
        stamp(body);
        ObjectNode there = dry ? objects.get(at) : objects.putIfAbsent(at, body);
        return there == null ? new Answer(201, metadata(body)) : status(409, "AlreadyExists", at + " already exists");
    }

    /** The metadata that a client gets if it asks only for that. */
    private static ObjectNode metadata(ObjectNode object) {
        return JSON.createObjectNode().set("metadata", object.path("metadata"));
    }

    private Answer update(String path, ObjectNode body, boolean dry) {
        ObjectNode there = objects.get(path);
        if (there == null) {
            return status(404, "NotFound", path);
        }
        JsonNode version = body.path("metadata").path("resourceVersion");
        if (!version.equals(there.path("metadata").path("resourceVersion"))) {
            return status(409, "Conflict", "the object has been modified");
        }
        String verdict = judge.apply("PUT", body);
        if (!verdict.isEmpty()) {
            return refusal(verdict);
        }
        stamp(body);
        if (!dry) {
            objects.put(path, body);
        }
        return new Answer(200, body);
    }

    /** Reports the user of a request as a real server does: from the headers of impersonation, decoded. */
    private Answer review(Request request) {
        if (refuseImpersonation && !request.user().isEmpty()) {
            Answer refused = status(
                    403,
                    "Forbidden",
                    "users \"" + request.user() + "\" is forbidden: User \"" + OPERATOR
                            + "\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
            ((ObjectNode) refused.body()).putObject("details").put("kind", "users");
            return refused;
        }
        ObjectNode body = (ObjectNode) request.body().deepCopy();
        ObjectNode user = body.putObject("status").putObject("userInfo");
        user.put("username", request.user().isEmpty() || dropImpersonation ? OPERATOR : request.user());
        if (!request.user().isEmpty() && !dropImpersonation) {
            request.texts("Impersonate-uid").forEach(uid -> user.put("uid", uid));
            ArrayNode groups = user.putArray("groups");
            request.texts("Impersonate-group").forEach(groups::add);
            groups.add("system:authenticated");
            ObjectNode extra = user.putObject("extra");
            request.headers().keySet().stream()
                    .filter(name -> name.startsWith(EXTRA))
                    .forEach(name -> {
                        String key = name.substring(EXTRA.length()).toLowerCase(Locale.ROOT);
                        ArrayNode values =
                                extra.putArray(URLDecoder.decode(key.replace("+", "%2B"), StandardCharsets.UTF_8));
                        request.texts(name).forEach(values::add);
                    });
        }
        return new Answer(201, body);
    }

    private ApiKind collection(String path) {
        for (List<ApiKind> kinds : versions.values()) {
            for (ApiKind kind : kinds) {
                String pattern = kind.path("#").replace("/namespaces/%23/", "/namespaces/[^/]+/");
                if (path.matches(pattern)) {
                    return kind;
                }
            }
        }
        return null;
    }

    private ObjectNode groups() {
        Map<String, List<String>> byGroup = new TreeMap<>();
        versions.keySet().stream()
                .filter(v -> v.contains("/"))
                .forEach(v -> byGroup.computeIfAbsent(v.substring(0, v.indexOf('/')), g -> new ArrayList<>())
                        .add(v));
        ObjectNode list = JSON.createObjectNode();
        ArrayNode groups = list.putArray("groups");
        byGroup.forEach((name, all) -> {
            ObjectNode group = groups.addObject().put("name", name);
            group.putObject("preferredVersion").put("groupVersion", all.getFirst());
            ArrayNode array = group.putArray("versions");
            all.forEach(v -> array.addObject().put("groupVersion", v));
        });
        return list;
    }

    private ObjectNode discovery(String root) {
        ObjectNode list = JSON.createObjectNode().put("kind", "APIGroupDiscoveryList");
        ArrayNode items = list.putArray("items");
        versions.forEach((groupVersion, kinds) -> {
            int slash = groupVersion.indexOf('/');
            if (slash < 0 == root.equals("/apis")) {
                return;
            }
            String group = slash < 0 ? "" : groupVersion.substring(0, slash);
            ObjectNode item = items.addObject();
            item.putObject("metadata").put("name", group);
            ObjectNode version = item.putArray("versions").addObject();
            version.put("version", groupVersion.substring(slash + 1));
            version.put("freshness", stale.contains(group) ? "Stale" : "Current");
            ArrayNode resources = version.putArray("resources");
            for (ApiKind kind : kinds) {
                ObjectNode r = resources.addObject().put("resource", kind.resource());
                r.put("scope", kind.namespaced() ? "Namespaced" : "Cluster");
                r.putObject("responseKind").put("kind", kind.kind());
                kind.verbs().forEach(r.putArray("verbs")::add);
                if (hasStatus(kind)) {
                    r.putArray("subresources").addObject().put("subresource", "status");
                }
            }
        });
        return list;
    }

    private ObjectNode resources(String version) {
        ObjectNode list = JSON.createObjectNode();
        ArrayNode array = list.putArray("resources");
        for (ApiKind kind : versions.get(version)) {
            ObjectNode r = array.addObject().put("name", kind.resource()).put("kind", kind.kind());
            r.put("namespaced", kind.namespaced());
            kind.verbs().forEach(r.putArray("verbs")::add);
            if (hasStatus(kind)) {
                array.addObject().put("name", kind.resource() + "/status").put("namespaced", kind.namespaced());
            }
            if (stored.containsKey(kind.qualified())) {
                r.put("storageVersionHash", StorageVersions.hash(stored.get(kind.qualified())));
            }
        }
        array.addObject().put("name", "things/status").put("kind", "Thing").put("namespaced", true);
        return list;
    }

    private static Answer refusal(String verdict) {
        return verdict.startsWith("Internal error occurred")
                ? status(500, "InternalError", verdict)
                : status(422, "Invalid", verdict);
    }

    private static Answer status(int code, String reason, String message) {
        return new Answer(
                code,
                JSON.createObjectNode()
                        .put("kind", "Status")
                        .put("code", code)
                        .put("reason", reason)
                        .put("message", message));
    }

    @Override
    public void close() {
        client.close();
        http.stop(0);
    }
}
