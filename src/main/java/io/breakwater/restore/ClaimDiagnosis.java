package io.breakwater.restore;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds out why claims are not bound, from the events of the provisioner. */
final class ClaimDiagnosis {
    /** Reason of the event of a claim that waits only for its pod. */
    private static final String FOR_POD = "WaitForFirstConsumer";

    private final KubernetesClient client;

    ClaimDiagnosis(KubernetesClient client) {
        this.client = client;
    }

    /** Messages about the claims of a namespace that are not bound and do not wait for a pod. */
    List<String> of(String namespace) {
        return client.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                .flatMap(c -> of(c).stream())
                .toList();
    }

    /** Why a claim is not bound; empty if it is bound, waits only for its pod, or does not exist. */
    Optional<String> of(String namespace, String claim) {
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
        String name = "claim " + claim.getMetadata().getName() + " is " + phase;
        Optional<Event> event = newest(claim);
        if (event.filter(e -> FOR_POD.equals(e.getReason())).isPresent()) {
            return Optional.empty();
        }
        String wanted = claim.getSpec().getStorageClassName();
        String storage = wanted == null ? "no StorageClass" : "StorageClass " + wanted;
        return Optional.of(event.map(e -> name + " (" + storage + "): " + e.getReason() + ": " + e.getMessage())
                .orElse(name + " (" + storage + ")"));
    }

    /** The newest event of any type: not all events about failures are warnings. */
    private Optional<Event> newest(PersistentVolumeClaim claim) {
        String uid = claim.getMetadata().getUid();
        return client
                .v1()
                .events()
                .inNamespace(claim.getMetadata().getNamespace())
                .withField("involvedObject.uid", uid)
                .list()
                .getItems()
                .stream()
                .max(Comparator.comparing(e -> e.getLastTimestamp() == null ? "" : e.getLastTimestamp()));
    }
}
