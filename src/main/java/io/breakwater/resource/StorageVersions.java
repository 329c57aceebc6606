package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Digests;
import io.breakwater.steps.Parallel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds the version in which the objects of a kind are stored. If a custom kind has a definition without conversion,
 * reading it in another version loses the fields that this version does not have.
 *
 * <p>The API server reports the storage version only as a hash, for each kind in the list of a group version:
 * {@code storageVersionHash} of {@code meta/v1} APIResource, the first 8 bytes of the SHA-256 of
 * {@code group/version/kind} in base64, as k8s.io/apiserver computes it.
 */
public final class StorageVersions {
    private static final int PARALLEL = 16;
    private static final int HASH = 8;

    private StorageVersions() {}

    /**
     * The given kinds; those with several versions in their storage version. If the server does not report that
     * version, or does not serve it, the given version stays.
     */
    static Map<String, ApiKind> of(ApiServer server, Map<String, ApiKind> preferred, Map<String, ApiKind> served) {
        Map<String, List<ApiKind>> several = served.values().stream()
                .filter(ApiKind::isCapturable)
                .collect(Collectors.groupingBy(ApiKind::qualified));
        several.values().removeIf(versions -> versions.size() < 2);
        Map<String, String> hashes = hashes(
                server,
                several.keySet().stream()
                        .map(preferred::get)
                        .map(ApiKind::apiVersion)
                        .collect(Collectors.toCollection(TreeSet::new)));
        Map<String, ApiKind> stored = new LinkedHashMap<>(preferred);
        several.forEach((qualified, versions) -> Optional.ofNullable(hashes.get(qualified))
                .flatMap(hash ->
                        versions.stream().filter(v -> hash(v).equals(hash)).findFirst())
                .ifPresent(version -> stored.put(qualified, version)));
        return stored;
    }

    private static Map<String, String> hashes(ApiServer server, TreeSet<String> groupVersions) {
        Map<String, String> hashes = new HashMap<>();
        Parallel.map(
                        PARALLEL,
                        new ArrayList<>(groupVersions),
                        v -> server.get(v.contains("/") ? "/apis/" + v : "/api/" + v))
                .forEach((groupVersion, answer) -> {
                    String group =
                            groupVersion.contains("/") ? "." + groupVersion.split("/", 2)[0] : "";
                    for (JsonNode resource : answer.body().path("resources")) {
                        String hash = resource.path("storageVersionHash").asText();
                        if (!hash.isEmpty()) {
                            hashes.put(resource.path("name").asText() + group, hash);
                        }
                    }
                });
        return hashes;
    }

    public static String hash(ApiKind kind) {
        String text = kind.group() + "/" + kind.version() + "/" + kind.kind();
        byte[] digest = Digests.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(Arrays.copyOf(digest, HASH));
    }
}
