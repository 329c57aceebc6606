package io.breakwater.mover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Registry credentials of mover pods: Secrets of the namespace that the pods run in, or copies of Secrets of the operator's
 * namespace. A copy belongs to one Job, and is deleted with it. Who reads Secrets of the namespace can read it meanwhile.
 */
final class PullSecrets {
    /** Types of Secrets that the kubelet uses for a registry. No other Secret is copied into a tenant's namespace. */
    private static final List<String> TYPES = List.of("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg");

    private PullSecrets() {}

    /** What the pod of a Job names. */
    static List<LocalObjectReference> references(MoverPodDefaults defaults, String job) {
        return IntStream.range(0, defaults.pullSecrets().size())
                .mapToObj(i -> new LocalObjectReference(
                        defaults.copyPullSecrets()
                                ? copy(job, i)
                                : defaults.pullSecrets().get(i)))
                .toList();
    }

    private static String copy(String job, int index) {
        return job + "-pull-" + index;
    }

    /**
     * The copies for a Job; none if the namespaces have Secrets of their own.
     *
     * @param operator namespace of the operator
     * @throws BreakwaterException MoverFailed if a Secret does not exist there, or is not for a registry
     */
    static List<Secret> copies(KubernetesClient client, String operator, MoverPodDefaults defaults, Job job) {
        if (!defaults.copyPullSecrets()) {
            return List.of();
        }
        return IntStream.range(0, defaults.pullSecrets().size())
                .mapToObj(i ->
                        copy(source(client, operator, defaults.pullSecrets().get(i)), job, i))
                .toList();
    }

    private static Secret source(KubernetesClient client, String operator, String name) {
        Secret secret = client.secrets().inNamespace(operator).withName(name).get();
        if (secret == null || !TYPES.contains(secret.getType())) {
            throw BreakwaterException.retryable(
                    Reason.MoverFailed,
                    "Secret " + operator + "/" + name + " of Helm value mover.image.pullSecrets "
                            + (secret == null ? "does not exist" : "does not have the type " + TYPES.getFirst())
                            + "; create it, or remove it from the value; will retry");
        }
        return secret;
    }

    private static Secret copy(Secret source, Job job, int index) {
        return new SecretBuilder()
                .withNewMetadata()
                .withName(copy(job.getMetadata().getName(), index))
                .withNamespace(job.getMetadata().getNamespace())
                .withOwnerReferences(MoverJobs.ownedBy(job))
                .addToLabels(Api.RUN, job.getMetadata().getLabels().get(Api.RUN))
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withType(source.getType())
                .withData(source.getData())
                .build();
    }
}
