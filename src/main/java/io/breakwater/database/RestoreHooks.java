package io.breakwater.database;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

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
     * @param until the latest start of the command; in the past if the container will never run
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
            return PodHookAnnotations.of(pod, PodHookAnnotations.Phase.RESTORED).map(call -> asked(pod, made, call));
        } catch (BreakwaterException e) {
            throw BreakwaterException.permanent(Reason.RestoreHookFailed, e.getMessage());
        }
    }

    private Asked asked(Pod pod, Instant made, CaptureHooks.Call call) {
        Optional<String> never = ContainerLookup.whyNever(pod, call.container());
        return new Asked(
                call.pod(),
                pod.getMetadata().getUid(),
                ContainerLookup.isHeld(pod),
                call.mayFail(),
                never.isPresent() ? never : waits(pod, call.container()),
                never.isPresent()
                        ? made
                        : made.plus(PodHookAnnotations.timeout(pod, PREFIX + "wait-timeout", PATIENCE)),
                () -> run(call));
    }

    /**
     * A workload with a command that has not created all of its pods.
     *
     * @param text which workload
     * @param mayFail whether the restore succeeds without the command
     */
    public record Unsettled(String text, boolean mayFail) {}

    /** Workloads with commands that have not created all of their pods. */
    public List<Unsettled> unsettled() {
        List<Unsettled> all = new ArrayList<>();
        var apps = client.apps();
        apps.deployments().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            var spec = d.getSpec();
            add(all, d, spec.getTemplate(), isSeen(d, s.getObservedGeneration()), spec.getReplicas(), s.getReplicas());
        });
        apps.statefulSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            var spec = d.getSpec();
            add(all, d, spec.getTemplate(), isSeen(d, s.getObservedGeneration()), spec.getReplicas(), s.getReplicas());
        });
        apps.replicaSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            var spec = d.getSpec();
            add(all, d, spec.getTemplate(), isSeen(d, s.getObservedGeneration()), spec.getReplicas(), s.getReplicas());
        });
        apps.daemonSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = d.getStatus();
            boolean seen = isSeen(d, s.getObservedGeneration());
            add(all, d, d.getSpec().getTemplate(), seen, s.getDesiredNumberScheduled(), s.getCurrentNumberScheduled());
        });
        var jobs = client.batch().v1().jobs().inNamespace(namespace).list().getItems();
        jobs.stream().filter(j -> j.getSpec() != null).forEach(j -> {
            boolean starts = !Boolean.TRUE.equals(j.getSpec().getSuspend());
            boolean started = j.getStatus() != null && pods(j.getStatus()) > 0;
            add(all, j, j.getSpec().getTemplate(), true, starts ? 1 : 0, started ? 1 : 0);
        });
        return all;
    }

    private static int pods(JobStatus status) {
        return Stream.of(status.getActive(), status.getSucceeded(), status.getFailed())
                .filter(Objects::nonNull)
                .mapToInt(Integer::intValue)
                .sum();
    }

    private static boolean isSeen(HasMetadata workload, Long observed) {
        return observed != null && observed >= workload.getMetadata().getGeneration();
    }

    /** @param seen whether the numbers of pods are those of the newest spec */
    private static void add(
            List<Unsettled> all,
            HasMetadata workload,
            PodTemplateSpec template,
            boolean seen,
            Integer wanted,
            Integer made) {
        Map<String, String> annotations =
                template.getMetadata() == null ? null : template.getMetadata().getAnnotations();
        int missing = (wanted == null ? 1 : wanted) - (made == null ? 0 : made);
        if (annotations != null && annotations.containsKey(PREFIX + "command") && (!seen || missing > 0)) {
            String name = workload.getKind() + " " + workload.getMetadata().getName();
            all.add(new Unsettled(
                    name + " has not created all of its pods", PodHookAnnotations.mayFail(annotations, PREFIX)));
        }
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
}
