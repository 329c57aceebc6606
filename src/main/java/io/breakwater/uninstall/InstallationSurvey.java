package io.breakwater.uninstall;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What an installation has in a cluster that a removal affects. It is read from the API server at one moment.
 *
 * @param cluster uid of the cluster
 * @param gated namespaces whose pods are held, by name
 * @param kept objects with the finalizer of Breakwater; their namespaces cannot be deleted while nothing removes it
 * @param plans all FailoverPlans
 */
record InstallationSurvey(String cluster, Map<String, Gated> gated, List<HasMetadata> kept, List<FailoverPlan> plans) {
    static final List<Class<? extends HasMetadata>> KINDS = List.of(
            FailoverPlan.class,
            Restore.class,
            Verification.class,
            RestorePoint.class,
            BackupPolicy.class,
            BackupLocation.class);

    /**
     * A namespace with a closed gate.
     *
     * @param holders what closed it, such as {@code failoverplan/shop}
     * @param pods names of the pods that start when the gate opens
     */
    record Gated(Set<String> holders, List<String> pods) {}

    static InstallationSurvey read(KubernetesClient client) {
        List<HasMetadata> kept = new ArrayList<>();
        KINDS.forEach(kind -> kept.addAll(list(client, kind, InstallationSurvey::isKept)));
        Map<String, Gated> gated = new TreeMap<>();
        for (Namespace namespace :
                client.namespaces().withLabel(Api.STANDBY).list().getItems()) {
            if (GateRules.isStandby(namespace)) {
                String name = namespace.getMetadata().getName();
                gated.put(name, new Gated(GateRules.holders(namespace), held(client, name)));
            }
        }
        return new InstallationSurvey(cluster(client), gated, kept, list(client, FailoverPlan.class, plan -> true));
    }

    /** Whether a removal of the chart would affect nothing. */
    boolean isEmpty() {
        return gated.isEmpty() && kept.isEmpty() && plans.isEmpty();
    }

    static boolean isKept(HasMetadata object) {
        return object.hasFinalizer(Api.FINALIZER);
    }

    /** Objects of a kind in all namespaces; none if the cluster does not have the kind. */
    static <T extends HasMetadata> List<T> list(KubernetesClient client, Class<T> kind, Predicate<HasMetadata> wanted) {
        try {
            return client.resources(kind).inAnyNamespace().list().getItems().stream()
                    .filter(wanted)
                    .sorted(Comparator.comparing(o -> o.getMetadata().getNamespace() + "/"
                            + o.getMetadata().getName()))
                    .toList();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private static List<String> held(KubernetesClient client, String namespace) {
        return client.pods().inNamespace(namespace).list().getItems().stream()
                .filter(GateRules::isHeld)
                .map((Pod pod) -> pod.getMetadata().getName())
                .sorted()
                .toList();
    }

    private static String cluster(KubernetesClient client) {
        Namespace system = client.namespaces().withName("kube-system").get();
        if (system == null) {
            throw new IllegalStateException("namespace kube-system, whose uid identifies this cluster, does not exist");
        }
        return system.getMetadata().getUid();
    }
}
