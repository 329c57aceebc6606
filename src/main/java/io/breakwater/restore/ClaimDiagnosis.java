package io.breakwater.restore;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Why claims are not bound, in the words of those who provision volumes. */
final class ClaimDiagnosis {
    /** A claim that waits like this lacks nothing but its pod. */
    private static final String FOR_POD = "WaitForFirstConsumer";

    private final KubernetesClient client;

    ClaimDiagnosis(KubernetesClient client) {
        this.client = client;
    }

    /** Claims of a namespace that are not bound, though they do not wait for a pod. */
    List<String> of(String namespace) {
        return client.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                .flatMap(c -> of(c).stream())
                .toList();
    }

    /** What keeps a claim from being bound; empty when it is, or waits for its pod only, or is not there. */
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
        Optional<Event> told = newest(claim);
        if (told.filter(e -> FOR_POD.equals(e.getReason())).isPresent()) {
            return Optional.empty();
        }
        String wanted = claim.getSpec().getStorageClassName();
        String storage = wanted == null ? "no StorageClass" : "StorageClass " + wanted;
        return Optional.of(told.map(e -> name + " (" + storage + "): " + e.getReason() + ": " + e.getMessage())
                .orElse(name + " (" + storage + ")"));
    }

    /** Not all that tell of trouble here are warnings. */
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
