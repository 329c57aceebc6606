package io.breakwater.restore;

import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.gate.NamespaceGate;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A run's hold on the gate, and that of Restores that failed before it, where it makes good what they left: a volume that one of
 * them left half filled must have been filled by the run. Otherwise the pods stay held back, whatever else was restored.
 */
final class RestoreGate {
    private final KubernetesClient client;
    private final NamespaceGate gate;

    RestoreGate(KubernetesClient client, NamespaceGate gate) {
        this.client = client;
        this.gate = gate;
    }

    /** Lets all pods go but those of these workloads. */
    void releaseExcept(RestoreRun run, List<String> workloads) {
        holders(run).forEach(h -> gate.narrow(run.target(), h, workloads));
    }

    /** Lets all pods go. */
    void release(RestoreRun run) {
        holders(run).forEach(h -> gate.open(run.target(), h));
    }

    /** Restores that failed and hold on, each with what it left, and the way out. */
    List<String> heldByFailed(RestoreRun run) {
        return failed(run).stream()
                .filter(other -> !halfFilled(run, other).isEmpty())
                .map(other -> "the pods of namespace " + run.target() + " stay held back, since Restore "
                        + other.getMetadata().getNamespace() + "/"
                        + other.getMetadata().getName()
                        + " left volumes half filled (" + String.join(", ", halfFilled(run, other))
                        + "): restore them with onConflict Replace, or delete that Restore")
                .toList();
    }

    private List<String> holders(RestoreRun run) {
        List<String> holders = new ArrayList<>(List.of(RestoreRun.holder(run.restore())));
        failed(run).stream()
                .filter(other -> halfFilled(run, other).isEmpty())
                .map(RestoreRun::holder)
                .forEach(holders::add);
        return holders;
    }

    private List<Restore> failed(RestoreRun run) {
        return gate.holders(run.target()).stream()
                .flatMap(h -> RestoreRun.ofHolder(client, h).stream())
                .filter(Restore::hasFailed)
                .toList();
    }

    /** Claims that another Restore did not fill to the end, and this one has not filled either. Single files fill nothing. */
    private static List<String> halfFilled(RestoreRun run, Restore other) {
        Set<String> filled = run.restore().getSpec().files != null
                ? Set.of()
                : run.volumes().stream()
                        .filter(v -> Boolean.TRUE.equals(v.filled))
                        .map(v -> v.pvc)
                        .collect(Collectors.toSet());
        List<VolumeFill> volumes = other.getStatus().volumes == null ? List.of() : other.getStatus().volumes;
        return other.getSpec().files != null
                ? List.of()
                : volumes.stream()
                        .filter(v -> !Boolean.TRUE.equals(v.filled))
                        .map(v -> v.pvc)
                        .filter(pvc -> !filled.contains(pvc))
                        .toList();
    }
}
