package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.ApiKind;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Cluster-scoped objects that the captured ones need, collected during the capture: volumes, StorageClasses,
 * PriorityClasses, ClusterRoles, and the definitions of custom resources. Memory grows with the number of claims and
 * kinds, not of objects.
 */
final class ClusterReferences {
    /** One object of a kind, by {@link ApiKind#qualified}. */
    record Reference(String kind, String name) implements Comparable<Reference> {
        @Override
        public int compareTo(Reference other) {
            int byKind = kind.compareTo(other.kind);
            return byKind != 0 ? byKind : name.compareTo(other.name);
        }
    }

    private static final String CLUSTER_ROLES = "clusterroles.rbac.authorization.k8s.io";
    private final Set<Reference> found = new ConcurrentSkipListSet<>();

    Set<Reference> found() {
        return found;
    }

    /** Collects the references of one captured object. */
    void collect(ApiKind kind, JsonNode object) {
        if (!kind.group().isEmpty()) {
            // It is read by name later; groups of the API server itself have no definition.
            add("customresourcedefinitions.apiextensions.k8s.io", kind.group().contains(".") ? kind.qualified() : "");
        }
        JsonNode spec = object.path("spec");
        switch (kind.qualified()) {
            case "persistentvolumeclaims" -> {
                add("persistentvolumes", spec.path("volumeName").asText());
                add(
                        "storageclasses.storage.k8s.io",
                        spec.path("storageClassName").asText());
            }
            case "rolebindings.rbac.authorization.k8s.io" -> role(object.path("roleRef"));
            case "pods" ->
                add(
                        "priorityclasses.scheduling.k8s.io",
                        spec.path("priorityClassName").asText());
            default -> workload(spec);
        }
    }

    /** The ClusterRole that a binding grants. */
    void role(JsonNode roleRef) {
        if (roleRef.path("kind").asText().equals("ClusterRole")) {
            add(CLUSTER_ROLES, roleRef.path("name").asText());
        }
    }

    private void workload(JsonNode spec) {
        JsonNode pod = spec.path("template").path("spec");
        JsonNode cron = spec.path("jobTemplate").path("spec").path("template").path("spec");
        add("priorityclasses.scheduling.k8s.io", pod.path("priorityClassName").asText());
        add("priorityclasses.scheduling.k8s.io", cron.path("priorityClassName").asText());
        for (JsonNode template : spec.path("volumeClaimTemplates")) {
            add(
                    "storageclasses.storage.k8s.io",
                    template.path("spec").path("storageClassName").asText());
        }
    }

    private void add(String kind, String name) {
        if (!name.isEmpty()) {
            found.add(new Reference(kind, name));
        }
    }
}
