package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the API server serves at this moment.
 *
 * @param preferred by {@link ApiKind#qualified}, each kind in its group's preferred version, or in the first that has it
 * @param served by {@code apiVersion/Kind}, every kind in every version
 * @param unavailable group versions that are registered and did not answer, with the answer
 */
record Discovery(Map<String, ApiKind> preferred, Map<String, ApiKind> served, Map<String, String> unavailable) {
    private static final int PARALLEL = 16;

    /** Kinds whose objects a namespace consists of. */
    List<ApiKind> capturable() {
        return preferred.values().stream()
                .filter(ApiKind::namespaced)
                .filter(ApiKind::isCapturable)
                .toList();
    }

    Optional<ApiKind> find(String apiVersion, String kind) {
        return Optional.ofNullable(served.get(apiVersion + "/" + kind));
    }

    Optional<ApiKind> preferred(String qualified) {
        return Optional.ofNullable(preferred.get(qualified));
    }

    /**
     * Asks the API server.
     *
     * @throws BreakwaterException ResourcesFailed when the list of groups cannot be read
     */
    static Discovery of(ApiServer server) {
        List<String> versions = groupVersions(server);
        Map<String, ApiServer.Answer> answers =
                Parallel.map(PARALLEL, versions, v -> server.get((v.contains("/") ? "/apis/" : "/api/") + v));
        Map<String, ApiKind> preferred = new LinkedHashMap<>();
        Map<String, ApiKind> served = new HashMap<>();
        Map<String, String> unavailable = new LinkedHashMap<>();
        for (String groupVersion : versions) {
            ApiServer.Answer answer = answers.get(groupVersion);
            if (!answer.isOk()) {
                unavailable.put(groupVersion, answer.message());
                continue;
            }
            for (ApiKind kind : kinds(groupVersion, answer.body())) {
                preferred.putIfAbsent(kind.qualified(), kind);
                served.put(kind.apiVersion() + "/" + kind.kind(), kind);
            }
        }
        return new Discovery(preferred, served, unavailable);
    }

    /** All group versions, the core first, and of each group the preferred version first. */
    private static List<String> groupVersions(ApiServer server) {
        Set<String> versions = new LinkedHashSet<>(List.of("v1"));
        ApiServer.Answer groups = server.get("/apis");
        if (!groups.isOk()) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed, "the API server does not tell its API groups: " + groups.message());
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
        for (JsonNode r : list.path("resources")) {
            String name = r.path("name").asText();
            if (name.contains("/")) {
                continue;
            }
            Set<String> verbs = new LinkedHashSet<>();
            r.path("verbs").forEach(v -> verbs.add(v.asText()));
            kinds.add(new ApiKind(
                    group,
                    version,
                    r.path("kind").asText(),
                    name,
                    r.path("namespaced").asBoolean(),
                    Set.copyOf(verbs)));
        }
        return kinds;
    }
}
