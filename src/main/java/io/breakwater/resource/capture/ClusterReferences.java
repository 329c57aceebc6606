package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.ApiKind;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Cluster-scoped objects that the captured ones need, collected during the capture: volumes, StorageClasses,
 * VolumeAttributesClasses, PriorityClasses, RuntimeClasses, ClusterRoles, and the definitions of custom resources. Memory grows with the number of claims and
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

    private static final String CLASSES = "storageclasses.storage.k8s.io";
    /** Where a claim names its class if its spec does not. */
    private static final String LEGACY = "volume.beta.kubernetes.io/storage-class";

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
                claim(object);
            }
            case "rolebindings.rbac.authorization.k8s.io" -> role(object.path("roleRef"));
            case "pods" -> pod(spec);
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
        pod(spec.path("template").path("spec"));
        pod(spec.path("jobTemplate").path("spec").path("template").path("spec"));
        spec.path("volumeClaimTemplates").forEach(this::claim);
    }

    private void pod(JsonNode spec) {
        add("priorityclasses.scheduling.k8s.io", spec.path("priorityClassName").asText());
        add("runtimeclasses.node.k8s.io", spec.path("runtimeClassName").asText());
    }

    /** The classes of a claim, or of the template of one. */
    private void claim(JsonNode claim) {
        JsonNode spec = claim.path("spec");
        add(CLASSES, spec.path("storageClassName").asText());
        add(CLASSES, claim.path("metadata").path("annotations").path(LEGACY).asText());
        add(
                "volumeattributesclasses.storage.k8s.io",
                spec.path("volumeAttributesClassName").asText());
    }

    private void add(String kind, String name) {
        if (!name.isEmpty()) {
            found.add(new Reference(kind, name));
        }
    }
}
