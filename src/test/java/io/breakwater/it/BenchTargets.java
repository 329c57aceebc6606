package io.breakwater.it;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/** Figures of the benchmark that have a target, and how they are measured on a cluster where nothing else runs. */
final class BenchTargets {
    private static final Duration IDLE = Duration.ofSeconds(20);

    private final Site site;
    private final Consumer<String> lines;
    private int missed;

    /** @param lines receives a line for each figure */
    BenchTargets(Site site, Consumer<String> lines) {
        this.site = site;
        this.lines = lines;
    }

    /** Compares a figure with the most that it may be. */
    void judge(String what, double value, double most, String unit) {
        boolean met = value <= most;
        missed += met ? 0 : 1;
        lines.accept("%s: %.1f %s; target at most %.1f %s: %s"
                .formatted(what, value, unit, most, unit, met ? "met" : "missed"));
    }

    /** Number of figures that exceeded their targets. */
    int missed() {
        return missed;
    }

    /** Requests to the API server, without watches, that some work adds to those of an idle cluster. */
    double requestsOf(Runnable work) {
        double before = requests();
        Progress.pause(IDLE);
        double idle = (requests() - before) / IDLE.toSeconds();
        double start = requests();
        double seconds = BenchLoad.seconds(work);
        return requests() - start - idle * seconds;
    }

    private double requests() {
        return site.client()
                .raw("/metrics")
                .lines()
                .filter(line -> line.startsWith("apiserver_request_total{") && !line.contains("verb=\"WATCH\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Number of kinds with namespaces that can be listed: each of them is a LIST of a capture. */
    long kinds() {
        return site.cluster()
                .kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name")
                .lines()
                .filter(line -> !line.isBlank())
                .count();
    }

    /** Replaces the pod of the operator; returns the seconds from the start of its container until it is ready. */
    double startToReady(Progress progress) {
        site.cluster().kubectl("delete", "pod", site.operatorPod(), "-n", Rig.SYSTEM);
        return progress.awaitValue(
                "the new pod of the operator is ready", Duration.ofMinutes(2), () -> "not ready yet", this::startTime);
    }

    private Optional<Double> startTime() {
        Pod pod = site.client()
                .pods()
                .inNamespace(Rig.SYSTEM)
                .withName(site.operatorPod())
                .get();
        return Optional.ofNullable(pod)
                .flatMap(p -> p.getStatus().getConditions().stream()
                        .filter(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True"))
                        .map(PodCondition::getLastTransitionTime)
                        .findFirst())
                .map(ready -> (double) Duration.between(
                                Instant.parse(pod.getStatus()
                                        .getContainerStatuses()
                                        .getFirst()
                                        .getState()
                                        .getRunning()
                                        .getStartedAt()),
                                Instant.parse(ready))
                        .toSeconds());
    }
}
