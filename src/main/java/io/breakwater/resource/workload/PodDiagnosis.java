package io.breakwater.resource.workload;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Texts;
import io.breakwater.api.WorkloadName;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.PagedList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The causes why the pods of a workload are not ready, with messages of scheduler, kubelet and controllers. */
final class PodDiagnosis {
    private static final int SHOWN = 2;
    private static final int LONGEST = 300;

    /** Normal states of a container that starts. */
    private static final Set<String> USUAL = Set.of("ContainerCreating", "PodInitializing");

    private final ApiServer server;
    private final String namespace;

    PodDiagnosis(ApiServer server, String namespace) {
        this.server = server;
        this.namespace = namespace;
    }

    /** Causes why a workload is not up, as far as they are reported. A single pod is its own workload. */
    List<String> of(JsonNode workload) {
        boolean isPod = workload.path("kind").asText().equals("Pod");
        List<JsonNode> pods = isPod ? List.of(workload) : pods(workload);
        // Pods of one template usually have the same problem, which is listed once.
        Map<String, List<String>> names = new LinkedHashMap<>();
        for (JsonNode pod : pods) {
            why(pod).ifPresent(w -> names.computeIfAbsent(oneLine(w), x -> new ArrayList<>())
                    .add(pod.path("metadata").path("name").asText()));
        }
        List<String> causes = new ArrayList<>();
        names.forEach((why, of) -> causes.add(
                "pod " + of.getFirst() + (of.size() > 1 ? " and " + (of.size() - 1) + " more: " : ": ") + why));
        if (pods.isEmpty()) {
            failure(workload)
                    .or(() -> warning(workload))
                    .ifPresent(w -> causes.add("no pod was created: " + oneLine(w)));
        }
        return causes.stream().limit(SHOWN).toList();
    }

    private Optional<String> why(JsonNode pod) {
        Optional<String> seen = of(pod, USUAL);
        // The kubelet reports failed mounts and failed probes only in events.
        boolean isGated = seen.filter(s -> s.startsWith("SchedulingGated")).isPresent();
        return isGated || seen.filter(s -> s.contains("BackOff")).isPresent()
                ? seen
                : seen.map(s -> warning(pod).map(w -> s + "; " + w).orElse(s));
    }

    /**
     * The cause in the status of a pod.
     *
     * @param usual reasons for waiting that are not listed
     * @return empty if the pod is ready
     */
    static Optional<String> of(JsonNode pod, Set<String> usual) {
        JsonNode status = pod.path("status");
        if (Readiness.of(pod, false).isUp()) {
            return Optional.empty();
        }
        for (JsonNode c : status.path("conditions")) {
            boolean unscheduled = c.path("type").asText().equals("PodScheduled")
                    && c.path("status").asText().equals("False");
            if (unscheduled) {
                String reason = c.path("reason").asText();
                return Optional.of((reason.equals("Unschedulable") ? "FailedScheduling" : reason) + ": "
                        + c.path("message").asText());
            }
        }
        return Stream.of("initContainerStatuses", "containerStatuses")
                .flatMap(field -> stream(status.path(field)))
                .flatMap(c -> container(c, usual).stream())
                .findFirst()
                .or(() -> Optional.of("it is " + status.path("phase").asText("Pending")));
    }

    private static Optional<String> container(JsonNode container, Set<String> usual) {
        String name = "container " + container.path("name").asText();
        JsonNode waiting = container.path("state").path("waiting");
        String reason = waiting.path("reason").asText();
        if (!reason.isEmpty() && !usual.contains(reason)) {
            JsonNode last = container.path("lastState").path("terminated");
            String ended = last.isMissingNode()
                    ? ""
                    : "; it ended with exit code " + last.path("exitCode").asText();
            return Optional.of(
                    name + ": " + reason + ": " + waiting.path("message").asText() + ended);
        }
        JsonNode ended = container.path("state").path("terminated");
        if (ended.path("exitCode").asInt() != 0) {
            return Optional.of(
                    name + " ended with exit code " + ended.path("exitCode").asText());
        }
        boolean running = container.path("state").has("running");
        // Init containers are never ready while they run, and later containers wait for them.
        return running && !container.path("ready").asBoolean()
                ? Optional.of(name + " runs but is not ready")
                : Optional.empty();
    }

    private List<JsonNode> pods(JsonNode workload) {
        WorkloadName name = new WorkloadName(
                workload.path("kind").asText(),
                workload.path("metadata").path("name").asText());
        List<JsonNode> pods = new ArrayList<>();
        try {
            new PagedList(server, PagedList.OBJECTS)
                    .each("/api/v1/namespaces/" + ApiKind.encoded(namespace) + "/pods", "", p -> {
                        boolean own = CaptureRules.controller(p.path("metadata"))
                                .filter(o -> name.controls(
                                        o.path("kind").asText(), o.path("name").asText()))
                                .isPresent();
                        if (own && !p.path("metadata").has("deletionTimestamp")) {
                            p.put("apiVersion", "v1").put("kind", "Pod");
                            pods.add(p);
                        }
                    });
        } catch (ApiServer.Refused e) {
            return List.of(); // the diagnosis is optional
        }
        return pods;
    }

    /** A condition of a Deployment reports that pods of its ReplicaSet are refused. */
    private static Optional<String> failure(JsonNode workload) {
        return stream(workload.path("status").path("conditions"))
                .filter(c -> c.path("type").asText().equals("ReplicaFailure")
                        && c.path("status").asText().equals("True"))
                .map(c -> c.path("message").asText())
                .findFirst();
    }

    /** The newest warning about an object. */
    private Optional<String> warning(JsonNode object) {
        String uid = object.path("metadata").path("uid").asText();
        ApiServer.Answer answer = server.get("/api/v1/namespaces/" + ApiKind.encoded(namespace)
                + "/events?fieldSelector=" + ApiKind.encoded("involvedObject.uid=" + uid + ",type=Warning"));
        return stream(answer.body().path("items"))
                .filter(e -> e.path("involvedObject").path("uid").asText().equals(uid))
                .max(Comparator.comparing(PodDiagnosis::time))
                .map(e -> e.path("reason").asText() + ": " + e.path("message").asText());
    }

    private static String time(JsonNode event) {
        String last = event.path("lastTimestamp").asText("");
        return last.isEmpty() || last.equals("null") ? event.path("eventTime").asText("") : last;
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        return Texts.cut(line, LONGEST);
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        List<JsonNode> items = new ArrayList<>();
        array.forEach(items::add);
        return items.stream();
    }
}
