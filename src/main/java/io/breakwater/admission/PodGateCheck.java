package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;

/**
 * Checks new pods and Jobs in a gated namespace. Pods get the scheduling gate, and a label by which Breakwater finds them.
 * Movers pass. Jobs of CronJobs are refused.
 */
final class PodGateCheck {
    private final KubernetesClient client;

    PodGateCheck(KubernetesClient client) {
        this.client = client;
    }

    AdmissionResponse review(AdmissionRequest request) {
        return switch (request.kind()) {
            case "Pod" -> pod(request);
            case "Job" -> job(request);
            default -> AdmissionResponse.allow();
        };
    }

    /**
     * The API server uses the label as it last saw it, but the gate may have opened since. If the namespace cannot be read, the
     * object is held: a pod that is held in error is released within seconds, but a pod that starts in error may write.
     */
    private boolean isHeld(String namespace, HasMetadata object) {
        try {
            return GateRules.holds(client.namespaces().withName(namespace).get(), object);
        } catch (KubernetesClientException e) {
            return true;
        }
    }

    private AdmissionResponse pod(AdmissionRequest request) {
        JsonNode json = request.object();
        Pod pod = client.getKubernetesSerialization().convertValue(json, Pod.class);
        if (GateRules.isMover(pod) || !isHeld(request.namespace(), pod)) {
            return AdmissionResponse.allow();
        }
        if (pod.getSpec().getNodeName() != null) {
            return AdmissionResponse.refuse("spec.nodeName: Breakwater holds the pods of this namespace (label "
                    + Api.STANDBY + "), but cannot hold a pod that names its node; use a nodeSelector instead");
        }
        JsonPatch patch = new JsonPatch(json).put("/metadata/labels", Api.STANDBY, "true");
        if (!GateRules.isHeld(pod)) {
            patch.append("/spec/schedulingGates", "name", GateRules.GATE);
        }
        return AdmissionResponse.patch(patch.steps());
    }

    private AdmissionResponse job(AdmissionRequest request) {
        Job job = client.getKubernetesSerialization().convertValue(request.object(), Job.class);
        if (GateRules.isFromCronJob(job) && isHeld(request.namespace(), job)) {
            return AdmissionResponse.refuse("Breakwater holds the pods of namespace " + request.namespace() + " (label "
                    + Api.STANDBY + "): CronJobs run only on the site where the application is active");
        }
        return AdmissionResponse.allow();
    }
}
