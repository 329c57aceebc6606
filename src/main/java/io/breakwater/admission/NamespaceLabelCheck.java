package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Set;

/** Protects the gate of a namespace: while it has holders, only the operator may change its label and annotations. */
final class NamespaceLabelCheck {
    private final KubernetesClient client;
    private final String ownNamespace;

    NamespaceLabelCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    AdmissionResponse review(AdmissionRequest request) {
        Namespace before = namespace(request.oldObject());
        Namespace after = namespace(request.object());
        Set<String> holders = GateRules.holders(before);
        boolean unchanged = GateRules.isStandby(after) == GateRules.isStandby(before)
                && GateRules.holders(after).equals(holders)
                && GateRules.limits(after).equals(GateRules.limits(before));
        if (unchanged || holders.isEmpty() || request.isFrom(ownNamespace)) {
            return AdmissionResponse.allow();
        }
        return AdmissionResponse.refuse("metadata.labels: only Breakwater may change label " + Api.STANDBY
                + " and annotations " + Api.GATED_BY + " and " + Api.GATED_ONLY + ", since it holds the pods for "
                + String.join(", ", holders)
                + "; the pods start when each holder has finished or is deleted");
    }

    private Namespace namespace(JsonNode json) {
        return client.getKubernetesSerialization().convertValue(json, Namespace.class);
    }
}
