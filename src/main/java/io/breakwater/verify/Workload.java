package io.breakwater.verify;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * How far a workload is.
 *
 * @param seen generation that its controller has seen; null before it has looked
 */
record Workload(HasMetadata object, Long seen, Integer wanted, Integer ready) {
    /** Workloads and single pods of a namespace that are not ready yet, each with how far it is. */
    static List<String> notReady(KubernetesClient client, String namespace) {
        List<Workload> all = new ArrayList<>();
        client.apps().deployments().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = Objects.requireNonNull(d.getStatus());
            all.add(new Workload(d, s.getObservedGeneration(), d.getSpec().getReplicas(), s.getReadyReplicas()));
        });
        client.apps().statefulSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = Objects.requireNonNull(d.getStatus());
            all.add(new Workload(d, s.getObservedGeneration(), d.getSpec().getReplicas(), s.getReadyReplicas()));
        });
        client.apps().daemonSets().inNamespace(namespace).list().getItems().forEach(d -> {
            var s = Objects.requireNonNull(d.getStatus());
            all.add(new Workload(d, s.getObservedGeneration(), s.getDesiredNumberScheduled(), s.getNumberReady()));
        });
        Stream<String> pods = client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(p -> p.getMetadata().getOwnerReferences().isEmpty())
                .filter(p -> !isReady(p))
                .map(p -> "Pod " + p.getMetadata().getName() + " is "
                        + p.getStatus().getPhase());
        return Stream.concat(all.stream().filter(w -> !w.isReady()).map(Workload::toString), pods)
                .toList();
    }

    boolean isReady() {
        ObjectMeta meta = object.getMetadata();
        return seen != null && seen >= meta.getGeneration() && count(ready, 0) >= count(wanted, 1);
    }

    @Override
    public String toString() {
        return object.getKind() + " " + object.getMetadata().getName() + " has " + count(ready, 0) + " of "
                + count(wanted, 1) + " replicas ready";
    }

    private static int count(Integer n, int otherwise) {
        return n == null ? otherwise : n;
    }

    private static boolean isReady(Pod pod) {
        return "Succeeded".equals(pod.getStatus().getPhase())
                || pod.getStatus().getConditions().stream()
                        .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
    }
}
