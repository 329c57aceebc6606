package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import java.util.Optional;
import java.util.Set;

/**
 * What stays out of an archive. Everything else is in: a kind that nobody here has heard of is captured.
 *
 * <p>Left out, since the cluster makes it anew: events, leases, metrics; objects controlled by a built-in controller whose
 * own object is captured (pods, ReplicaSets of Deployments, revisions, Jobs of CronJobs, EndpointSlices and Endpoints of
 * Services). Price: {@code kubectl rollout undo} starts anew after a restore. Left out, since it belongs to a moment:
 * RestorePoints, Restores, mover objects, volume snapshots (their data is in the repository). Left out, since its template
 * makes it anew: a policy that a template keeps.
 */
public final class CaptureRules {
    private static final Set<String> KINDS = Set.of(
            "events",
            "events.events.k8s.io",
            "leases.coordination.k8s.io",
            "restorepoints." + Api.GROUP,
            "restores." + Api.GROUP,
            "verifications." + Api.GROUP,
            "volumesnapshots.snapshot.storage.k8s.io",
            "volumegroupsnapshots.groupsnapshot.storage.k8s.io",
            "csistoragecapacities.storage.k8s.io");

    /** Kinds that a built-in controller makes, and remakes, for its object. */
    private static final Set<String> CONTROLLED = Set.of(
            "pods", "replicasets.apps", "controllerrevisions.apps", "jobs.batch", "endpointslices.discovery.k8s.io");

    private static final Set<String> CONTROLLERS = Set.of(
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
            "DaemonSet",
            "ReplicationController",
            "Job",
            "CronJob",
            "Service",
            "Node");

    private static final String MOVER_ACCOUNT = "breakwater-mover";
    /** Archives are not encrypted, and this is the key to everything else that lies beside them. */
    private static final String MASTER_KEY = "breakwater-master-key";

    private static final String ROOT_CA = "kube-root-ca.crt";

    private CaptureRules() {}

    public static boolean kind(ApiKind kind) {
        return !KINDS.contains(kind.qualified());
    }

    /** Whether an object, of a kind that is in, is in. Looks at metadata only. */
    public static boolean object(ApiKind kind, JsonNode object) {
        JsonNode meta = object.path("metadata");
        JsonNode labels = meta.path("labels");
        if (isTrue(labels, Api.EXCLUDE) || isTrue(labels, Api.VELERO_EXCLUDE) || meta.has("deletionTimestamp")) {
            return false;
        }
        if (labels.has(Api.RUN) || labels.has(Api.COMPONENT)) {
            return false;
        }
        String name = meta.path("name").asText();
        return switch (kind.qualified()) {
            case "configmaps" -> !name.equals(ROOT_CA);
            case "secrets" -> !name.equals(MASTER_KEY);
            case "backuppolicies." + Api.GROUP -> !labels.has(Api.TEMPLATE);
            case "serviceaccounts" -> !name.equals(MOVER_ACCOUNT);
            case "endpoints" ->
                !labels.path("endpoints.kubernetes.io/managed-by").asText().equals("endpoint-controller");
            case "pods" ->
                controller(meta).isEmpty() && !meta.path("annotations").has("kubernetes.io/config.mirror");
            default -> !isRemade(kind, meta);
        };
    }

    private static boolean isRemade(ApiKind kind, JsonNode meta) {
        return CONTROLLED.contains(kind.qualified())
                && controller(meta)
                        .map(o -> CONTROLLERS.contains(o.path("kind").asText()))
                        .orElse(false);
    }

    /** The owner that controls the object. */
    public static Optional<JsonNode> controller(JsonNode meta) {
        for (JsonNode owner : meta.path("ownerReferences")) {
            if (owner.path("controller").asBoolean()) {
                return Optional.of(owner);
            }
        }
        return Optional.empty();
    }

    private static boolean isTrue(JsonNode labels, String label) {
        return labels.path(label).asText().equals("true");
    }
}
