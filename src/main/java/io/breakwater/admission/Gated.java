package io.breakwater.admission;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the gate means for single objects. Pure, so that webhook and {@link NamespaceGate} cannot disagree. */
final class Gated {
    /** Name of the scheduling gate; the label of the same name lets gated pods be found. */
    static final String GATE = Api.STANDBY;

    /** Name of the ServiceAccount under which mover pods run. */
    static final String MOVER_ACCOUNT = "breakwater-mover";

    private static final String MOVER = "mover";

    private Gated() {}

    /** Whether the namespace holds its pods back. */
    static boolean isStandby(Namespace namespace) {
        return namespace != null
                && namespace.getMetadata().getLabels() != null
                && "true".equals(namespace.getMetadata().getLabels().get(Api.STANDBY));
    }

    /** The holders for whom a namespace's gate is closed, in the order in which they came. */
    static Set<String> holders(Namespace namespace) {
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

    /** Whether the pod is one of our movers, which work while the application rests. */
    static boolean isMover(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels != null
                && MOVER.equals(labels.get(Api.COMPONENT))
                && MOVER_ACCOUNT.equals(pod.getSpec().getServiceAccountName());
    }

    /** Whether the scheduler leaves the pod alone because of us. */
    static boolean isHeld(Pod pod) {
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
    static boolean isFromCronJob(Job job) {
        List<OwnerReference> owners = job.getMetadata().getOwnerReferences();
        return owners != null && owners.stream().anyMatch(o -> "CronJob".equals(o.getKind()));
    }
}
