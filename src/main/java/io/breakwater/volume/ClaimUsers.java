package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Labels;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** The pods that use a claim. */
public final class ClaimUsers {
    private ClaimUsers() {}

    /** Pods in the namespace of the claim that use it, have a node, and have not ended. */
    static List<Pod> of(KubernetesClient client, PersistentVolumeClaim claim) {
        String name = claim.getMetadata().getName();
        return client
                .pods()
                .inNamespace(claim.getMetadata().getNamespace())
                .withoutLabel(Api.COMPONENT, "mover")
                .list()
                .getItems()
                .stream()
                .filter(p -> p.getSpec().getNodeName() != null && !isOver(p))
                .filter(p -> p.getSpec().getVolumes().stream()
                        .anyMatch(v -> v.getPersistentVolumeClaim() != null
                                && name.equals(v.getPersistentVolumeClaim().getClaimName())))
                .toList();
    }

    /**
     * The node on which a claim must be read: no other node can attach the volume. Empty if the claim is not in use, or if many
     * nodes can attach the volume.
     */
    public static Optional<String> node(KubernetesClient client, PersistentVolumeClaim claim) {
        List<String> modes = claim.getSpec().getAccessModes();
        return modes.contains("ReadWriteMany") || modes.contains("ReadOnlyMany")
                ? Optional.empty()
                : of(client, claim).stream().map(p -> p.getSpec().getNodeName()).findFirst();
    }

    /** Name of the database of the policy that runs in the pod. */
    static Optional<String> databaseIn(Pod pod, BackupPolicySpec policy) {
        return policy.databases == null
                ? Optional.empty()
                : policy.databases.stream()
                        .filter(d -> Labels.match(
                                d.postgresql.podSelector, pod.getMetadata().getLabels()))
                        .map(d -> d.name)
                        .findFirst();
    }

    private static boolean isOver(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }
}
