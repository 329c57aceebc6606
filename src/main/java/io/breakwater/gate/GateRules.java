package io.breakwater.gate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.WorkloadName;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What the gate means for single objects. Pure, so that webhook and {@link NamespaceGate} cannot disagree. */
public final class GateRules {
    /** Name of the scheduling gate; the label of the same name lets gated pods be found. */
    public static final String GATE = Api.STANDBY;

    /** Name of the ServiceAccount under which mover pods run. */
    static final String MOVER_ACCOUNT = "breakwater-mover";

    private static final String MOVER = "mover";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, List<String>>> LIMITS = new TypeReference<>() {};

    private GateRules() {}

    /** Whether the namespace holds its pods back. */
    public static boolean isStandby(Namespace namespace) {
        return namespace != null
                && namespace.getMetadata().getLabels() != null
                && "true".equals(namespace.getMetadata().getLabels().get(Api.STANDBY));
    }

    /** The holders for whom a namespace's gate is closed, in the order in which they came. */
    public static Set<String> holders(Namespace namespace) {
        Set<String> holders = new LinkedHashSet<>();
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(Api.GATED_BY);
        if (text != null) {
            List.of(text.split(",")).stream()
                    .map(String::strip)
                    .filter(s -> !s.isEmpty())
                    .forEach(holders::add);
        }
        return holders;
    }

    /**
     * Of holders that hold back the pods of some workloads only: which ones. Text that nobody can read limits nothing.
     *
     * @return only holders that are in {@link #holders} too
     */
    public static Map<String, Set<WorkloadName>> limits(Namespace namespace) {
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(Api.GATED_ONLY);
        Map<String, Set<WorkloadName>> limits = new LinkedHashMap<>();
        if (text != null) {
            try {
                JSON.readValue(text, LIMITS)
                        .forEach((holder, names) -> limits.put(
                                holder, names.stream().map(WorkloadName::parse).collect(Collectors.toSet())));
            } catch (JsonProcessingException e) {
                return Map.of();
            }
        }
        limits.keySet().retainAll(holders(namespace));
        return limits;
    }

    /** What {@link #limits} reads. */
    static String text(Map<String, Set<WorkloadName>> limits) {
        Map<String, List<String>> names = new LinkedHashMap<>();
        limits.forEach((holder, workloads) -> names.put(
                holder, workloads.stream().map(WorkloadName::toString).sorted().toList()));
        try {
            return JSON.writeValueAsString(names);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Whether a namespace holds back this object of its: a pod or a Job, by its name and by the controller that made it.
     * Without any holder a label alone holds everything.
     */
    public static boolean holds(Namespace namespace, HasMetadata object) {
        if (!isStandby(namespace)) {
            return false;
        }
        Map<String, Set<WorkloadName>> limits = limits(namespace);
        Set<String> holders = holders(namespace);
        return holders.isEmpty()
                || holders.stream()
                        .anyMatch(h -> !limits.containsKey(h)
                                || limits.get(h).stream().anyMatch(workload -> isOf(object, workload)));
    }

    private static boolean isOf(HasMetadata object, WorkloadName workload) {
        String name = object.getMetadata().getName();
        if (name != null && workload.equals(new WorkloadName(object.getKind(), name))) {
            return true;
        }
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners != null
                && owners.stream()
                        .filter(o -> Boolean.TRUE.equals(o.getController()))
                        .anyMatch(o -> workload.controls(o.getKind(), o.getName()));
    }

    /** Whether the pod is one of our movers, which work while the application rests. */
    public static boolean isMover(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels != null
                && MOVER.equals(labels.get(Api.COMPONENT))
                && MOVER_ACCOUNT.equals(pod.getSpec().getServiceAccountName());
    }

    /** Whether the scheduler leaves the pod alone because of us. */
    public static boolean isHeld(Pod pod) {
        return pod.getSpec().getSchedulingGates() != null
                && pod.getSpec().getSchedulingGates().stream().anyMatch(g -> GATE.equals(g.getName()));
    }

    /** Whether the pod carries the label by which held pods are found. */
    static boolean isLabelled(Pod pod) {
        return pod.getMetadata().getLabels() != null
                && pod.getMetadata().getLabels().containsKey(Api.STANDBY);
    }

    /** Whether containers of the application run, or may begin to: everything but movers, held and finished pods. */
    static boolean isActive(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        boolean finished = "Succeeded".equals(phase) || "Failed".equals(phase);
        return !isMover(pod) && !isHeld(pod) && !finished;
    }

    /** Whether a CronJob made the Job; held back, such Jobs would pile up. */
    public static boolean isFromCronJob(Job job) {
        List<OwnerReference> owners = job.getMetadata().getOwnerReferences();
        return owners != null && owners.stream().anyMatch(o -> "CronJob".equals(o.getKind()));
    }
}
