package io.breakwater.mover;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The NetworkPolicy of a mover Job: its pods reach the gateway and DNS, also in a namespace whose policies deny all egress,
 * because policies are additive. It selects the pods of the Job only, belongs to the Job, and is deleted with it.
 */
final class MoverNetworkPolicy {
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

    /** Ports of DNS servers behind their Service. The second one is that of OpenShift. */
    private static final List<Integer> DNS = List.of(53, 5353);

    private MoverNetworkPolicy() {}

    /** The policy of a Job; empty if the installation has none. */
    static Optional<NetworkPolicy> of(BreakwaterConfig config, MoverPodDefaults.Network network, Job job) {
        if (!network.enabled()) {
            return Optional.empty();
        }
        List<NetworkPolicyEgressRule> rules = new ArrayList<>();
        rules.add(new NetworkPolicyEgressRuleBuilder()
                .addNewTo()
                .withNewNamespaceSelector()
                .addToMatchLabels(NAMESPACE_NAME, config.namespace())
                .endNamespaceSelector()
                .endTo()
                .withPorts(port(config.gateway().port(), "TCP"))
                .build());
        if (!network.dns().isEmpty()) {
            rules.add(new NetworkPolicyEgressRuleBuilder()
                    .withTo(network.dns())
                    .withPorts(DNS.stream()
                            .flatMap(p -> List.of(port(p, "UDP"), port(p, "TCP")).stream())
                            .toList())
                    .build());
        }
        rules.addAll(network.egress());
        String name = job.getMetadata().getName();
        return Optional.of(new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(job.getMetadata().getNamespace())
                .withOwnerReferences(MoverJobs.ownedBy(job))
                .addToLabels(Api.RUN, job.getMetadata().getLabels().get(Api.RUN))
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .addToMatchLabels(Api.COMPONENT, "mover")
                .addToMatchLabels("batch.kubernetes.io/job-name", name)
                .endPodSelector()
                .withPolicyTypes("Egress")
                .withEgress(rules)
                .endSpec()
                .build());
    }

    private static NetworkPolicyPort port(int port, String protocol) {
        return new NetworkPolicyPortBuilder()
                .withNewPort(port)
                .withProtocol(protocol)
                .build();
    }
}
