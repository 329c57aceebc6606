package io.breakwater.resource;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The pods that a workload creates. A workload that is scaled to zero, or waits for its time, has volumes although it has no pods.
 *
 * @param kind of the workload
 * @param workload metadata of the workload
 * @param pod labels and annotations of the pods
 * @param statefulSet whose claim templates the pods use; null for other workloads
 * @param idle whether the workload usually has no pods now
 */
public record PodTemplate(
        String kind, ObjectMeta workload, ObjectMeta pod, PodSpec spec, StatefulSet statefulSet, boolean idle) {

    /** The templates of a namespace: those of StatefulSets, Deployments, DaemonSets and CronJobs, each in order of their names. */
    public static List<PodTemplate> of(KubernetesClient client, String namespace) {
        List<PodTemplate> found = new ArrayList<>();
        var apps = client.apps();
        sorted(apps.statefulSets().inNamespace(namespace).list().getItems()).forEach(s -> {
            boolean idle = Integer.valueOf(0).equals(s.getSpec().getReplicas());
            found.add(template(s, s.getSpec().getTemplate(), s, idle));
        });
        sorted(apps.deployments().inNamespace(namespace).list().getItems()).forEach(d -> {
            boolean idle = Integer.valueOf(0).equals(d.getSpec().getReplicas());
            found.add(template(d, d.getSpec().getTemplate(), null, idle));
        });
        sorted(apps.daemonSets().inNamespace(namespace).list().getItems())
                .forEach(d -> found.add(template(d, d.getSpec().getTemplate(), null, false)));
        sorted(client.batch().v1().cronjobs().inNamespace(namespace).list().getItems())
                .forEach(c -> found.add(
                        template(c, c.getSpec().getJobTemplate().getSpec().getTemplate(), null, true)));
        return found;
    }

    private static PodTemplate template(HasMetadata workload, PodTemplateSpec pod, StatefulSet set, boolean idle) {
        ObjectMeta meta = pod.getMetadata() == null ? new ObjectMeta() : pod.getMetadata();
        return new PodTemplate(workload.getKind(), workload.getMetadata(), meta, pod.getSpec(), set, idle);
    }

    private static <T extends HasMetadata> Stream<T> sorted(List<T> workloads) {
        return workloads.stream()
                .sorted(Comparator.comparing(w -> w.getMetadata().getName()));
    }

    /** Such as {@code CronJob report}. */
    public String name() {
        return kind + " " + workload.getName();
    }

    /** The labels of the workload, and those of its pods. */
    public List<Map<String, String>> labels() {
        return Stream.of(workload.getLabels(), pod.getLabels())
                .map(l -> l == null ? Map.<String, String>of() : l)
                .toList();
    }

    /** Whether a pod of the workload mounts a claim. */
    public boolean mounts(String claim) {
        boolean named = spec.getVolumes().stream()
                .anyMatch(v -> v.getPersistentVolumeClaim() != null
                        && claim.equals(v.getPersistentVolumeClaim().getClaimName()));
        return named || statefulSet != null && claimTemplate(statefulSet, claim).isPresent();
    }

    /** The claim template of a claim. The claim of a replica is named after the template, the StatefulSet and the number of the replica. */
    public static Optional<String> claimTemplate(StatefulSet set, String claim) {
        return set.getSpec().getVolumeClaimTemplates().stream()
                .map(t -> t.getMetadata().getName())
                .filter(t -> {
                    String start = t + "-" + set.getMetadata().getName() + "-";
                    return claim.startsWith(start)
                            && claim.substring(start.length()).matches("[0-9]+");
                })
                .findFirst();
    }
}
