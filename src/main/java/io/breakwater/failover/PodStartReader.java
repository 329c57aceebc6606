package io.breakwater.failover;

import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** Reads when the containers of the application of a namespace started. */
final class PodStartReader {
    private final KubernetesClient client;

    PodStartReader(KubernetesClient client) {
        this.client = client;
    }

    /** Whether containers of the application run in the namespace, and all of them started after a moment. */
    boolean allStartedAfter(String namespace, Instant moment) {
        List<Instant> starts = client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(pod -> !GateRules.isMover(pod) && pod.getStatus() != null)
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .map(ContainerStatus::getState)
                .filter(Objects::nonNull)
                .map(ContainerState::getRunning)
                .filter(Objects::nonNull)
                .map(ContainerStateRunning::getStartedAt)
                .filter(Objects::nonNull)
                .map(Instant::parse)
                .toList();
        return !starts.isEmpty() && starts.stream().allMatch(moment::isBefore);
    }
}
