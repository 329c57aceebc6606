package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.ApiKind;
import java.util.Set;

/**
 * Cluster-scoped objects that an archive of all of them excludes. All other objects are captured, also of unknown
 * kinds.
 *
 * <p>Excluded because they describe the machines of this cluster and its current state: nodes and reports of drivers
 * about them, attachments, requests for certificates, addresses, contents of snapshots, versions of the API server.
 * Excluded because the API server creates them again and would overwrite them: its own APIServices and those of
 * definitions, its own flow control. Excluded because each is in the points of its own policy: Namespaces.
 */
final class ClusterRules {
    private static final Set<String> KINDS = Set.of(
            "namespaces",
            "nodes",
            "csinodes.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "certificatesigningrequests.certificates.k8s.io",
            "resourceslices.resource.k8s.io",
            "ipaddresses.networking.k8s.io",
            "storageversions.internal.apiserver.k8s.io",
            "storageversionmigrations.storagemigration.k8s.io",
            "volumesnapshotcontents.snapshot.storage.k8s.io",
            "volumegroupsnapshotcontents.groupsnapshot.storage.k8s.io");

    private static final String WEBHOOKS = "webhookconfigurations.admissionregistration.k8s.io";

    private ClusterRules() {}

    static boolean kind(ApiKind kind) {
        return !KINDS.contains(kind.qualified());
    }

    /** Whether an object of a captured kind is captured; always true for namespaced objects. Reads only metadata. */
    static boolean object(ApiKind kind, JsonNode object) {
        if (kind.namespaced()) {
            return true;
        }
        JsonNode labels = object.path("metadata").path("labels");
        JsonNode annotations = object.path("metadata").path("annotations");
        return switch (kind.group()) {
            case "apiregistration.k8s.io" -> !labels.has("kube-aggregator.kubernetes.io/automanaged");
            case "flowcontrol.apiserver.k8s.io" ->
                !annotations.path("apf.kubernetes.io/autoupdate-spec").asText().equals("true");
            case "admissionregistration.k8s.io" ->
                // The operator writes its own webhooks, with the current certificate authority.
                !kind.qualified().endsWith(WEBHOOKS)
                        || !labels.path("app.kubernetes.io/managed-by").asText().equals("breakwater");
            default -> true;
        };
    }
}
