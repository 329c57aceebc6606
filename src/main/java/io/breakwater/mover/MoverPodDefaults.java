package io.breakwater.mover;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import java.util.List;
import java.util.Map;

/**
 * Properties of all mover pods of the installation. The chart writes them as JSON.
 *
 * @param resources of the container, where the policy names none
 * @param nodeSelector of the pod, where the policy names none
 * @param tolerations of the pod, where the policy names none
 * @param labels of the pod
 * @param annotations of the pod
 * @param pullSecrets names of Secrets with registry credentials
 * @param copyPullSecrets whether these Secrets are copied from the namespace of the operator; otherwise each namespace has its own
 * @param privileged whether movers that read or write volumes run as root where the namespace does not decide it
 * @param networkPolicy what movers may connect to
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record MoverPodDefaults(
        Amounts resources,
        Map<String, String> nodeSelector,
        List<Toleration> tolerations,
        Affinity affinity,
        String priorityClassName,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<String> pullSecrets,
        boolean copyPullSecrets,
        Boolean privileged,
        Network networkPolicy) {
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** The default of the chart. */
    private static final Amounts FEW = new Amounts(
            Map.of("cpu", new Quantity("50m"), "memory", new Quantity("128Mi")), Map.of("memory", new Quantity("1Gi")));

    /** Requests and limits by the names of resources. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Amounts(Map<String, Quantity> requests, Map<String, Quantity> limits) {
        Amounts {
            requests = requests == null ? Map.of() : requests;
            limits = limits == null ? Map.of() : limits;
        }
    }

    /**
     * The NetworkPolicies of movers.
     *
     * @param enabled whether each mover Job has one
     * @param dns servers of DNS
     * @param egress rules in addition to those for the gateway and DNS
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Network(boolean enabled, List<NetworkPolicyPeer> dns, List<NetworkPolicyEgressRule> egress) {
        Network {
            dns = dns == null ? List.of() : dns;
            egress = egress == null ? List.of() : egress;
        }
    }

    MoverPodDefaults {
        resources = resources == null ? FEW : resources;
        nodeSelector = nodeSelector == null ? Map.of() : nodeSelector;
        tolerations = tolerations == null ? List.of() : tolerations;
        priorityClassName = priorityClassName == null || priorityClassName.isEmpty() ? null : priorityClassName;
        labels = labels == null ? Map.of() : labels;
        annotations = annotations == null ? Map.of() : annotations;
        pullSecrets = pullSecrets == null ? List.of() : pullSecrets;
        privileged = privileged == null || privileged;
        networkPolicy = networkPolicy == null ? new Network(false, null, null) : networkPolicy;
    }

    /** @throws IllegalArgumentException if the setting is not valid */
    static MoverPodDefaults of(BreakwaterConfig config) {
        String text = config.mover().podDefaults().orElse("{}");
        try {
            return JSON.readValue(text, MoverPodDefaults.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "breakwater.mover.pod-defaults is not valid: " + e.getOriginalMessage() + "; see Helm value mover",
                    e);
        }
    }
}
