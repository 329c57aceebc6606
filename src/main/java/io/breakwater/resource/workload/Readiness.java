package io.breakwater.resource.workload;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Readiness of an object, by the rules of its kind; for unknown kinds by its conditions, as in kstatus. A replica
 * counts as up when it is available and has the newest template, if the API server reports that.
 *
 * @param message without kind and name; empty if the object is up
 */
public record Readiness(State state, String message) {
    enum State {
        UP,
        WAITING,
        /** It will not become ready without a change. */
        FAILED
    }

    private static final Readiness UP = new Readiness(State.UP, "");
    private static final List<String> CONDITIONS = List.of("Ready", "Available");

    boolean isUp() {
        return state == State.UP;
    }

    /** Whether an object of an unknown kind reports its readiness. */
    public static boolean reports(JsonNode object) {
        return condition(object, "Ready")
                .or(() -> condition(object, "Available"))
                .isPresent();
    }

    /**
     * Readiness of an object.
     *
     * @param reports whether a condition reports its readiness and must appear
     */
    static Readiness of(JsonNode object, boolean reports) {
        if (object.path("metadata").has("deletionTimestamp")) {
            return waiting("it is being deleted");
        }
        return switch (kind(object)) {
            case "apps/Deployment" -> deployment(object);
            case "apps/StatefulSet" -> statefulSet(object);
            case "apps/DaemonSet" -> daemonSet(object);
            case "apps/ReplicaSet", "/ReplicationController" ->
                replicas(object, wanted(object), status(object, "availableReplicas"));
            case "batch/Job" -> job(object);
            case "/Pod" -> pod(object);
            case "/PersistentVolumeClaim" ->
                phase(object).equals("Bound") ? UP : waiting("it is " + phase(object) + ", not Bound");
            default -> conditions(object, reports);
        };
    }

    /** Readiness by the number of ready replicas, of any template; for workloads that start again. */
    static Readiness ofReplicas(JsonNode workload) {
        return switch (kind(workload)) {
            case "apps/DaemonSet" ->
                replicas(workload, status(workload, "desiredNumberScheduled"), status(workload, "numberReady"));
            default -> replicas(workload, wanted(workload), status(workload, "readyReplicas"));
        };
    }

    private static Readiness deployment(JsonNode d) {
        int wanted = wanted(d);
        Readiness counted = replicas(d, wanted, status(d, "availableReplicas"));
        boolean rollsOut = !d.path("spec").path("paused").asBoolean();
        if (counted.isUp() && rollsOut && status(d, "updatedReplicas") < wanted) {
            return waiting(status(d, "updatedReplicas") + " of " + wanted + " updated");
        }
        return counted;
    }

    private static Readiness statefulSet(JsonNode s) {
        int wanted = wanted(s);
        boolean hasAvailable = s.path("status").has("availableReplicas");
        Readiness counted = replicas(s, wanted, status(s, hasAvailable ? "availableReplicas" : "readyReplicas"));
        JsonNode strategy = s.path("spec").path("updateStrategy");
        int kept = strategy.path("rollingUpdate").path("partition").asInt();
        boolean rollsOut = !strategy.path("type").asText().equals("OnDelete");
        // When all replicas have one revision, the API server counts them as current, and no longer as updated.
        boolean oneRevision =
                s.path("status").path("currentRevision").equals(s.path("status").path("updateRevision"));
        if (counted.isUp() && rollsOut && !oneRevision && status(s, "updatedReplicas") < wanted - kept) {
            return waiting(status(s, "updatedReplicas") + " of " + (wanted - kept) + " updated");
        }
        return counted;
    }

    private static Readiness daemonSet(JsonNode d) {
        int wanted = status(d, "desiredNumberScheduled");
        Readiness counted = replicas(d, wanted, status(d, "numberAvailable"));
        boolean rollsOut =
                !d.path("spec").path("updateStrategy").path("type").asText().equals("OnDelete");
        if (counted.isUp() && rollsOut && status(d, "updatedNumberScheduled") < wanted) {
            return waiting(status(d, "updatedNumberScheduled") + " of " + wanted + " updated");
        }
        return counted;
    }

    private static Readiness replicas(JsonNode workload, int wanted, int ready) {
        long generation = workload.path("metadata").path("generation").asLong();
        if (generation > 0 && workload.path("status").path("observedGeneration").asLong() < generation) {
            return waiting("its controller has not processed it yet");
        }
        return ready >= wanted ? UP : waiting(ready + " of " + wanted + " ready");
    }

    private static Readiness job(JsonNode job) {
        if (holds(job, "Complete")) {
            return UP;
        }
        Optional<JsonNode> failed =
                condition(job, "Failed").filter(c -> c.path("status").asText().equals("True"));
        if (failed.isPresent()) {
            return failed("it failed: " + words(failed.get()));
        }
        if (job.path("spec").path("suspend").asBoolean()) {
            return waiting("it is suspended");
        }
        int wanted = job.path("spec").path("completions").asInt(1);
        return waiting(status(job, "succeeded") + " of " + wanted + " completed");
    }

    private static Readiness pod(JsonNode pod) {
        if (phase(pod).equals("Succeeded") || holds(pod, "Ready")) {
            return UP;
        }
        return phase(pod).equals("Failed") ? failed("it is Failed") : waiting("it is " + phase(pod));
    }

    private static Readiness conditions(JsonNode object, boolean reports) {
        JsonNode seen = object.path("status").path("observedGeneration");
        if (seen.isNumber()
                && seen.asLong() < object.path("metadata").path("generation").asLong()) {
            return waiting("its controller has not processed it yet");
        }
        for (String type : CONDITIONS) {
            Optional<JsonNode> found = condition(object, type);
            if (found.isPresent()) {
                return found.get().path("status").asText().equals("True")
                        ? UP
                        : waiting("its condition " + type + " is "
                                + found.get().path("status").asText() + suffix(words(found.get())));
            }
        }
        return reports ? waiting("it has no condition Ready or Available yet") : UP;
    }

    /** Group and kind. */
    private static String kind(JsonNode object) {
        String apiVersion = object.path("apiVersion").asText();
        int slash = apiVersion.indexOf('/');
        return (slash < 0 ? "" : apiVersion.substring(0, slash)) + "/"
                + object.path("kind").asText();
    }

    private static int wanted(JsonNode workload) {
        return workload.path("spec").path("replicas").asInt(1);
    }

    private static int status(JsonNode object, String field) {
        return object.path("status").path(field).asInt();
    }

    private static String phase(JsonNode object) {
        return object.path("status").path("phase").asText("Pending");
    }

    private static boolean holds(JsonNode object, String type) {
        return condition(object, type)
                .filter(c -> c.path("status").asText().equals("True"))
                .isPresent();
    }

    private static Optional<JsonNode> condition(JsonNode object, String type) {
        for (JsonNode c : object.path("status").path("conditions")) {
            if (c.path("type").asText().equals(type)) {
                return Optional.of(c);
            }
        }
        return Optional.empty();
    }

    private static String suffix(String words) {
        return words.isEmpty() ? "" : ": " + words;
    }

    private static String words(JsonNode condition) {
        return Stream.of("reason", "message")
                .map(field -> condition.path(field).asText())
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(": "));
    }

    private static Readiness waiting(String message) {
        return new Readiness(State.WAITING, message);
    }

    private static Readiness failed(String message) {
        return new Readiness(State.FAILED, message);
    }
}
