package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;

/**
 * Policies that reach beyond their namespace: templates, policies with all of the cluster's objects, and the policies that
 * templates keep. The first two are an administrator's, who writes in the operator's namespace; the last are nobody's to
 * change but the operator's.
 */
final class TemplateCheck {
    private static final List<String> WRITTEN_BY_SERVER = List.of("managedFields", "resourceVersion", "generation");

    private final KubernetesClient client;
    private final String ownNamespace;

    TemplateCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    void policy(BackupPolicy policy, AdmissionRequest review, CheckFindings findings) {
        if (!policy.getMetadata().getNamespace().equals(ownNamespace)) {
            reach(policy, findings);
        }
        String before = label(review.oldObject());
        String now = label(review.object());
        if (before == null && now == null) {
            return;
        }
        boolean operator = review.isFrom(ownNamespace);
        if (before == null && (!operator || !review.isCreate())) {
            findings.refuse(
                    "metadata.labels",
                    Api.TEMPLATE
                            + " says that Breakwater keeps this policy for a template; only Breakwater sets it, and"
                            + " only on what it makes");
        } else if (before != null && !operator && !changed(review).isEmpty()) {
            findings.refuse(changed(review), kept(policy, before) + "; change that one");
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

    /** What to say to somebody who wants to delete a policy that a template keeps. */
    String removal(BackupPolicy policy) {
        return "metadata.name: "
                + kept(policy, policy.keptBy().orElseThrow())
                + "; leave this namespace out of its spec.source.namespaces, or delete it";
    }

    private String kept(BackupPolicy policy, String template) {
        return "BackupPolicy " + policy.getMetadata().getNamespace() + "/"
                + policy.getMetadata().getName() + " is kept by Breakwater, as BackupPolicy " + ownNamespace + "/"
                + template + " says";
    }

    private void reach(BackupPolicy policy, CheckFindings findings) {
        if (policy.template()) {
            findings.refuse(
                    "spec.source.namespaces",
                    "a BackupPolicy protects its own namespace; one for several is an administrator's, in namespace "
                            + ownNamespace);
        }
        if (policy.getSpec().source != null
                && policy.getSpec().source.includeClusterResources == ClusterResources.All) {
            findings.refuse(
                    "spec.source.includeClusterResources",
                    "All holds objects of everybody: that is an administrator's, in namespace " + ownNamespace
                            + "; Referenced holds those that this namespace needs");
        }
    }

    /** The part of an object in which an update changes anything; empty where it changes nothing. */
    private static String changed(AdmissionRequest review) {
        if (!review.oldObject().path("spec").equals(review.object().path("spec"))) {
            return "spec";
        }
        return metadata(review.oldObject()).equals(metadata(review.object())) ? "" : "metadata";
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
