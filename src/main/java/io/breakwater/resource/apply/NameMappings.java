package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Names that differ in another cluster: storage classes, image registries, host names. */
final class NameMappings {
    private static final Set<String> CONTAINERS = Set.of("containers", "initContainers", "ephemeralContainers");
    private static final Set<String> NO_PODS = Set.of("secrets", "configmaps");
    private static final String GATEWAY_API = "gateway.networking.k8s.io";

    private final Map<String, String> storageClasses;
    private final Map<String, String> images;
    private final Map<String, String> hosts;
    private final Set<String> usedClasses = new HashSet<>();
    private final Set<String> usedImages = new HashSet<>();
    private final Set<String> usedHosts = new HashSet<>();

    NameMappings(RestoreSpec spec) {
        this.storageClasses = spec.storageClasses == null ? Map.of() : spec.storageClasses;
        this.images = spec.images == null ? Map.of() : spec.images;
        this.hosts = spec.hosts == null ? Map.of() : spec.hosts;
    }

    boolean isEmpty() {
        return storageClasses.isEmpty() && images.isEmpty() && hosts.isEmpty();
    }

    /** Entries that matched no name in an object so far. */
    List<String> unmatched() {
        List<String> unmatched = new ArrayList<>();
        unmatched.addAll(unmatched("spec.storageClasses", storageClasses, usedClasses));
        unmatched.addAll(unmatched("spec.images", images, usedImages));
        unmatched.addAll(unmatched("spec.hosts", hosts, usedHosts));
        return unmatched;
    }

    private static List<String> unmatched(String field, Map<String, String> entries, Set<String> used) {
        return entries.keySet().stream()
                .filter(name -> !used.contains(name))
                .sorted()
                .map(name -> field + " names " + name + ", which no restored object uses")
                .toList();
    }

    /** Changes the object and returns it. */
    JsonNode apply(ObjectKey key, JsonNode object) {
        JsonNode spec = object.path("spec");
        classes(key, spec);
        hosts(key, spec);
        if (!images.isEmpty() && !NO_PODS.contains(key.directory())) {
            images(object);
        }
        return object;
    }

    private void classes(ObjectKey key, JsonNode spec) {
        UnaryOperator<String> renamed = name -> {
            usedClasses.add(name);
            return storageClasses.getOrDefault(name, name);
        };
        switch (key.directory()) {
            case "persistentvolumeclaims" -> text(spec, "storageClassName", renamed);
            case "statefulsets.apps" ->
                spec.path("volumeClaimTemplates").forEach(t -> text(t.path("spec"), "storageClassName", renamed));
            default -> {}
        }
    }

    private void hosts(ObjectKey key, JsonNode spec) {
        if (key.directory().equals("ingresses.networking.k8s.io")) {
            spec.path("rules").forEach(r -> text(r, "host", this::host));
            spec.path("tls").forEach(t -> texts(t.path("hosts"), this::host));
        } else if (key.directory().equals("routes.route.openshift.io")) {
            text(spec, "host", this::host);
        } else if (key.group().equals(GATEWAY_API)) {
            texts(spec.path("hostnames"), this::host);
            spec.path("listeners").forEach(l -> text(l, "hostname", this::host));
        }
    }

    /** Exact names first, then the longest domain. */
    String host(String host) {
        if (hosts.containsKey(host)) {
            usedHosts.add(host);
            return hosts.get(host);
        }
        return hosts.keySet().stream()
                .filter(k -> k.startsWith(".") && host.endsWith(k))
                .max(java.util.Comparator.comparingInt(String::length))
                .map(k -> {
                    usedHosts.add(k);
                    return k;
                })
                .map(k -> host.substring(0, host.length() - k.length()) + hosts.get(k))
                .orElse(host);
    }

    /** Containers and image volumes, in every object that describes a pod, also in custom resources. */
    private void images(JsonNode node) {
        if (node instanceof ArrayNode items) {
            items.forEach(this::images);
        } else if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                if (CONTAINERS.contains(field.getKey())) {
                    field.getValue().forEach(c -> text(c, "image", this::image));
                } else if (field.getKey().equals("volumes")) {
                    field.getValue().forEach(v -> text(v.path("image"), "reference", this::image));
                }
                images(field.getValue());
            }
        }
    }

    /** The name with its prefix replaced; {@code nginx} also matches as {@code docker.io/library/nginx}. */
    String image(String image) {
        for (String name : List.of(image, full(image))) {
            String prefix = images.keySet().stream()
                    .filter(k -> name.startsWith(k)
                            && (name.length() == k.length() || "/:@".indexOf(name.charAt(k.length())) >= 0))
                    .max(java.util.Comparator.comparingInt(String::length))
                    .orElse(null);
            if (prefix != null) {
                usedImages.add(prefix);
                return images.get(prefix) + name.substring(prefix.length());
            }
        }
        return image;
    }

    private static String full(String image) {
        int slash = image.indexOf('/');
        String first = slash < 0 ? "" : image.substring(0, slash);
        if (first.contains(".") || first.contains(":") || first.equals("localhost")) {
            return image;
        }
        return "docker.io/" + (slash < 0 ? "library/" : "") + image;
    }

    private static void text(JsonNode node, String field, UnaryOperator<String> change) {
        if (node instanceof ObjectNode object && object.path(field).isTextual()) {
            object.put(field, change.apply(object.get(field).asText()));
        }
    }

    private static void texts(JsonNode array, UnaryOperator<String> change) {
        if (array instanceof ArrayNode items) {
            for (int i = 0; i < items.size(); i++) {
                items.set(i, change.apply(items.get(i).asText()));
            }
        }
    }
}
