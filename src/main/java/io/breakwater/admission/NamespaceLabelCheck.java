package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Set;

/** Keeps a namespace held back until its holders let go: only the operator changes its label and its list of holders. */
final class NamespaceLabelCheck {
    private final KubernetesClient client;
    private final String ownNamespace;

    NamespaceLabelCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    AdmissionResponse review(AdmissionRequest review) {
        Namespace before = namespace(review.oldObject());
        Namespace after = namespace(review.object());
        Set<String> holders = GateRules.holders(before);
        boolean kept = GateRules.isStandby(after) == GateRules.isStandby(before)
                && GateRules.holders(after).equals(holders)
                && GateRules.limits(after).equals(GateRules.limits(before));
        if (kept || holders.isEmpty() || review.isFrom(ownNamespace)) {
            return AdmissionResponse.allow();
        }
        return AdmissionResponse.refuse("metadata.labels: " + Api.STANDBY + " and annotations " + Api.GATED_BY + " and "
                + Api.GATED_ONLY + " belong to Breakwater, which holds this namespace back for "
                + String.join(", ", holders)
                + "; the pods start when that is done or deleted");
    }

    private Namespace namespace(JsonNode json) {
        return client.getKubernetesSerialization().convertValue(json, Namespace.class);
    }
}
