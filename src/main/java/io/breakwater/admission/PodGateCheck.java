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
 * New pods and Jobs in a namespace that is held back. Pods get the scheduling gate and a label by which they are found
 * again; movers pass; Jobs of CronJobs are refused.
 */
final class PodGateCheck {
    private final KubernetesClient client;

    PodGateCheck(KubernetesClient client) {
        this.client = client;
    }

    AdmissionResponse review(AdmissionRequest review) {
        return switch (review.kind()) {
            case "Pod" -> pod(review);
            case "Job" -> job(review);
            default -> AdmissionResponse.allow();
        };
    }

    /**
     * The API server asks by what it last knew of the label; the namespace itself may have been let go since. Who cannot
     * tell holds back: a pod held back in error is released within seconds, one let go in error may write.
     */
    private boolean isHeldBack(String namespace, HasMetadata object) {
        try {
            return GateRules.holds(client.namespaces().withName(namespace).get(), object);
        } catch (KubernetesClientException e) {
            return true;
        }
    }

    private AdmissionResponse pod(AdmissionRequest review) {
        JsonNode json = review.object();
        Pod pod = client.getKubernetesSerialization().convertValue(json, Pod.class);
        if (GateRules.isMover(pod) || !isHeldBack(review.namespace(), pod)) {
            return AdmissionResponse.allow();
        }
        if (pod.getSpec().getNodeName() != null) {
            return AdmissionResponse.refuse("spec.nodeName: this namespace is held back by Breakwater (label "
                    + Api.STANDBY + "), and a pod that names its node cannot be; use a nodeSelector instead");
        }
        JsonPatch patch = new JsonPatch(json).put("/metadata/labels", Api.STANDBY, "true");
        if (!GateRules.isHeld(pod)) {
            patch.append("/spec/schedulingGates", "name", GateRules.GATE);
        }
        return AdmissionResponse.patch(patch.steps());
    }

    private AdmissionResponse job(AdmissionRequest review) {
        Job job = client.getKubernetesSerialization().convertValue(review.object(), Job.class);
        if (GateRules.isFromCronJob(job) && isHeldBack(review.namespace(), job)) {
            return AdmissionResponse.refuse("namespace " + review.namespace() + " is held back by Breakwater (label "
                    + Api.STANDBY + "): CronJobs run where the application is active");
        }
        return AdmissionResponse.allow();
    }
}
