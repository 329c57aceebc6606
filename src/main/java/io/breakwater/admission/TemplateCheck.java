package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;

/**
 * Checks policies with effects beyond their namespace: templates, policies with all cluster-wide objects, and the policies
 * that templates manage. Only an administrator may create the first two, in the operator's namespace. Only the operator may
 * change the last.
 */
final class TemplateCheck {
    private static final List<String> WRITTEN_BY_SERVER = List.of("managedFields", "resourceVersion", "generation");

    private final KubernetesClient client;
    private final String ownNamespace;

    TemplateCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    void policy(BackupPolicy policy, AdmissionRequest request, CheckFindings findings) {
        if (!policy.getMetadata().getNamespace().equals(ownNamespace)) {
            scope(policy, findings);
        }
        String before = label(request.oldObject());
        String now = label(request.object());
        if (before == null && now == null) {
            return;
        }
        boolean operator = request.isFrom(ownNamespace);
        if (before == null && (!operator || !request.isCreate())) {
            findings.refuse(
                    "metadata.labels",
                    Api.TEMPLATE
                            + " marks a policy that a template manages; only Breakwater may set it, and only on"
                            + " policies that it creates");
        } else if (before != null && !operator && !changed(request).isEmpty()) {
            findings.refuse(changed(request), managed(policy, before) + "; change the template");
        }
    }

    /** Refuses to name a template where a policy is needed that captures something itself. */
    void reference(String namespace, String field, NamedRef ref, String wayOut, CheckFindings findings) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(ref.name)
                .get();
        if (policy != null && policy.template()) {
            findings.refuse(
                    field, "BackupPolicy '" + ref.name + "' is a template, which captures nothing itself: " + wayOut);
        }
    }

    /** The refusal to delete a policy that a template manages. */
    String deletionRefusal(BackupPolicy policy) {
        return "metadata.name: "
                + managed(policy, policy.managedBy().orElseThrow())
                + "; exclude this namespace in spec.source.namespaces of the template, or delete the template";
    }

    private String managed(BackupPolicy policy, String template) {
        return ObjectNames.of(policy) + " is managed by Breakwater, with template BackupPolicy " + ownNamespace + "/"
                + template;
    }

    private void scope(BackupPolicy policy, CheckFindings findings) {
        if (policy.template()) {
            findings.refuse(
                    "spec.source.namespaces",
                    "a BackupPolicy protects its own namespace; an administrator can create one for several namespaces"
                            + " in namespace " + ownNamespace);
        }
        if (policy.getSpec().source != null
                && policy.getSpec().source.includeClusterResources == ClusterResources.All) {
            findings.refuse(
                    "spec.source.includeClusterResources",
                    "All captures objects of all users, so only an administrator may use it, in namespace "
                            + ownNamespace + "; use Referenced to capture the objects that this namespace needs");
        }
    }

    /** The part of an object that an update changes; empty when it changes nothing. */
    private static String changed(AdmissionRequest request) {
        if (!request.oldObject().path("spec").equals(request.object().path("spec"))) {
            return "spec";
        }
        return metadata(request.oldObject()).equals(metadata(request.object())) ? "" : "metadata";
    }

    private static JsonNode metadata(JsonNode object) {
        JsonNode metadata = object.path("metadata").deepCopy();
        if (metadata instanceof ObjectNode fields) {
            fields.remove(WRITTEN_BY_SERVER);
        }
        return metadata;
    }

    private static String label(JsonNode object) {
        return object.at("/metadata/labels").path(Api.TEMPLATE).asText(null);
    }
}
