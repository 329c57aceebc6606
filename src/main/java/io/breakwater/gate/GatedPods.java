package io.breakwater.gate;

import io.breakwater.api.ObjectNames;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSchedulingGate;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/** Deletes and releases the pods of a namespace. */
final class GatedPods {
    private static final Logger LOG = Logger.getLogger(GatedPods.class);
    private static final String LABEL_PATH = "/metadata/labels/" + GateRules.GATE.replace("/", "~1");
    private static final int UNPROCESSABLE = 422;
    private static final long DEFAULT_GRACE = 30;

    private final KubernetesClient client;

    GatedPods(KubernetesClient client) {
        this.client = client;
    }

    /** What a namespace has at one moment. */
    record Found(List<Job> jobs, List<Pod> pods) {}

    /** The Jobs and pods of a namespace. */
    Found find(String namespace) {
        return new Found(
                client.batch().v1().jobs().inNamespace(namespace).list().getItems(),
                client.pods().inNamespace(namespace).list().getItems());
    }

    /** The pods of the application that run or may start. */
    List<Pod> active(String namespace) {
        return client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(GateRules::isActive)
                .toList();
    }

    /** Deletes the held Jobs of CronJobs, then each held active pod that does not already end soon enough. */
    void end(Found found, Duration grace, Predicate<HasMetadata> held) {
        found.jobs().stream()
                .filter(GateRules::isFromCronJob)
                .filter(GatedPods::isUnfinished)
                .filter(held)
                .forEach(this::delete);
        found.pods().stream().filter(GateRules::isActive).filter(held).forEach(pod -> delete(pod, grace));
    }

    /** Deletes the held pods that have a controller; returns their number. */
    int renew(Found found) {
        List<Pod> old = found.pods().stream()
                .filter(GateRules::isHeld)
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .filter(pod -> pod.getMetadata().getOwnerReferences() != null
                        && pod.getMetadata().getOwnerReferences().stream()
                                .anyMatch(owner -> Boolean.TRUE.equals(owner.getController())))
                .toList();
        old.forEach(pod -> client.resource(pod).delete());
        return old.size();
    }

    /** Removes the scheduling gate of Breakwater from each pod that is not held any more. */
    void release(Found found, Predicate<HasMetadata> held) {
        found.pods().stream().filter(GateRules::isHeld).filter(held.negate()).forEach(this::release);
    }

    private void delete(Job job) {
        LOG.infof("deleting %s of a CronJob: the namespace is gated", ObjectNames.of(job));
        client.resource(job)
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
    }

    private void delete(Pod pod, Duration grace) {
        Long left = pod.getMetadata().getDeletionGracePeriodSeconds();
        Long own = pod.getSpec().getTerminationGracePeriodSeconds();
        long wanted = own == null ? DEFAULT_GRACE : own;
        if (grace != null) {
            // Never 0: that would delete the pod from the API while its containers may still run.
            wanted = Math.max(1, Math.min(wanted, grace.toSeconds()));
        }
        boolean ending = pod.getMetadata().getDeletionTimestamp() != null;
        if (ending && (grace == null || (left != null && left <= wanted))) {
            return;
        }
        LOG.infof("deleting %s within %d s: the namespace is gated", ObjectNames.of(pod), wanted);
        client.resource(pod).withGracePeriod(wanted).delete();
    }

    private void release(Pod pod) {
        List<PodSchedulingGate> gates = pod.getSpec().getSchedulingGates();
        int at = 0;
        while (!GateRules.GATE.equals(gates.get(at).getName())) {
            at++;
        }
        String path = "/spec/schedulingGates/" + at;
        String patch = "[{\"op\":\"test\",\"path\":\"" + path + "/name\",\"value\":\"" + GateRules.GATE + "\"},"
                + "{\"op\":\"remove\",\"path\":\"" + path + "\"}"
                + (GateRules.isLabelled(pod) ? ",{\"op\":\"remove\",\"path\":\"" + LABEL_PATH + "\"}" : "")
                + "]";
        try {
            client.pods().inNamespace(namespace(pod)).withName(name(pod)).patch(PatchContext.of(PatchType.JSON), patch);
        } catch (KubernetesClientException e) {
            // The pod was deleted or its gates have changed: the next sweep checks it again.
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && e.getCode() != UNPROCESSABLE) {
                throw e;
            }
        }
    }

    private static boolean isUnfinished(Job job) {
        return !GateRules.isFinished(job);
    }

    private static String namespace(HasMetadata object) {
        return object.getMetadata().getNamespace();
    }

    private static String name(HasMetadata object) {
        return object.getMetadata().getName();
    }
}
