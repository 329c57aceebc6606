package io.breakwater.gate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
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
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The effect of a gate on single objects. Pure, so that the webhook and {@link NamespaceGate} cannot disagree. */
public final class GateRules {
    /** Name of the scheduling gate. Gated pods also have a label of this name, so that they can be found. */
    public static final String GATE = Api.STANDBY;

    /** Value of label {@link Api#STANDBY}: pods wait, and none starts without the webhook. */
    public static final String ALL = "true";

    /**
     * Value of label {@link Api#STANDBY}: the application is active, and only workloads are held that its point does not have. Pods
     * start also while no webhook answers, since that must not stop an active application.
     */
    public static final String SOME = "some";

    /** Name of the ServiceAccount of mover pods. */
    static final String MOVER_ACCOUNT = "breakwater-mover";

    private static final String MOVER = "mover";
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final TypeReference<Map<String, List<String>>> LIMITS = new TypeReference<>() {};

    private GateRules() {}

    /** Whether the pods of the namespace are held. */
    public static boolean isStandby(Namespace namespace) {
        return isClosed(namespace) || isUndecided(namespace);
    }

    /** Whether a holder has closed the gate. */
    static boolean isClosed(Namespace namespace) {
        String value = label(namespace, Api.STANDBY);
        return ALL.equals(value) || SOME.equals(value);
    }

    /** The value of label {@link Api#STANDBY}; empty without the label. */
    public static Optional<String> standby(Namespace namespace) {
        return Optional.ofNullable(label(namespace, Api.STANDBY));
    }

    /**
     * The value of label {@link Api#STANDBY} while the gate is closed for some holders.
     *
     * @param limits the workloads of holders that hold only the pods of some
     */
    static String standby(Set<String> holders, Map<String, Set<WorkloadName>> limits) {
        boolean some = holders.stream()
                .allMatch(holder -> holder.startsWith(NamespaceGate.ABSENT) && limits.containsKey(holder));
        return some ? SOME : ALL;
    }

    /** Whether the namespace belongs to a plan by its label, and no guard has had proof that this site is active. */
    static boolean isUndecided(Namespace namespace) {
        return label(namespace, Api.PLAN) != null && !isActive(namespace);
    }

    /** Whether a guard had proof that this site is active. */
    public static boolean isActive(Namespace namespace) {
        return "true".equals(label(namespace, Api.ACTIVE));
    }

    private static String label(Namespace namespace, String name) {
        return namespace == null || namespace.getMetadata().getLabels() == null
                ? null
                : namespace.getMetadata().getLabels().get(name);
    }

    /** The holders of the gate of a namespace, in the order in which they closed it. */
    public static Set<String> holders(Namespace namespace) {
        Set<String> holders = new LinkedHashSet<>();
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(Api.GATED_BY);
        if (text != null) {
            List.of(text.split(",")).stream()
                    .map(String::strip)
                    .filter(holder -> !holder.isEmpty())
                    .forEach(holders::add);
        }
        return holders;
    }

    /**
     * The workloads of holders that hold only the pods of some workloads. An annotation that cannot be parsed limits nothing.
     *
     * @return only holders that are also in {@link #holders}
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

    /** What the namespace records about the final point of a hand-over. */
    public static List<Optional<String>> cut(Namespace namespace) {
        return List.of(annotation(namespace, Api.FINAL_CUT), annotation(namespace, Api.POD_SEEN));
    }

    /** The reason for which a user asks to open the gate; empty without one. */
    public static Optional<String> openingReason(Namespace namespace) {
        return annotation(namespace, Api.OPEN_GATE);
    }

    /** The reason for which a user opened the gate, until a plan knows the active site again; empty without one. */
    public static Optional<String> openedReason(Namespace namespace) {
        return annotation(namespace, Api.GATE_OPENED);
    }

    private static Optional<String> annotation(Namespace namespace, String name) {
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        return Optional.ofNullable(annotations)
                .map(all -> all.get(name))
                .map(String::strip)
                .filter(text -> !text.isEmpty());
    }

    /** The annotation that {@link #limits} reads. */
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
     * Whether a namespace holds one of its pods or Jobs, by the name of the object and by the controller that created it. A
     * namespace with the label and without holders holds all pods and Jobs.
     */
    public static boolean holds(Namespace namespace, HasMetadata object) {
        if (!isStandby(namespace)) {
            return false;
        }
        Map<String, Set<WorkloadName>> limits = limits(namespace);
        Set<String> holders = holders(namespace);
        return isUndecided(namespace)
                || holders.isEmpty()
                || holders.stream()
                        .anyMatch(holder -> !limits.containsKey(holder)
                                || limits.get(holder).stream().anyMatch(workload -> isOf(object, workload)));
    }

    private static boolean isOf(HasMetadata object, WorkloadName workload) {
        String name = object.getMetadata().getName();
        if (name != null && workload.equals(new WorkloadName(object.getKind(), name))) {
            return true;
        }
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners != null
                && owners.stream()
                        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
                        .anyMatch(owner -> workload.controls(owner.getKind(), owner.getName()));
    }

    /** Whether the pod is a mover of Breakwater. Movers run while the pods of the application are held. */
    public static boolean isMover(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels != null
                && MOVER.equals(labels.get(Api.COMPONENT))
                && MOVER_ACCOUNT.equals(pod.getSpec().getServiceAccountName());
    }

    /** Whether the scheduling gate of Breakwater holds the pod. */
    public static boolean isHeld(Pod pod) {
        return pod.getSpec().getSchedulingGates() != null
                && pod.getSpec().getSchedulingGates().stream().anyMatch(gate -> GATE.equals(gate.getName()));
    }

    /** Whether the pod has the label of held pods. */
    static boolean isLabelled(Pod pod) {
        return pod.getMetadata().getLabels() != null
                && pod.getMetadata().getLabels().containsKey(Api.STANDBY);
    }

    /** Whether containers of the application run or may start: all pods except movers, held pods and finished pods. */
    static boolean isActive(Pod pod) {
        return !isMover(pod) && !isHeld(pod) && !isFinished(pod);
    }

    /** Whether all containers of the pod have ended for good. */
    public static boolean isFinished(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    /** Whether the Job has completed or failed. */
    public static boolean isFinished(Job job) {
        return job.getStatus() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(c -> "True".equals(c.getStatus())
                                && (c.getType().equals("Complete")
                                        || c.getType().equals("Failed")));
    }

    /** Whether a CronJob created the Job. If such Jobs were held, they would accumulate. */
    public static boolean isFromCronJob(Job job) {
        List<OwnerReference> owners = job.getMetadata().getOwnerReferences();
        return owners != null && owners.stream().anyMatch(owner -> "CronJob".equals(owner.getKind()));
    }
}
