package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Labels and annotations by which a GitOps tool recognises its objects. The tool of the source namespace would delete a copy with
 * these marks as an object that Git does not have, or count it as its own. So copies in other namespaces do not have them.
 *
 * <p>Selectors read two of the labels: {@code app.kubernetes.io/instance}, which most Helm charts use, and that of kapp, which adds it
 * to selectors. Pods keep both and Services keep the first, because other objects find them by it. Annotations make the tool ignore
 * these copies.
 */
final class TrackingMarks {
    private static final List<String> FIELDS = List.of("labels", "annotations");
    private static final String INSTANCE = "app.kubernetes.io/instance";
    private static final String KAPP = "kapp.k14s.io/";

    /** Beginnings of keys, or complete keys, with the tool that owns them. */
    private static final Map<String, String> MARKS = new TreeMap<>(Map.ofEntries(
            Map.entry(INSTANCE, "Argo CD"),
            Map.entry("argocd.argoproj.io/instance", "Argo CD"),
            Map.entry("argocd.argoproj.io/installation-id", "Argo CD"),
            Map.entry("argocd.argoproj.io/tracking-id", "Argo CD"),
            Map.entry("kustomize.toolkit.fluxcd.io/", "Flux"),
            Map.entry("helm.toolkit.fluxcd.io/", "Flux"),
            Map.entry("resourceset.fluxcd.controlplane.io/", "Flux"),
            Map.entry("fluxcd.io/sync-gc-mark", "Flux"),
            Map.entry(KAPP, "kapp"),
            Map.entry("fleet.cattle.io/", "Rancher Fleet"),
            Map.entry("objectset.rio.cattle.io/", "Rancher Fleet"),
            Map.entry("applyset.kubernetes.io/", "kubectl apply"),
            Map.entry("config.k8s.io/owning-inventory", "Config Sync"),
            Map.entry("configmanagement.gke.io/", "Config Sync"),
            Map.entry("configsync.gke.io/", "Config Sync")));

    /**
     * A label that selectors read.
     *
     * @param kinds whose objects keep it
     * @param ignored annotations with which the tool neither deletes nor counts an object that has the label
     */
    private record Selecting(Set<String> kinds, Map<String, String> ignored) {}

    private static final Map<String, Selecting> SELECTING = Map.of(
            INSTANCE,
            new Selecting(
                    Set.of("pods", "services"),
                    Map.of(
                            "argocd.argoproj.io/sync-options", "Prune=false,Delete=false",
                            "argocd.argoproj.io/compare-options", "IgnoreExtraneous")),
            KAPP + "app",
            new Selecting(Set.of("pods"), Map.of(KAPP + "delete-strategy", "orphan")));

    private TrackingMarks() {}

    /**
     * Removes the marks from the metadata of a copy. Does nothing to an object without marks.
     *
     * @param qualified kind of the object, as in {@link io.breakwater.resource.ApiKind#qualified}
     */
    static void remove(String qualified, ObjectNode meta) {
        List<Selecting> kept = SELECTING.entrySet().stream()
                .filter(s -> s.getValue().kinds().contains(qualified))
                .filter(s -> meta.path("labels").has(s.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        for (String field : FIELDS) {
            if (meta.path(field) instanceof ObjectNode entries) {
                entries.properties()
                        .removeIf(e -> tool(e.getKey()).isPresent() && !isSelecting(qualified, field, e.getKey()));
                if (entries.isEmpty()) {
                    meta.remove(field);
                }
            }
        }
        kept.forEach(s -> s.ignored().forEach((name, value) -> annotate(meta, name, value)));
    }

    /** Gives a copy that replaces an object the marks of that object, so that the tool of the target still finds it. */
    static void keep(JsonNode live, ObjectNode meta) {
        for (String field : FIELDS) {
            live.path(field).properties().stream()
                    .filter(e -> tool(e.getKey()).isPresent())
                    .forEach(e -> meta.withObjectProperty(field).set(e.getKey(), e.getValue()));
        }
    }

    /** The tools whose marks an object has. */
    static Set<String> tools(JsonNode meta) {
        Set<String> tools = new LinkedHashSet<>();
        for (String field : FIELDS) {
            meta.path(field).properties().forEach(e -> tool(e.getKey()).ifPresent(tools::add));
        }
        return tools;
    }

    private static boolean isSelecting(String qualified, String field, String key) {
        return field.equals("labels")
                && SELECTING.containsKey(key)
                && SELECTING.get(key).kinds().contains(qualified);
    }

    private static Optional<String> tool(String key) {
        return MARKS.entrySet().stream()
                .filter(m -> m.getKey().endsWith("/") ? key.startsWith(m.getKey()) : key.equals(m.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** Adds the options of a value that are not there yet. */
    private static void annotate(ObjectNode meta, String name, String value) {
        ObjectNode annotations = meta.withObjectProperty("annotations");
        Set<String> options = new LinkedHashSet<>();
        for (String text : List.of(annotations.path(name).asText(), value)) {
            Arrays.stream(text.split(",", -1)).filter(o -> !o.isEmpty()).forEach(options::add);
        }
        annotations.put(name, String.join(",", options));
    }
}
