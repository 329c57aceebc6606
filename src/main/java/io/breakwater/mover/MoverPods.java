package io.breakwater.mover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the pods of mover Jobs: their state, their progress, and the termination message in which a mover reports its result. */
final class MoverPods {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final int LAST_LINES = 3;

    /** Bytes of these lines: the pod decides how long they are. A line that is cut is not read. */
    static final int LAST_BYTES = 64 << 10;

    /** Events that are read to find why a Job has no pod, and characters of them. Users can create events too. */
    private static final long MOST_EVENTS = 50;

    private static final int MOST_TEXT = 400;

    private final KubernetesClient client;

    MoverPods(KubernetesClient client) {
        this.client = client;
    }

    /** Whether a pod of the Job runs, or has run. */
    boolean isStarted(String namespace, String job) {
        return of(namespace, job).stream()
                .anyMatch(p -> !"Pending".equals(p.getStatus().getPhase()));
    }

    /** Whether a pod of the Job ended with success. The pod shows this some seconds before the Job does. */
    boolean isSucceeded(String namespace, String job) {
        return terminations(namespace, job).anyMatch(t -> Objects.requireNonNullElse(t.getExitCode(), 0) == 0);
    }

    /** The newest progress in the log of the running pod; empty without one. */
    Optional<MoverProgress> progress(String namespace, String job) {
        return of(namespace, job).stream()
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .findFirst()
                .flatMap(p -> {
                    try {
                        return MoverProgress.of(client.pods()
                                .resource(p)
                                .limitBytes(LAST_BYTES)
                                .tailingLines(LAST_LINES)
                                .getLog());
                    } catch (KubernetesClientException e) {
                        return Optional.empty(); // progress is optional
                    }
                });
    }

    /** The report of a Job that succeeded: one line of JSON. */
    JsonNode report(String namespace, String job) {
        String text = message(namespace, job)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.MoverFailed,
                        "mover Job " + namespace + "/" + job
                                + " succeeded, but its pod was deleted before its report was read"));
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.MoverFailed,
                    "mover Job " + namespace + "/" + job + " wrote a report that is not JSON: " + text,
                    e);
        }
    }

    /** Termination message of the newest pod that ended. */
    Optional<String> message(String namespace, String job) {
        return terminations(namespace, job)
                .filter(t -> t.getMessage() != null && !t.getMessage().isBlank())
                .max(Comparator.comparing(t -> t.getFinishedAt() == null ? "" : t.getFinishedAt()))
                .map(t -> t.getMessage().strip());
    }

    /** State of the newest pod, as a message shows it. */
    String describe(String namespace, String job) {
        return of(namespace, job).stream()
                .max(Comparator.comparing(p -> p.getMetadata().getCreationTimestamp()))
                .map(MoverPods::describe)
                .orElseGet(() -> refusal(namespace, job)
                        .map(message -> "the pod could not be created: " + message)
                        .orElse("no pod yet"));
    }

    /** The latest event that reports why the Job has no pod, such as a refusal by Pod Security or by a quota. */
    private Optional<String> refusal(String namespace, String job) {
        return client
                .v1()
                .events()
                .inNamespace(namespace)
                .withField("involvedObject.name", job)
                .list(new ListOptionsBuilder().withLimit(MOST_EVENTS).build())
                .getItems()
                .stream()
                .filter(event -> "FailedCreate".equals(event.getReason())
                        && event.getMessage() != null
                        && job.equals(event.getInvolvedObject().getName()))
                .max(Comparator.comparing(event -> event.getLastTimestamp() == null ? "" : event.getLastTimestamp()))
                .map(event -> event.getMessage().strip())
                .map(text -> text.length() > MOST_TEXT ? text.substring(0, MOST_TEXT) + "…" : text);
    }

    private static String describe(Pod pod) {
        String name =
                "pod " + pod.getMetadata().getName() + " is " + pod.getStatus().getPhase();
        for (var status : pod.getStatus().getContainerStatuses()) {
            ContainerState state = status.getState();
            if (state.getWaiting() != null && state.getWaiting().getReason() != null) {
                return name + ": " + state.getWaiting().getReason();
            }
        }
        return pod.getStatus().getConditions().stream()
                .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
                .map(c -> name + ": " + c.getMessage())
                .findFirst()
                .orElse(name);
    }

    private Stream<ContainerStateTerminated> terminations(String namespace, String job) {
        return of(namespace, job).stream()
                .flatMap(p -> p.getStatus().getContainerStatuses().stream())
                .map(s -> s.getState().getTerminated() != null
                        ? s.getState().getTerminated()
                        : s.getLastState().getTerminated())
                .filter(Objects::nonNull);
    }

    private List<Pod> of(String namespace, String job) {
        return client.pods()
                .inNamespace(namespace)
                .withLabel("batch.kubernetes.io/job-name", job)
                .list()
                .getItems();
    }
}
