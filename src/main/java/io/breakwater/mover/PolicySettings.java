package io.breakwater.mover;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.MoverSettings;
import io.breakwater.gateway.Repositories;
import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Settings of movers that no capture starts, from a policy. Without a policy, they are the defaults of the installation. */
public final class PolicySettings {
    private PolicySettings() {}

    /**
     * Settings of movers that read a point: those of the policy that captured it, in the first of these namespaces that has one of
     * this name. Without it, those of another policy of these namespaces.
     *
     * @param policy may be null
     */
    public static MoverSettings find(KubernetesClient client, String policy, String... namespaces) {
        return Stream.of(namespaces)
                .distinct()
                .map(namespace -> policy == null
                        ? null
                        : client.resources(BackupPolicy.class)
                                .inNamespace(namespace)
                                .withName(policy)
                                .get())
                .filter(Objects::nonNull)
                .findFirst()
                .or(() -> Stream.of(namespaces)
                        .distinct()
                        .flatMap(namespace -> policies(client, namespace, null).stream())
                        .findFirst())
                .map(found -> found.getSpec().mover())
                .orElseGet(MoverSettings::new);
    }

    /**
     * Settings of movers that maintain a repository: those of a policy of the namespace that owns it. A namespace that was created
     * again with the same name does not own it.
     */
    static MoverSettings of(KubernetesClient client, Repositories.Access access) {
        CapturedNamespace source =
                access.repository() == null ? null : access.repository().source();
        if (source == null) {
            return new MoverSettings();
        }
        Namespace namespace = client.namespaces().withName(source.name()).get();
        if (namespace == null || !source.uid().equals(namespace.getMetadata().getUid())) {
            return new MoverSettings();
        }
        String location = access.location() == null
                ? null
                : access.location().getMetadata().getName();
        return policies(client, source.name(), location).stream()
                .findFirst()
                .map(found -> found.getSpec().mover())
                .orElseGet(MoverSettings::new);
    }

    /**
     * The policies of a namespace. Those that write to the location are first, then the oldest.
     *
     * @param location may be null
     */
    private static List<BackupPolicy> policies(KubernetesClient client, String namespace, String location) {
        return client.resources(BackupPolicy.class).inNamespace(namespace).list().getItems().stream()
                .sorted(Comparator.comparing((BackupPolicy policy) -> !isWriting(policy, location))
                        .thenComparing(policy -> Optional.ofNullable(
                                        policy.getMetadata().getCreationTimestamp())
                                .orElse(""))
                        .thenComparing(policy -> policy.getMetadata().getName()))
                .toList();
    }

    private static boolean isWriting(BackupPolicy policy, String location) {
        return policy.getSpec().locationRef != null
                && policy.getSpec().locationRef.name.equals(location);
    }
}
