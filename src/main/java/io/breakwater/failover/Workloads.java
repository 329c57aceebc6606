package io.breakwater.failover;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Whether an application is up: its Deployments and StatefulSets have the replicas that they want. */
final class Workloads {
    private final KubernetesClient client;

    Workloads(KubernetesClient client) {
        this.client = client;
    }

    /** Kind and name of each workload that is not ready. */
    List<String> notReady(String namespace) {
        List<String> missing = new ArrayList<>();
        for (Deployment d :
                client.apps().deployments().inNamespace(namespace).list().getItems()) {
            Integer ready = d.getStatus() == null ? null : d.getStatus().getReadyReplicas();
            Long seen = d.getStatus() == null ? null : d.getStatus().getObservedGeneration();
            if (!up(d.getSpec().getReplicas(), ready, d.getMetadata().getGeneration(), seen)) {
                missing.add("Deployment " + d.getMetadata().getName());
            }
        }
        for (StatefulSet s :
                client.apps().statefulSets().inNamespace(namespace).list().getItems()) {
            Integer ready = s.getStatus() == null ? null : s.getStatus().getReadyReplicas();
            Long seen = s.getStatus() == null ? null : s.getStatus().getObservedGeneration();
            if (!up(s.getSpec().getReplicas(), ready, s.getMetadata().getGeneration(), seen)) {
                missing.add("StatefulSet " + s.getMetadata().getName());
            }
        }
        return missing;
    }

    private static boolean up(Integer wanted, Integer ready, Long generation, Long seen) {
        int replicas = wanted == null ? 1 : wanted;
        return Objects.equals(generation, seen) && (ready == null ? 0 : ready) >= replicas;
    }
}
