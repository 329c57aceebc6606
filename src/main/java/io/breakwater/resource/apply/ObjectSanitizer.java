package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.resource.AccountNames;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.RestoreMark;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Converts an object from the form of a server to the form of a manifest: without fields that the server owns, and in
 * the target namespace. The rules for each kind follow Velero's restore actions. Owner references are dropped;
 * {@link OwnerReferences} restores them.
 */
final class ObjectSanitizer {
    private static final List<String> SERVER_OWNED = List.of(
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "managedFields",
            "ownerReferences",
            "generateName");

    private static final Set<String> SERVER_ANNOTATIONS =
            Set.of("deployment.kubernetes.io/revision", RestoreMark.ANNOTATION);
    private static final Set<String> SERVER_FINALIZERS = Set.of("foregroundDeletion", "orphan", Api.FINALIZER);
    private static final List<String> JOB_LABELS = List.of("controller-uid", "batch.kubernetes.io/controller-uid");

    private final String source;
    private final String target;
    private final boolean moved;

    ObjectSanitizer(String source, String target) {
        this(source, target, !source.equals(target));
    }

    private ObjectSanitizer(String source, String target, boolean moved) {
        this.source = source;
        this.target = target;
        this.moved = moved;
    }

    /** The same rules for objects that exist in the target namespace, to compare them. */
    ObjectSanitizer ofTarget() {
        return new ObjectSanitizer(target, target, moved);
    }

    /** A cleaned copy, in the version of the kind. */
    ObjectNode clean(ApiKind kind, JsonNode captured) {
        ObjectNode object = captured.deepCopy();
        ObjectNode meta = (ObjectNode) object.path("metadata");
        meta.remove(SERVER_OWNED);
        if (object.has("apiVersion")) {
            object.put("apiVersion", kind.apiVersion());
        }
        if (kind.hasStatus()) {
            object.remove("status");
        }
        if (kind.namespaced()) {
            meta.put("namespace", target);
        }
        if (moved && kind.namespaced()) {
            TrackingMarks.remove(kind.qualified(), meta);
        }
        if (meta.path("annotations") instanceof ObjectNode a) {
            a.remove(SERVER_ANNOTATIONS);
        }
        if (meta.path("labels") instanceof ObjectNode l) {
            // Labels of a claim that was listed while a group snapshot was taken.
            l.properties().removeIf(e -> e.getKey().startsWith(Api.CUT));
        }
        removeIf(meta.path("finalizers"), f -> SERVER_FINALIZERS.contains(f.asText()));
        dropEmpty(meta, "annotations");
        dropEmpty(meta, "finalizers");
        dropEmpty(meta, "labels");
        rules(kind, object, meta);
        return object;
    }

    private void rules(ApiKind kind, ObjectNode object, ObjectNode meta) {
        switch (kind.qualified()) {
            case "services" -> service(object.path("spec"));
            case "pods" -> pod(object.path("spec"));
            case "jobs.batch" -> job(object, meta);
            case "secrets" -> secret(object, meta);
            case "serviceaccounts" -> AccountSecrets.remove(object);
            case "rolebindings.rbac.authorization.k8s.io",
                    "clusterrolebindings.rbac.authorization.k8s.io",
                    "rolebindings.authorization.openshift.io",
                    "clusterrolebindings.authorization.openshift.io" -> binding(object);
            case "securitycontextconstraints.security.openshift.io" -> move(object, "users", "groups");
            default -> {}
        }
    }

    /** Node ports stay, because users may have published them. If one is in use, see {@link #withoutPorts}. */
    private static void service(JsonNode spec) {
        if (spec instanceof ObjectNode s && !s.path("clusterIP").asText().equals("None")) {
            s.remove(List.of("clusterIP", "clusterIPs"));
        }
        if (spec instanceof ObjectNode s) {
            s.remove("healthCheckNodePort");
            if (s.path("type").asText().equals("ClusterIP")) {
                // A transform may have changed the type; the API server refuses the remaining node ports of the former
                // type.
                dropNodePorts(s);
            }
        }
    }

    private static void dropNodePorts(JsonNode spec) {
        spec.path("ports").forEach(p -> ((ObjectNode) p).remove("nodePort"));
    }

    /** A copy of a Service without node ports, so that the server assigns free ones. */
    static ObjectNode withoutPorts(ObjectNode service) {
        ObjectNode copy = service.deepCopy();
        dropNodePorts(copy.path("spec"));
        return copy;
    }

    private static void pod(JsonNode spec) {
        if (!(spec instanceof ObjectNode s)) {
            return;
        }
        s.remove(List.of("nodeName", "priority", "ephemeralContainers"));
        Predicate<JsonNode> token = v -> v.path("name").asText().startsWith("kube-api-access-");
        removeIf(s.path("volumes"), token);
        for (String containers : List.of("containers", "initContainers")) {
            s.path(containers).forEach(c -> removeIf(c.path("volumeMounts"), token));
        }
        removeIf(s.path("schedulingGates"), g -> g.path("name").asText().equals(Api.STANDBY));
        dropEmpty(s, "schedulingGates");
    }

    private static void job(ObjectNode object, ObjectNode meta) {
        JsonNode spec = object.path("spec");
        if (spec instanceof ObjectNode s && !s.path("manualSelector").asBoolean()) {
            s.remove("selector");
            for (JsonNode labels : List.of(
                    meta.path("labels"), s.path("template").path("metadata").path("labels"))) {
                if (labels instanceof ObjectNode l) {
                    l.remove(JOB_LABELS);
                }
            }
        }
    }

    private static void secret(ObjectNode object, ObjectNode meta) {
        if (object.path("type").asText().equals("kubernetes.io/service-account-token")) {
            if (object.path("data") instanceof ObjectNode d) {
                d.remove(List.of("token", "ca.crt", "namespace"));
            }
            if (meta.path("annotations") instanceof ObjectNode a) {
                a.remove("kubernetes.io/service-account.uid");
            }
        }
    }

    /** Subjects, and the lists of users and groups in OpenShift's own bindings, whose role can be in a namespace. */
    private void binding(ObjectNode object) {
        for (JsonNode subject : object.path("subjects")) {
            if (AccountNames.isOf(subject, source)) {
                ObjectNode account = (ObjectNode) subject;
                account.put("name", AccountNames.moved(account.path("name").asText(), source, target));
                if (account.path("kind").asText().equals("ServiceAccount")) {
                    account.put("namespace", target);
                }
            }
        }
        if (object.path("roleRef") instanceof ObjectNode role
                && role.path("namespace").asText().equals(source)) {
            role.put("namespace", target);
        }
        move(object, "userNames", "groupNames");
    }

    private void move(ObjectNode object, String... fields) {
        for (String field : fields) {
            if (object.path(field) instanceof ArrayNode names) {
                for (int i = 0; i < names.size(); i++) {
                    names.set(i, AccountNames.moved(names.path(i).asText(), source, target));
                }
            }
        }
    }

    private static void removeIf(JsonNode array, Predicate<JsonNode> test) {
        if (array instanceof ArrayNode items) {
            for (Iterator<JsonNode> i = items.iterator(); i.hasNext(); ) {
                if (test.test(i.next())) {
                    i.remove();
                }
            }
        }
    }

    private static void dropEmpty(ObjectNode node, String field) {
        if (node.path(field).isContainerNode() && node.path(field).isEmpty()) {
            node.remove(field);
        }
    }
}
