package io.breakwater.mover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads the pods of mover Jobs: their state, their progress, and the termination message in which a mover reports its result. */
final class MoverPods {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final int LAST_LINES = 3;

    /** Bytes of these lines: the pod decides how long they are. A line that is cut is not read. */
    static final int LAST_BYTES = 64 << 10;

    /** Container of the mover. A service mesh may add others to the pod. */
    static final String CONTAINER = "mover";

    private static final int MOST_TEXT = 400;

    private final KubernetesClient client;
    private final WarningEvents warnings;
    private final ClaimDiagnosis claims;
    private final ThreadLocal<Map<String, List<Pod>>> looked = new ThreadLocal<>();

    MoverPods(KubernetesClient client) {
        this.client = client;
        this.warnings = new WarningEvents(client);
        this.claims = new ClaimDiagnosis(client);
    }

    /** Whether a pod of the Job runs, or has run. A pod that is being deleted may be on a node that is lost. */
    boolean isStarted(String namespace, String job) {
        return of(namespace, job).stream()
                .filter(p -> !isBeingDeleted(p))
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

    /**
     * Why the Job failed: the termination message of a mover. A node may have rejected or evicted the pod, or the Job took too long;
     * then the mover wrote no message.
     */
    String failure(Job job) {
        String namespace = job.getMetadata().getNamespace();
        String name = job.getMetadata().getName();
        return message(namespace, name)
                .or(() -> of(namespace, name).stream()
                        .filter(p -> "Failed".equals(p.getStatus().getPhase()))
                        .filter(p -> p.getStatus().getReason() != null
                                || p.getStatus().getMessage() != null)
                        .max(Comparator.comparing(p -> p.getMetadata().getCreationTimestamp()))
                        .map(p -> "pod " + p.getMetadata().getName() + " failed: "
                                + text(p.getStatus().getReason(), p.getStatus().getMessage())))
                .or(() -> failed(job).map(c -> text(c.getReason(), c.getMessage())))
                .orElse("no pod is left; see the events of the Job");
    }

    private static Optional<JobCondition> failed(Job job) {
        return job.getStatus() == null
                ? Optional.empty()
                : job.getStatus().getConditions().stream()
                        .filter(c -> "Failed".equals(c.getType()))
                        .filter(c -> c.getReason() != null || c.getMessage() != null)
                        .findFirst();
    }

    private static String text(String reason, String message) {
        return Texts.line(
                Stream.of(reason, message).filter(Objects::nonNull).collect(Collectors.joining(": ")), MOST_TEXT);
    }

    /** Whether a pod of the run runs. Pods of movers that ended stay until the run is over. */
    boolean anyRunning(String namespace, String run) {
        return client.pods().inNamespace(namespace).withLabel(Api.RUN, run).list().getItems().stream()
                .anyMatch(MoverPods::isRunning);
    }

    /** Whether a pod of the Job runs. */
    boolean isRunning(String namespace, String job) {
        return of(namespace, job).stream().anyMatch(MoverPods::isRunning);
    }

    private static boolean isRunning(Pod pod) {
        return "Running".equals(pod.getStatus().getPhase()) && !isBeingDeleted(pod);
    }

    private static boolean isBeingDeleted(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    /** Whether the mover ended without success in a pod that another container, for example of a service mesh, does not let end. */
    boolean isFailedNextToOthers(String namespace, String job) {
        return of(namespace, job).stream()
                .filter(p -> p.getStatus().getContainerStatuses().size() > 1)
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .flatMap(MoverPods::movers)
                .flatMap(s -> terminated(s.getState()).stream())
                .anyMatch(t -> !Integer.valueOf(0).equals(t.getExitCode()));
    }

    /** Whether the newest pod of the Job waits for CPU or memory of a node. */
    boolean isWaitingForRoom(String namespace, String job) {
        return newest(namespace, job)
                .flatMap(MoverPods::unscheduled)
                .filter(message -> message.contains("Insufficient "))
                .isPresent();
    }

    /**
     * State of the newest pod, and what it waits for, as a message shows it.
     *
     * @param claim that the pod mounts; null for none
     */
    String describe(Job job, String claim) {
        String namespace = job.getMetadata().getNamespace();
        return StartAdvice.addedTo(newest(namespace, job.getMetadata().getName())
                .map(pod -> describe(pod, claim))
                .orElseGet(() -> warnings.newest(job)
                        .map(message -> "the pod could not be created: " + message)
                        .orElse("no pod yet")));
    }

    private String describe(Pod pod, String claim) {
        String name = "pod " + pod.getMetadata().getName() + " is "
                + pod.getStatus().getPhase() + (isBeingDeleted(pod) ? " and is being deleted" : "");
        if (!"Pending".equals(pod.getStatus().getPhase())) {
            return isBeingDeleted(pod) || isUnready(pod)
                    ? warnings.newest(pod).map(w -> name + ": " + w).orElse(name)
                    : name;
        }
        List<String> causes = new ArrayList<>();
        unscheduled(pod).ifPresent(causes::add);
        waiting(pod).ifPresent(causes::add);
        // The event repeats what the state of the pod reports already.
        if (causes.isEmpty() || causes.equals(List.of("ContainerCreating"))) {
            warnings.newest(pod).ifPresent(causes::add);
        }
        if (claim != null) {
            claims.of(pod.getMetadata().getNamespace(), claim).ifPresent(causes::add);
        }
        return causes.isEmpty() ? name : name + ": " + String.join("; ", causes);
    }

    /** Whether the pod is not ready although it has no probe: its node does not report its state any more. */
    private static boolean isUnready(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(c -> "Ready".equals(c.getType()) && "False".equals(c.getStatus()));
    }

    /** Why no node accepts the pod; empty if it has a node. */
    private static Optional<String> unscheduled(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
                .map(c -> Texts.line(c.getMessage() == null ? c.getReason() : c.getMessage(), MOST_TEXT))
                .findFirst();
    }

    /** Why a container of the pod does not run, for example an image that cannot be pulled. */
    private static Optional<String> waiting(Pod pod) {
        return Stream.concat(
                        pod.getStatus().getInitContainerStatuses().stream(),
                        pod.getStatus().getContainerStatuses().stream())
                .map(s -> s.getState() == null ? null : s.getState().getWaiting())
                .filter(w -> w != null && w.getReason() != null)
                .map(w -> w.getMessage() == null
                        ? w.getReason()
                        : Texts.line(w.getReason() + ": " + w.getMessage(), MOST_TEXT))
                .findFirst();
    }

    private Optional<Pod> newest(String namespace, String job) {
        return of(namespace, job).stream()
                .max(Comparator.comparing(p -> p.getMetadata().getCreationTimestamp()));
    }

    private Stream<ContainerStateTerminated> terminations(String namespace, String job) {
        return of(namespace, job).stream()
                .flatMap(MoverPods::movers)
                .map(s -> terminated(s.getState())
                        .or(() -> terminated(s.getLastState()))
                        .orElse(null))
                .filter(Objects::nonNull);
    }

    private static Optional<ContainerStateTerminated> terminated(ContainerState state) {
        return Optional.ofNullable(state).map(ContainerState::getTerminated);
    }

    private static Stream<ContainerStatus> movers(Pod pod) {
        return pod.getStatus().getContainerStatuses().stream().filter(s -> CONTAINER.equals(s.getName()));
    }

    /**
     * All questions of this thread until the end of the look have their answers from one list of the pods of each Job.
     */
    Look look() {
        return new Look();
    }

    /** One look at pods. */
    final class Look implements AutoCloseable {
        private Look() {
            looked.set(new HashMap<>());
        }

        @Override
        public void close() {
            looked.remove();
        }
    }

    private List<Pod> of(String namespace, String job) {
        Map<String, List<Pod>> known = looked.get();
        return known == null
                ? list(namespace, job)
                : known.computeIfAbsent(namespace + "/" + job, k -> list(namespace, job));
    }

    private List<Pod> list(String namespace, String job) {
        return client.pods()
                .inNamespace(namespace)
                .withLabel("batch.kubernetes.io/job-name", job)
                .list()
                .getItems();
    }
}
