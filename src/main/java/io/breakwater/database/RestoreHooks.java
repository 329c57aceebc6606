package io.breakwater.database;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Commands in Velero's annotations {@code post.hook.restore.velero.io/*} of restored pods. Each runs in each new pod after its
 * container has started, or is ready if {@code wait-for-ready} requires it.
 */
public final class RestoreHooks {
    private static final String PREFIX = "post.hook.restore.velero.io/";

    /** The longest time for a container to start, without an annotation for it. Velero would wait forever. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final PodExec exec;
    private final String namespace;

    public RestoreHooks(KubernetesClient client, String namespace) {
        this.client = client;
        this.exec = new PodExec(client, namespace);
        this.namespace = namespace;
    }

    /**
     * One pod's command.
     *
     * @param uid UID of the pod
     * @param held whether the restore still holds the pod at the gate
     * @param mayFail whether the restore succeeds without the command
     * @param waits what the container must do first; empty if the command can run
     * @param until the latest start of the command
     */
    public record Asked(
            String pod,
            String uid,
            boolean held,
            boolean mayFail,
            Optional<String> waits,
            Instant until,
            Runnable run) {}

    /**
     * The commands of pods that were created since a moment.
     *
     * @throws BreakwaterException RestoreHookFailed for an invalid annotation
     */
    public List<Asked> asked(Instant since) {
        List<Asked> all = new ArrayList<>();
        for (Pod pod : client.pods().inNamespace(namespace).list().getItems()) {
            Instant made = Instant.parse(pod.getMetadata().getCreationTimestamp());
            boolean over =
                    List.of("Succeeded", "Failed").contains(pod.getStatus().getPhase());
            // Creation times have no fractions of a second.
            if (made.plusSeconds(1).isAfter(since) && !over && pod.getMetadata().getDeletionTimestamp() == null) {
                asked(pod, made).ifPresent(all::add);
            }
        }
        return all;
    }

    private Optional<Asked> asked(Pod pod, Instant made) {
        try {
            return PodHookAnnotations.of(pod, PodHookAnnotations.Phase.RESTORED)
                    .map(call -> new Asked(
                            call.pod(),
                            pod.getMetadata().getUid(),
                            isHeld(pod),
                            call.mayFail(),
                            waits(pod, call.container()),
                            made.plus(patience(pod)),
                            () -> run(call)));
        } catch (BreakwaterException e) {
            throw BreakwaterException.permanent(Reason.RestoreHookFailed, e.getMessage());
        }
    }

    private static boolean isHeld(Pod pod) {
        return pod.getSpec().getSchedulingGates() != null
                && pod.getSpec().getSchedulingGates().stream().anyMatch(g -> Api.STANDBY.equals(g.getName()));
    }

    /** Workloads with commands that have not created all of their pods. */
    public List<String> unsettled() {
        List<String> all = new ArrayList<>();
        client.apps().deployments().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            unsettled(
                            d,
                            d.getSpec().getTemplate(),
                            d.getSpec().getReplicas(),
                            s.getObservedGeneration(),
                            s.getReplicas())
                    .ifPresent(all::add);
        });
        client.apps().statefulSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            unsettled(
                            d,
                            d.getSpec().getTemplate(),
                            d.getSpec().getReplicas(),
                            s.getObservedGeneration(),
                            s.getReplicas())
                    .ifPresent(all::add);
        });
        client.apps().daemonSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            unsettled(
                            d,
                            d.getSpec().getTemplate(),
                            s.getDesiredNumberScheduled(),
                            s.getObservedGeneration(),
                            s.getCurrentNumberScheduled())
                    .ifPresent(all::add);
        });
        return all;
    }

    private static Optional<String> unsettled(
            HasMetadata workload, PodTemplateSpec template, Integer wanted, Long seen, Integer made) {
        Map<String, String> annotations =
                template.getMetadata() == null ? null : template.getMetadata().getAnnotations();
        if (annotations == null || !annotations.containsKey(PREFIX + "command")) {
            return Optional.empty();
        }
        boolean looked = seen != null && seen >= workload.getMetadata().getGeneration();
        int missing = (wanted == null ? 1 : wanted) - (made == null ? 0 : made);
        return looked && missing <= 0
                ? Optional.empty()
                : Optional.of(workload.getKind() + " " + workload.getMetadata().getName()
                        + " has not created all of its pods");
    }

    private void run(CaptureHooks.Call call) {
        PodExec.Ended ended;
        try {
            ended = exec.call(call.pod(), call.container(), call.command(), call.timeout(), Reason.RestoreHookFailed);
        } catch (BreakwaterException e) {
            throw BreakwaterException.retryable(Reason.RestoreHookFailed, call.field() + ": " + e.getMessage(), e);
        }
        if (ended.code() != 0) {
            throw BreakwaterException.permanent(
                    Reason.RestoreHookFailed,
                    call.field() + ": exit code " + ended.code() + ": "
                            + Texts.tail(ended.output().strip(), PodExec.OUTPUT));
        }
    }

    private static Optional<String> waits(Pod pod, String container) {
        boolean ready =
                "true".equalsIgnoreCase(pod.getMetadata().getAnnotations().get(PREFIX + "wait-for-ready"));
        Optional<ContainerStatus> status = ContainerLookup.status(pod, container);
        if (status.filter(ContainerLookup::isRunning).isEmpty()) {
            return Optional.of(
                    "container " + container + " of pod " + pod.getMetadata().getName() + " is not running yet");
        }
        return ready && !Boolean.TRUE.equals(status.get().getReady())
                ? Optional.of("container " + container + " of pod "
                        + pod.getMetadata().getName() + " is not ready yet")
                : Optional.empty();
    }

    private static Duration patience(Pod pod) {
        String text = pod.getMetadata().getAnnotations().get(PREFIX + "wait-timeout");
        return text == null || text.isBlank()
                ? PATIENCE
                : PodHookAnnotations.timeout(text, PREFIX + "wait-timeout", pod);
    }
}
