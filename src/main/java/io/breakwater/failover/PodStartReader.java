package io.breakwater.failover;

import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads since when the containers of the application of a namespace run. After a site was off, the API server shows what ran before
 * until the nodes report. So the status of a pod counts only while its node is seen to renew its Lease.
 */
final class PodStartReader {
    private static final String NODE_LEASES = "kube-node-lease";

    /** The first renewal shows that the kubelet runs. By the next one, ten seconds later, it has reported its containers. */
    private static final int ENOUGH = 2;

    /** What this process has seen of the Lease of a node. */
    private record Renewals(ZonedDateTime last, int seen) {}

    private final KubernetesClient client;
    private final Map<String, Renewals> nodes = new ConcurrentHashMap<>();

    PodStartReader(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Whether a container of the application has run since a moment, as far as its node has reported. Ask again after some seconds:
     * the nodes must be seen to renew their Leases.
     */
    boolean hasRunSince(String namespace, Instant moment) {
        List<String> proofs = client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(pod -> !GateRules.isMover(pod) && hasRunSince(pod, moment))
                .map(pod -> pod.getSpec().getNodeName())
                .filter(Objects::nonNull)
                .distinct()
                .toList();
        boolean alive = false;
        for (String node : proofs) {
            alive |= isAlive(node);
        }
        return alive;
    }

    private static boolean hasRunSince(Pod pod, Instant moment) {
        return pod.getStatus() != null
                && pod.getStatus().getContainerStatuses().stream()
                        .map(ContainerStatus::getState)
                        .filter(Objects::nonNull)
                        .map(ContainerState::getRunning)
                        .filter(Objects::nonNull)
                        .map(ContainerStateRunning::getStartedAt)
                        .filter(Objects::nonNull)
                        .map(Instant::parse)
                        .anyMatch(moment::isAfter);
    }

    private boolean isAlive(String node) {
        Lease lease = client.leases().inNamespace(NODE_LEASES).withName(node).get();
        if (lease == null || lease.getSpec() == null || lease.getSpec().getRenewTime() == null) {
            return false;
        }
        ZonedDateTime now = lease.getSpec().getRenewTime();
        Renewals renewals = nodes.compute(
                node,
                (name, before) -> before == null
                        ? new Renewals(now, 0)
                        : now.equals(before.last()) ? before : new Renewals(now, before.seen() + 1));
        return renewals.seen() >= ENOUGH;
    }
}
