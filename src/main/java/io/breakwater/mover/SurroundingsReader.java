package io.breakwater.mover;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;

/** Reads what a namespace demands from the pods of movers, at the time when a mover starts. */
final class SurroundingsReader {
    private static final String ENFORCE = "pod-security.kubernetes.io/enforce";

    private final KubernetesClient client;
    private final MoverPodDefaults defaults;

    SurroundingsReader(KubernetesClient client, MoverPodDefaults defaults) {
        this.client = client;
        this.defaults = defaults;
    }

    MoverSurroundings of(MoverJobs.Request request) {
        String namespace = request.namespace();
        return new MoverSurroundings(
                defaults,
                isPrivileged(client.namespaces().withName(namespace).get(), defaults),
                NamespaceLimits.of(
                        client.resourceQuotas().inNamespace(namespace).list().getItems(),
                        client.limitRanges().inNamespace(namespace).list().getItems(),
                        defaults.priorityClassName()),
                request.task()
                        .mountedClaim()
                        .map(claim -> client.persistentVolumeClaims()
                                .inNamespace(namespace)
                                .withName(claim)
                                .get())
                        .filter(claim -> claim.getSpec().getVolumeName() != null)
                        .isPresent());
    }

    /**
     * Whether movers with a volume run as root. Only those who can change the namespace decide it, by annotation or by level of Pod
     * Security. Objects in the namespace have no effect.
     */
    static boolean isPrivileged(Namespace namespace, MoverPodDefaults defaults) {
        if (namespace == null) {
            return defaults.privileged();
        }
        Map<String, String> annotations = namespace.getMetadata().getAnnotations();
        String annotated = annotations == null ? null : annotations.get(Api.PRIVILEGED_MOVERS);
        if (annotated != null) {
            return "true".equals(annotated);
        }
        Map<String, String> labels = namespace.getMetadata().getLabels();
        return defaults.privileged() && (labels == null || !"restricted".equals(labels.get(ENFORCE)));
    }
}
