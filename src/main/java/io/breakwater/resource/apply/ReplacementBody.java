package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.ApiKind;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The body of an update that makes an existing object equal to a captured one, except fields that the server does not
 * release.
 */
final class ReplacementBody {
    private static final String REVISION = "deployment.kubernetes.io/revision";

    private ReplacementBody() {}

    /**
     * @param wanted is changed and returned
     * @param moved whether the captured object is of another namespace; then GitOps tools keep their marks on the existing one
     */
    static ObjectNode of(ApiKind kind, ObjectNode wanted, JsonNode live, boolean moved) {
        ObjectNode meta = (ObjectNode) wanted.path("metadata");
        JsonNode old = live.path("metadata");
        copy(old, meta, "resourceVersion");
        copy(old, meta, "uid");
        if (!meta.has("ownerReferences")) {
            copy(old, meta, "ownerReferences");
        }
        finalizers(old, meta);
        if (moved && kind.namespaced()) {
            TrackingMarks.keep(old, meta);
        }
        copy(old.path("annotations"), meta.withObjectProperty("annotations"), REVISION);
        if (kind.hasStatus()) {
            copy(live, wanted, "status");
        }
        switch (kind.qualified()) {
            case "services" -> service(wanted.path("spec"), live.path("spec"));
            case "serviceaccounts" -> {
                copy(live, wanted, "secrets");
                AccountSecrets.addExisting(live, wanted);
            }
            case "jobs.batch" -> job(wanted.path("spec"), live.path("spec"));
            default -> {}
        }
        return wanted;
    }

    /** Existing finalizers protect something outside the cluster, which their removal would leak. */
    private static void finalizers(JsonNode old, ObjectNode meta) {
        Set<String> all = new LinkedHashSet<>();
        for (JsonNode source : List.of(old.path("finalizers"), meta.path("finalizers"))) {
            source.forEach(f -> all.add(f.asText()));
        }
        if (!all.isEmpty()) {
            ArrayNode merged = meta.putArray("finalizers");
            all.forEach(merged::add);
        }
    }

    private static void service(JsonNode wanted, JsonNode live) {
        boolean clustered = !live.path("clusterIP").asText("None").equals("None");
        if (wanted instanceof ObjectNode w
                && clustered
                && !w.has("clusterIP")
                && !w.path("type").asText().equals("ExternalName")) {
            copy(live, w, "clusterIP");
            copy(live, w, "clusterIPs");
            copy(live, w, "healthCheckNodePort");
        }
    }

    private static void job(JsonNode wanted, JsonNode live) {
        if (wanted instanceof ObjectNode w && !w.has("selector")) {
            copy(live, w, "selector");
            JsonNode labels = live.path("template").path("metadata").path("labels");
            if (w.path("template") instanceof ObjectNode template) {
                ObjectNode mine = template.withObjectProperty("metadata").withObjectProperty("labels");
                copy(labels, mine, "controller-uid");
                copy(labels, mine, "batch.kubernetes.io/controller-uid");
            }
        }
    }

    private static void copy(JsonNode from, ObjectNode to, String field) {
        if (from.has(field)) {
            to.set(field, from.get(field));
        }
    }
}
