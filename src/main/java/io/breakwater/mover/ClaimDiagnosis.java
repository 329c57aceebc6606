package io.breakwater.mover;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds out why claims are not bound, from the events of the provisioner. */
public final class ClaimDiagnosis {
    /** Reasons of the events of a claim that waits only for its pod. */
    private static final Set<String> FOR_POD = Set.of("WaitForFirstConsumer", "WaitForPodScheduled");

    private final KubernetesClient client;
    private final WarningEvents warnings;

    public ClaimDiagnosis(KubernetesClient client) {
        this.client = client;
        this.warnings = new WarningEvents(client);
    }

    /** Messages about the claims of a namespace that are not bound and do not wait for a pod. */
    public List<String> of(String namespace) {
        return client.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                .flatMap(c -> of(c).stream())
                .toList();
    }

    /** Why a claim is not bound; empty if it is bound, waits only for its pod, or does not exist. */
    public Optional<String> of(String namespace, String claim) {
        return Optional.ofNullable(client.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .withName(claim)
                        .get())
                .flatMap(this::of);
    }

    private Optional<String> of(PersistentVolumeClaim claim) {
        String phase = claim.getStatus() == null ? "Pending" : claim.getStatus().getPhase();
        if ("Bound".equals(phase)) {
            return Optional.empty();
        }
        List<Event> all = warnings.of(claim);
        List<Event> events = all.stream()
                .filter(e -> !FOR_POD.contains(String.valueOf(e.getReason())))
                .toList();
        if (events.isEmpty() && !all.isEmpty()) {
            return Optional.empty();
        }
        String wanted = claim.getSpec().getStorageClassName();
        String storage = wanted == null || wanted.isEmpty() ? "no StorageClass" : "StorageClass " + wanted;
        String name = "claim " + claim.getMetadata().getName() + " is " + phase + " (" + storage + ")";
        return Optional.of(
                warnings.newestOfAny(events).map(e -> name + ": " + e).orElse(name));
    }
}
