package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.steps.Parallel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The kinds that the API server serves now.
 *
 * @param preferred by {@link ApiKind#qualified}, each kind in one version: the preferred one of its group, or the first
 *     one that has it
 * @param served by {@code apiVersion/Kind}, every kind in every version
 * @param unavailable group versions that are registered and did not answer, with the answer
 */
public record Discovery(Map<String, ApiKind> preferred, Map<String, ApiKind> served, Map<String, String> unavailable) {
    private static final int PARALLEL = 16;

    private static final String STATUS = "status";

    private static final String AGGREGATED =
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

    /**
     * The same, but the preferred version of each kind is the one in which its objects are stored, if that is served.
     */
    public Discovery stored(ApiServer server) {
        return new Discovery(StorageVersions.of(server, preferred, served), served, unavailable);
    }

    /** Kinds of namespaced objects that are captured. */
    public List<ApiKind> capturable() {
        return preferred.values().stream()
                .filter(ApiKind::namespaced)
                .filter(ApiKind::isCapturable)
                .toList();
    }

    /** Kinds of cluster-scoped objects that are captured. */
    public List<ApiKind> clusterScoped() {
        return preferred.values().stream()
                .filter(k -> !k.namespaced() && k.isCapturable())
                .toList();
    }

    /** Kinds of namespaced objects that can be created and read, but not listed. */
    public List<ApiKind> unlistable() {
        return preferred.values().stream()
                .filter(k -> k.namespaced() && k.verbs().containsAll(Set.of("create", "get")))
                .filter(k -> !k.verbs().contains("list"))
                .toList();
    }

    /**
     * The kind in a version, or in the preferred version of its group if the API server does not serve that version any more. Empty
     * if the server reports no version, or the API of the version does not answer now.
     */
    public Optional<ApiKind> find(String apiVersion, String kind) {
        ApiKind exact = served.get(apiVersion + "/" + kind);
        if (exact != null || unavailable.containsKey(apiVersion)) {
            return Optional.ofNullable(exact);
        }
        int slash = apiVersion.indexOf('/');
        String group = slash < 0 ? "" : apiVersion.substring(0, slash);
        return preferred.values().stream()
                .filter(k -> k.group().equals(group) && k.kind().equals(kind))
                .findFirst();
    }

    public Optional<ApiKind> preferred(String qualified) {
        return Optional.ofNullable(preferred.get(qualified));
    }

    /**
     * Reads the kinds from the API server. Two requests are enough for Kubernetes 1.30 and newer, which report all
     * kinds at once.
     *
     * @throws BreakwaterException ResourcesFailed if the list of groups cannot be read
     */
    public static Discovery of(ApiServer server) {
        Map<String, ApiServer.Answer> roots =
                Parallel.map(2, List.of("/api", "/apis"), path -> server.get(path, AGGREGATED));
        boolean aggregated = roots.values().stream()
                .allMatch(a -> a.isOk() && a.body().path("kind").asText().equals("APIGroupDiscoveryList"));
        Found found = new Found();
        if (aggregated) {
            roots.values().forEach(a -> a.body().path("items").forEach(found::group));
        } else {
            askEach(server, found);
        }
        return new Discovery(found.preferred, found.served, found.unavailable);
    }

    /** Kinds that were read so far; the first version of a kind is the preferred one. */
    private static final class Found {
        private final Map<String, ApiKind> preferred = new LinkedHashMap<>();
        private final Map<String, ApiKind> served = new HashMap<>();
        private final Map<String, String> unavailable = new LinkedHashMap<>();

        void add(ApiKind kind) {
            preferred.putIfAbsent(kind.qualified(), kind);
            served.put(kind.apiVersion() + "/" + kind.kind(), kind);
        }

        /** An APIGroupDiscovery of apidiscovery.k8s.io/v2. */
        void group(JsonNode group) {
            String name = group.path("metadata").path("name").asText("");
            for (JsonNode version : group.path("versions")) {
                String v = version.path("version").asText();
                if (version.path("freshness").asText().equals("Stale")) {
                    unavailable.put(name + "/" + v, "its extension API server does not answer");
                    continue;
                }
                for (JsonNode r : version.path("resources")) {
                    add(new ApiKind(
                            name,
                            v,
                            r.path("responseKind").path("kind").asText(),
                            r.path("resource").asText(),
                            r.path("scope").asText().equals("Namespaced"),
                            verbs(r),
                            hasStatus(r.path("subresources"))));
                }
            }
        }
    }

    private static boolean hasStatus(JsonNode subresources) {
        for (JsonNode s : subresources) {
            if (s.path("subresource").asText().equals(STATUS)) {
                return true;
            }
        }
        return false;
    }

    private static void askEach(ApiServer server, Found found) {
        List<String> versions = groupVersions(server);
        Map<String, ApiServer.Answer> answers =
                Parallel.map(PARALLEL, versions, v -> server.get((v.contains("/") ? "/apis/" : "/api/") + v));
        for (String groupVersion : versions) {
            ApiServer.Answer answer = answers.get(groupVersion);
            if (answer.isOk()) {
                kinds(groupVersion, answer.body()).forEach(found::add);
            } else {
                found.unavailable.put(groupVersion, answer.message());
            }
        }
    }

    /** All group versions: the core first, and of each group the preferred version first. */
    private static List<String> groupVersions(ApiServer server) {
        Set<String> versions = new LinkedHashSet<>(List.of("v1"));
        ApiServer.Answer groups = server.get("/apis");
        if (!groups.isOk()) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed, "the API server did not list its API groups: " + groups.message());
        }
        for (JsonNode group : groups.body().path("groups")) {
            String first = group.path("preferredVersion").path("groupVersion").asText("");
            if (!first.isEmpty()) {
                versions.add(first);
            }
            group.path("versions")
                    .forEach(v -> versions.add(v.path("groupVersion").asText()));
        }
        return List.copyOf(versions);
    }

    private static Collection<ApiKind> kinds(String groupVersion, JsonNode list) {
        int slash = groupVersion.indexOf('/');
        String group = slash < 0 ? "" : groupVersion.substring(0, slash);
        String version = groupVersion.substring(slash + 1);
        List<ApiKind> kinds = new ArrayList<>();
        Set<String> names = new HashSet<>();
        list.path("resources").forEach(r -> names.add(r.path("name").asText()));
        for (JsonNode r : list.path("resources")) {
            String name = r.path("name").asText();
            if (name.contains("/")) {
                continue;
            }
            kinds.add(new ApiKind(
                    group,
                    version,
                    r.path("kind").asText(),
                    name,
                    r.path("namespaced").asBoolean(),
                    verbs(r),
                    names.contains(name + "/" + STATUS)));
        }
        return kinds;
    }

    private static Set<String> verbs(JsonNode resource) {
        Set<String> verbs = new HashSet<>();
        resource.path("verbs").forEach(v -> verbs.add(v.asText()));
        return Set.copyOf(verbs);
    }
}
