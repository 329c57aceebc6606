package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import java.util.Optional;
import java.util.Set;

/**
 * Objects that an archive excludes. All other objects are captured, also of unknown kinds.
 *
 * <p>Excluded because the cluster creates them again: events, leases, metrics; objects of a built-in controller whose
 * own object is captured (pods, the claims of their ephemeral volumes, ReplicaSets of Deployments, revisions, Jobs of CronJobs, EndpointSlices and Endpoints
 * of Services). So {@code kubectl rollout undo} has no history after a restore. Excluded because they belong to a
 * moment: RestorePoints, Restores, mover objects, volume snapshots (their data is in the repository). Excluded because
 * its template creates it again: a policy that a template manages. Excluded because they open the points themselves: Secrets for
 * locations, by their label; {@link ReferencedSecrets} finds those that a location names.
 */
public final class CaptureRules {
    private static final Set<String> KINDS = Set.of(
            "events",
            "events.events.k8s.io",
            "leases.coordination.k8s.io",
            "restorepoints." + Api.GROUP,
            "restores." + Api.GROUP,
            "verifications." + Api.GROUP,
            "failoverrequests." + Api.GROUP,
            "volumesnapshots.snapshot.storage.k8s.io",
            "volumegroupsnapshots.groupsnapshot.storage.k8s.io",
            "csistoragecapacities.storage.k8s.io");

    private static final Set<String> SNAPSHOTS =
            Set.of("volumesnapshots.snapshot.storage.k8s.io", "volumegroupsnapshots.groupsnapshot.storage.k8s.io");

    /** Kinds that a built-in controller creates again for its object. */
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
    /** This key opens all data of the location. A location that names no Secret uses it. */
    private static final String MASTER_KEY = "breakwater-master-key";

    private static final String ROOT_CA = "kube-root-ca.crt";

    private CaptureRules() {}

    public static boolean kind(ApiKind kind) {
        return !KINDS.contains(kind.qualified());
    }

    /** Whether an object of a captured kind is captured. Reads only metadata. */
    public static boolean object(ApiKind kind, JsonNode object) {
        return !isBeingDeleted(object) && selects(kind, object);
    }

    /** Whether an object would be captured if its deletion had not started. */
    public static boolean isOnlyDeleted(ApiKind kind, JsonNode object) {
        return isBeingDeleted(object) && selects(kind, object);
    }

    /** Whether users create objects of an excluded kind, which may be the only record of their data. */
    public static boolean isOfUsers(ApiKind kind) {
        return SNAPSHOTS.contains(kind.qualified());
    }

    private static boolean isBeingDeleted(JsonNode object) {
        return object.path("metadata").has("deletionTimestamp");
    }

    private static boolean selects(ApiKind kind, JsonNode object) {
        JsonNode meta = object.path("metadata");
        JsonNode labels = meta.path("labels");
        if (hasExcludingLabel(labels)) {
            return false;
        }
        String name = meta.path("name").asText();
        return switch (kind.qualified()) {
            case "configmaps" -> !name.equals(ROOT_CA);
            case "secrets" -> !name.equals(MASTER_KEY) && !isOfRegistry(meta.path("annotations"));
            case "backuppolicies." + Api.GROUP -> !labels.has(Api.TEMPLATE);
            case "serviceaccounts" -> !name.equals(MOVER_ACCOUNT);
            case "endpoints" ->
                !labels.path("endpoints.kubernetes.io/managed-by").asText().equals("endpoint-controller");
            case "persistentvolumeclaims" -> !isOfPod(meta);
            case "pods" ->
                controller(meta).isEmpty() && !meta.path("annotations").has("kubernetes.io/config.mirror");
            default -> !isRemade(kind, meta);
        };
    }

    /**
     * Whether a claim is the ephemeral volume of a pod: kubelet and scheduler create it again with the pod, and a pod accepts
     * no other claim of this name. A StatefulSet may also set a pod as the owner of its claim, but it has another name.
     */
    public static boolean isOfPod(JsonNode claimMeta) {
        return controller(claimMeta)
                .filter(o -> o.path("kind").asText().equals("Pod")
                        && o.path("apiVersion").asText().equals("v1"))
                .filter(o -> claimMeta
                        .path("name")
                        .asText()
                        .startsWith(o.path("name").asText() + "-"))
                .isPresent();
    }

    /** Whether OpenShift created the Secret for an account: credentials of the internal registry of this cluster. */
    private static boolean isOfRegistry(JsonNode annotations) {
        return annotations.has("openshift.io/token-secret.name")
                || annotations.has("openshift.io/internal-registry-auth-token.service-account");
    }

    private static boolean hasExcludingLabel(JsonNode labels) {
        return isTrue(labels, Api.EXCLUDE)
                || isTrue(labels, Api.VELERO_EXCLUDE)
                || labels.has(Api.RUN)
                || labels.has(Api.COMPONENT)
                || labels.has(Api.LOCATION_CREDENTIALS);
    }

    /** Whether an existing object is a Secret of Breakwater or of a location. All of them have one of these labels. */
    public static boolean isProtected(ApiKind kind, JsonNode live) {
        JsonNode meta = live.path("metadata");
        return kind.qualified().equals("secrets")
                && (hasExcludingLabel(meta.path("labels"))
                        || meta.path("name").asText().equals(MASTER_KEY));
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
