package io.breakwater.failover;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The epoch that this site served, and whose data it may be the only one to have. The record is an annotation of the namespace: it
 * exists as long as the data, also when the plan is deleted and created again.
 */
final class ServedEpochStore {
    /**
     * An epoch that this site served.
     *
     * @param id distinguishes it from an epoch of the same number of another lease
     */
    record Served(long epoch, String id) {}

    private final KubernetesClient client;

    ServedEpochStore(KubernetesClient client) {
        this.client = client;
    }

    /** The recorded epoch; empty when there is none, or the namespace does not exist. */
    Optional<Served> find(String namespace) {
        return find(client.namespaces().withName(namespace).get());
    }

    /** Records an epoch; call it before the first pod starts. */
    void record(String namespace, long epoch) {
        Namespace present = client.namespaces().withName(namespace).get();
        if (present == null || find(present).filter(s -> s.epoch == epoch).isPresent()) {
            return;
        }
        String value = epoch + "/" + UUID.randomUUID().toString().substring(0, 8);
        client.namespaces()
                .withName(namespace)
                .edit(n -> new NamespaceBuilder(n)
                        .editMetadata()
                        .addToAnnotations(Api.SERVED_EPOCH, value)
                        .endMetadata()
                        .build());
    }

    /** Removes the record: the data of the epoch is handed over, backed up or discarded. */
    void clear(String namespace) {
        if (find(namespace).isPresent()) {
            client.namespaces()
                    .withName(namespace)
                    .edit(n -> new NamespaceBuilder(n)
                            .editMetadata()
                            .removeFromAnnotations(Api.SERVED_EPOCH)
                            .endMetadata()
                            .build());
        }
    }

    /** An annotation that cannot be parsed counts as an unknown epoch, whose data no other site has. */
    private static Optional<Served> find(Namespace namespace) {
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(Api.SERVED_EPOCH);
        if (text == null) {
            return Optional.empty();
        }
        String[] parts = text.split("/", 2);
        try {
            return Optional.of(new Served(Long.parseLong(parts[0]), parts.length == 2 ? parts[1] : ""));
        } catch (NumberFormatException e) {
            return Optional.of(new Served(0, ""));
        }
    }
}
