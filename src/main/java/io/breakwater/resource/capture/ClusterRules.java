package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.ApiKind;
import java.util.Set;

/**
 * What of the cluster's own objects stays out of an archive that holds all of them. Everything else is in: a kind that nobody
 * here has heard of is captured.
 *
 * <p>Left out, since it tells about this cluster's machines and its present moment: nodes and what drivers say about them,
 * attachments, requests for certificates, addresses, contents of snapshots, versions of the API server. Left out, since the
 * API server makes it anew, and would overwrite it: APIServices of its own and of definitions, flow control of its own.
 * Namespaces: each one is in the points of its own policy.
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

    /** Whether an object, of a kind that is in, is in; one of a namespace always is. Looks at metadata only. */
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
                // Ours: the operator writes it, with the authority of the moment.
                !kind.qualified().endsWith(WEBHOOKS)
                        || !labels.path("app.kubernetes.io/managed-by").asText().equals("breakwater");
            default -> true;
        };
    }
}
