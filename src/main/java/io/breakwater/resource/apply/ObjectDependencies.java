package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;

/**
 * Objects without which the API server refuses another object, or deletes it soon. Other references may be to objects that do not
 * exist: the pods of a workload wait for a missing Secret.
 */
final class ObjectDependencies {
    private static final String RBAC = "rbac.authorization.k8s.io";

    private ObjectDependencies() {}

    /** The objects that this one needs, with the names of the archive. */
    static List<ObjectKey> of(ObjectKey key, JsonNode object) {
        List<ObjectKey> needed = new ArrayList<>();
        switch (key.directory()) {
            case "rolebindings." + RBAC, "clusterrolebindings." + RBAC -> {
                JsonNode role = object.path("roleRef");
                boolean cluster = role.path("kind").asText().equals("ClusterRole");
                add(
                        needed,
                        RBAC,
                        cluster ? "clusterroles" : "roles",
                        cluster ? "" : key.namespace(),
                        role.path("name"));
            }
            case "secrets" -> {
                if (object.path("type").asText().equals("kubernetes.io/service-account-token")) {
                    JsonNode annotations = object.path("metadata").path("annotations");
                    add(
                            needed,
                            "",
                            "serviceaccounts",
                            key.namespace(),
                            annotations.path("kubernetes.io/service-account.name"));
                }
            }
            case "pods" -> {
                JsonNode spec = object.path("spec");
                add(needed, "", "serviceaccounts", key.namespace(), spec.path("serviceAccountName"));
                add(needed, "scheduling.k8s.io", "priorityclasses", "", spec.path("priorityClassName"));
                add(needed, "node.k8s.io", "runtimeclasses", "", spec.path("runtimeClassName"));
            }
            default -> {}
        }
        return needed;
    }

    private static void add(List<ObjectKey> needed, String group, String resource, String namespace, JsonNode name) {
        if (name.isTextual()) {
            needed.add(new ObjectKey(group, resource, namespace, name.asText()));
        }
    }
}
