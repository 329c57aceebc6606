package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import java.util.Set;

/**
 * Protects the gate of a namespace: while it has holders, only the operator may change its label and annotations. A user who may
 * fail over can ask to open it, by an annotation with the reason.
 */
final class NamespaceLabelCheck {
    private final KubernetesClient client;
    private final String ownNamespace;

    NamespaceLabelCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    AdmissionResponse review(AdmissionRequest request) {
        Namespace before = request.isCreate() ? new Namespace() : namespace(request.oldObject());
        Namespace after = namespace(request.object());
        if (before.getMetadata() == null) {
            before.setMetadata(new ObjectMeta());
        }
        Set<String> holders = GateRules.holders(before);
        if (!request.isFrom(ownNamespace)) {
            Optional<String> refusal = opening(before, after, request);
            if (refusal.isPresent()) {
                return AdmissionResponse.refuse("metadata: " + refusal.get());
            }
        }
        boolean unchanged = GateRules.isStandby(after) == GateRules.isStandby(before)
                && GateRules.standby(after).equals(GateRules.standby(before))
                && GateRules.holders(after).equals(holders)
                && GateRules.limits(after).equals(GateRules.limits(before))
                && GateRules.cut(after).equals(GateRules.cut(before));
        if (unchanged || holders.isEmpty() || request.isFrom(ownNamespace)) {
            return AdmissionResponse.allow();
        }
        return AdmissionResponse.refuse("metadata.labels: only Breakwater may change label " + Api.STANDBY
                + " and annotations " + Api.GATED_BY + ", " + Api.GATED_ONLY + ", " + Api.FINAL_CUT + " and "
                + Api.POD_SEEN + ", since it holds the pods for "
                + String.join(", ", holders)
                + "; the pods start when each holder has finished. If a FailoverPlan holds them and cannot know which"
                + " site is active, set annotation " + Api.OPEN_GATE + "=<reason>");
    }

    /** The cause why the user may not open the gate by annotation; empty if the annotations are unchanged or allowed. */
    private Optional<String> opening(Namespace before, Namespace after, AdmissionRequest request) {
        Optional<String> opened = GateRules.openedReason(after);
        if (opened.isPresent() && !opened.equals(GateRules.openedReason(before))) {
            return Optional.of("only Breakwater may set " + Api.GATE_OPENED);
        }
        if (GateRules.isActive(after) && !GateRules.isActive(before)) {
            return Optional.of("label " + Api.ACTIVE + " means that this site is active; only Breakwater may set it");
        }
        Optional<String> reason = GateRules.openingReason(after);
        if (reason.isEmpty() || reason.equals(GateRules.openingReason(before))) {
            return Optional.empty();
        }
        if (GateRules.holders(before).isEmpty()) {
            return Optional.of(
                    Api.OPEN_GATE + " opens a gate that is closed, but no holder keeps the gate of namespace "
                            + after.getMetadata().getName() + " closed; remove the annotation");
        }
        return UserPermission.FAIL_OVER.isGranted(client, after.getMetadata().getName(), null, request)
                ? Optional.empty()
                : Optional.of(request.user() + " may not set " + Api.OPEN_GATE
                        + "; this needs the permission to update failoverplans/activesite in group breakwater.io,"
                        + " which ClusterRole breakwater-failover-operator grants");
    }

    private Namespace namespace(JsonNode json) {
        return client.getKubernetesSerialization().convertValue(json, Namespace.class);
    }
}
