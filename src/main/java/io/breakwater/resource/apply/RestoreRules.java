package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.CaptureRules;
import io.breakwater.velero.ObjectKey;
import java.util.Optional;
import java.util.Set;

/** Rules for archived objects that are restored partly or not at all. */
final class RestoreRules {
    /** Created by the caller or by a controller, or never restored. */
    private static final Set<String> NEVER = Set.of(
            "persistentvolumeclaims",
            "persistentvolumes",
            "namespaces",
            "failoverplans." + Api.GROUP,
            "nodes",
            "volumesnapshotcontents.snapshot.storage.k8s.io",
            "volumeattachments.storage.k8s.io");

    /**
     * Kinds of Breakwater: existing ones take precedence, and those of another namespace are not valid in the target.
     */
    private static final Set<String> OURS = Set.of("backuppolicies." + Api.GROUP, "backuplocations." + Api.GROUP);

    private static final String ELSEWHERE = "it belongs to the namespace that it was captured in";
    private static final String ENDED_JOB = "the Job had ended";
    private static final String ENDED_POD = "the pod had ended";

    private RestoreRules() {}

    /** The warning about a cause of {@link #excluded}, for many objects; empty if nothing creates the object again. */
    static Optional<String> expected(String cause) {
        return switch (cause) {
            case ELSEWHERE -> Optional.of("they belong to the namespace that they were captured in");
            case ENDED_JOB -> Optional.of("the Jobs had ended");
            case ENDED_POD -> Optional.of("the pods had ended");
            default -> Optional.empty();
        };
    }

    /** The warning about a kind that is never restored; empty if the caller or a controller creates its objects. */
    static Optional<String> neverExpected(String qualified) {
        return qualified.equals("failoverplans." + Api.GROUP)
                ? Optional.of("a FailoverPlan belongs to the two sites that it names")
                : Optional.empty();
    }

    /** Whether objects of this kind are never restored here. */
    static boolean isNever(String qualified) {
        return NEVER.contains(qualified);
    }

    /**
     * Whether an author needs no right for this kind. Claims need it: the caller creates them on behalf of the author.
     */
    static boolean isNeverAuthored(String qualified) {
        return NEVER.contains(qualified) && !qualified.equals("persistentvolumeclaims");
    }

    /**
     * The cause why an object is not restored.
     *
     * @param moved whether the target is not the source namespace
     * @return the cause, or empty for an object that is restored
     */
    static Optional<String> excluded(ApiKind kind, JsonNode object, boolean moved) {
        String type = kind.qualified();
        if (NEVER.contains(type) || !CaptureRules.kind(kind)) {
            return Optional.of("objects of this kind are not restored directly");
        }
        if (OURS.contains(type) && moved) {
            return Optional.of(ELSEWHERE);
        }
        if (!CaptureRules.object(kind, object)) {
            return Optional.of("the cluster creates it, or a label excludes it");
        }
        JsonNode status = object.path("status");
        return switch (type) {
            case "jobs.batch" -> isFinished(status) ? Optional.of(ENDED_JOB) : Optional.empty();
            case "pods" ->
                Set.of("Succeeded", "Failed").contains(status.path("phase").asText())
                        ? Optional.of(ENDED_POD)
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** Whether an existing object is never changed, with any conflict policy. */
    static boolean isCreatedOnly(ApiKind kind, JsonNode object) {
        return !kind.namespaced()
                || OURS.contains(kind.qualified())
                || kind.qualified().equals("secrets")
                        && object.path("type").asText().equals("kubernetes.io/service-account-token");
    }

    static boolean isPolicy(ApiKind kind) {
        return kind.qualified().equals("backuppolicies." + Api.GROUP);
    }

    /** Objects that every namespace has from the start; they are not a conflict. */
    static boolean isGiven(ObjectKey key) {
        return key.directory().equals("serviceaccounts") && key.name().equals("default");
    }

    /** Whether a Job or a pod has ended. */
    static boolean hasEnded(JsonNode object) {
        JsonNode status = object.path("status");
        return isFinished(status)
                || Set.of("Succeeded", "Failed").contains(status.path("phase").asText());
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
