package io.breakwater.database;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds containers of a pod by name. A native sidecar is an init container that restarts always; it runs together with the other
 * containers, and starts before them.
 */
final class ContainerLookup {
    private ContainerLookup() {}

    /** The state of a container or init container; empty before the kubelet has reported it. */
    static Optional<ContainerStatus> status(Pod pod, String container) {
        return pod.getStatus() == null
                ? Optional.empty()
                : Stream.concat(
                                statuses(pod.getStatus().getContainerStatuses()),
                                statuses(pod.getStatus().getInitContainerStatuses()))
                        .filter(s -> container.equals(s.getName()))
                        .findFirst();
    }

    /** Why the container will not run, as far as its pod shows; empty if it runs or may run. */
    static Optional<String> whyNever(Pod pod, String container) {
        boolean known = Stream.concat(
                        containers(pod.getSpec().getContainers()),
                        containers(pod.getSpec().getInitContainers()))
                .anyMatch(c -> container.equals(c.getName()));
        String name = pod.getMetadata().getName();
        if (!known) {
            return Optional.of("pod " + name + " has no container " + container);
        }
        return status(pod, container)
                .map(s -> s.getState() == null ? null : s.getState().getTerminated())
                .filter(ended -> !restarts(pod, container, ended.getExitCode()))
                .map(ended -> "container " + container + " of pod " + name + " has ended");
    }

    private static boolean restarts(Pod pod, String container, Integer exitCode) {
        String policy = pod.getSpec().getRestartPolicy();
        boolean sidecar = sidecars(pod).anyMatch(container::equals);
        boolean main = containers(pod.getSpec().getContainers()).anyMatch(c -> container.equals(c.getName()));
        boolean succeeded = Integer.valueOf(0).equals(exitCode);
        return sidecar
                || main && !"Never".equals(policy) && !("OnFailure".equals(policy) && succeeded)
                || !main && !"Never".equals(policy) && !succeeded;
    }

    /** Whether Breakwater holds the pod at the gate of its namespace. */
    static boolean isHeld(Pod pod) {
        return pod.getSpec().getSchedulingGates() != null
                && pod.getSpec().getSchedulingGates().stream().anyMatch(g -> Api.STANDBY.equals(g.getName()));
    }

    /** Whether a container of this state runs. */
    static boolean isRunning(ContainerStatus status) {
        return status.getState() != null && status.getState().getRunning() != null;
    }

    /**
     * Whether a container can take commands: its pod runs, or the pod starts and the container is a native sidecar that runs.
     *
     * @param container null for the first container
     */
    static boolean takesCommands(Pod pod, String container) {
        if (isInPhase(pod, "Running")) {
            return true;
        }
        return container != null
                && isInPhase(pod, "Pending")
                && sidecars(pod).anyMatch(container::equals)
                && status(pod, container).filter(ContainerLookup::isRunning).isPresent();
    }

    /** Whether any container of the pod can take commands. */
    static boolean takesCommands(Pod pod) {
        return isInPhase(pod, "Running") || sidecars(pod).anyMatch(s -> takesCommands(pod, s));
    }

    private static Stream<String> sidecars(Pod pod) {
        return pod.getSpec() == null
                ? Stream.empty()
                : containers(pod.getSpec().getInitContainers())
                        .filter(c -> "Always".equals(c.getRestartPolicy()))
                        .map(Container::getName);
    }

    private static Stream<Container> containers(List<Container> containers) {
        return containers == null ? Stream.empty() : containers.stream();
    }

    static boolean isInPhase(Pod pod, String phase) {
        return pod.getStatus() != null && phase.equals(pod.getStatus().getPhase());
    }

    private static Stream<ContainerStatus> statuses(List<ContainerStatus> statuses) {
        return statuses == null ? Stream.empty() : statuses.stream();
    }
}
