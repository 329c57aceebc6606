package io.breakwater.mover;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.MoverSettings;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Objects;
import java.util.stream.Stream;

/** Settings of movers that read a point, from the policy that captured it. */
public final class PolicySettings {
    private PolicySettings() {}

    /**
     * Resources and tolerations of the first policy of this name in these namespaces; the defaults without a policy. Labels of nodes
     * do not apply: the volume that is written decides on the node.
     *
     * @param policy may be null
     */
    public static MoverSettings find(KubernetesClient client, String policy, String... namespaces) {
        MoverSettings settings = new MoverSettings();
        if (policy == null) {
            return settings;
        }
        Stream.of(namespaces)
                .distinct()
                .map(namespace -> client.resources(BackupPolicy.class)
                        .inNamespace(namespace)
                        .withName(policy)
                        .get())
                .filter(Objects::nonNull)
                .findFirst()
                .map(found -> found.getSpec().mover())
                .ifPresent(mover -> {
                    settings.resources = mover.resources;
                    settings.tolerations = mover.tolerations;
                });
        return settings;
    }
}
