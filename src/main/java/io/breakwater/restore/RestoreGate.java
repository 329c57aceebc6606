package io.breakwater.restore;

import io.breakwater.api.ObjectNames;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.gate.NamespaceGate;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Releases the pods that a run holds, and the pods that earlier, failed Restores hold. A failed Restore holds its pods until
 * a run has filled every volume that it left half filled, whatever else is restored.
 */
final class RestoreGate {
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final NamespaceGate gate;

    RestoreGate(KubernetesClient client, NamespaceGate gate) {
        this.client = client;
        this.gate = gate;
    }

    /** Releases all pods except those of these workloads. */
    void releaseExcept(RestoreRun run, List<String> workloads) {
        holders(run).forEach(h -> gate.narrow(run.target(), h, workloads));
    }

    /** Releases all pods. */
    void release(RestoreRun run) {
        holders(run).forEach(h -> gate.open(run.target(), h));
    }

    /** Messages about failed Restores that still hold pods: the volumes that each left half filled, and what to do. */
    List<String> heldByFailed(RestoreRun run) {
        return failed(run).stream()
                .filter(other -> !halfFilled(run, other).isEmpty())
                .map(other -> "the pods of namespace " + run.target() + " are held, because " + ObjectNames.of(other)
                        + " left volumes half filled (" + Texts.first(halfFilled(run, other), SHOWN)
                        + "): restore them with spec.onConflict: Replace, or delete that Restore")
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

    /** Claims that another Restore left half filled and this run has not filled. A restore of single files fills no claim. */
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
