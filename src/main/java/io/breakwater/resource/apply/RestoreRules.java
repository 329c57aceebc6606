package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.CaptureRules;
import io.breakwater.velero.ObjectKey;
import java.util.Optional;
import java.util.Set;

/** Which archived objects are brought back, and how far. */
final class RestoreRules {
    /** Made by the caller, by a controller, or never to come back. */
    private static final Set<String> NEVER = Set.of(
            "persistentvolumeclaims",
            "persistentvolumes",
            "namespaces",
            "failoverplans." + Api.GROUP,
            "nodes",
            "volumesnapshotcontents.snapshot.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "controllerrevisions.apps");

    /** Ours: the present ones always win, and those of another namespace mean nothing here. */
    private static final Set<String> OURS = Set.of("backuppolicies." + Api.GROUP, "backuplocations." + Api.GROUP);

    private RestoreRules() {}

    /** Whether no object of this kind is brought back here. */
    static boolean isNever(String qualified) {
        return NEVER.contains(qualified);
    }

    /** Whether an author needs no right to it. Claims are made by the caller, but in the author's name. */
    static boolean isNeverAuthored(String qualified) {
        return NEVER.contains(qualified) && !qualified.equals("persistentvolumeclaims");
    }

    /**
     * Why an object stays in the archive.
     *
     * @param moved whether the target is another namespace than the source
     * @return the reason, or empty for an object that is brought back
     */
    static Optional<String> excluded(ApiKind kind, JsonNode object, boolean moved) {
        String type = kind.qualified();
        if (NEVER.contains(type) || !CaptureRules.kind(kind)) {
            return Optional.of("objects of this kind are not restored as such");
        }
        if (OURS.contains(type) && moved) {
            return Optional.of("it belongs to the namespace that it was captured in");
        }
        if (!CaptureRules.object(kind, object)) {
            return Optional.of("the cluster makes it anew, or it is marked to be left out");
        }
        JsonNode status = object.path("status");
        return switch (type) {
            case "jobs.batch" -> isFinished(status) ? Optional.of("the Job was over") : Optional.empty();
            case "pods" ->
                Set.of("Succeeded", "Failed").contains(status.path("phase").asText())
                        ? Optional.of("the pod was over")
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** Whether an object that is there already stays as it is, whatever the conflict policy says. */
    static boolean isCreatedOnly(ApiKind kind, JsonNode object) {
        return !kind.namespaced()
                || OURS.contains(kind.qualified())
                || kind.qualified().equals("secrets")
                        && object.path("type").asText().equals("kubernetes.io/service-account-token");
    }

    static boolean isPolicy(ApiKind kind) {
        return kind.qualified().equals("backuppolicies." + Api.GROUP);
    }

    /** Objects that every namespace has from the start; finding them is no conflict. */
    static boolean isGiven(ObjectKey key) {
        return key.directory().equals("serviceaccounts") && key.name().equals("default");
    }

    private static boolean isFinished(JsonNode status) {
        for (JsonNode condition : status.path("conditions")) {
            if (Set.of("Complete", "Failed").contains(condition.path("type").asText())
                    && condition.path("status").asText().equals("True")) {
                return true;
            }
        }
        return false;
    }
}
