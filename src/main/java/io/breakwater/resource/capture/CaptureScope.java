package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Labels;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.ObjectSelection;
import io.breakwater.resource.PodTemplate;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The objects of a namespace that the source of a policy selects. Safe for use from many threads. */
public final class CaptureScope {
    private static final String CLAIMS = "persistentvolumeclaims";

    private final Source source;
    private final ObjectSelection selection;
    private final Set<String> claims;
    private final AtomicBoolean taken = new AtomicBoolean();

    /**
     * @param source null for all objects
     * @param claims names of the claims that {@link #claims} selected. With a source only these count, because
     *     snapshots of their volumes were taken
     */
    public CaptureScope(Source source, Set<String> claims) {
        this.source = source == null ? new Source() : source;
        this.selection = new ObjectSelection("spec.source", this.source.include, this.source.exclude);
        this.claims = source == null ? null : Set.copyOf(claims);
    }

    /**
     * The claims of a namespace that a source selects: by their own labels or those of a pod or workload that mounts them, and by
     * its rules. Lists pods and workloads at once.
     */
    public static Predicate<PersistentVolumeClaim> claims(KubernetesClient client, String namespace, Source source) {
        if (source == null) {
            return claim -> true;
        }
        Set<String> mounted = mounted(client, namespace, source.labelSelector);
        List<PodTemplate> workloads = workloads(client, namespace, source.labelSelector);
        ObjectSelection selection = new ObjectSelection("spec.source", source.include, source.exclude);
        return claim -> {
            String name = claim.getMetadata().getName();
            boolean labelled = source.labelSelector == null
                    || mounted.contains(name)
                    || workloads.stream().anyMatch(w -> w.mounts(name))
                    || Labels.match(source.labelSelector, claim.getMetadata().getLabels());
            ObjectKey key = new ObjectKey("", CLAIMS, namespace, name);
            return labelled && selection.selects(key, ApiServer.JSON.valueToTree(claim));
        };
    }

    private static Set<String> mounted(KubernetesClient client, String namespace, LabelSelector selector) {
        if (selector == null) {
            return Set.of();
        }
        return client.pods().inNamespace(namespace).withLabelSelector(selector).list().getItems().stream()
                .flatMap(p -> p.getSpec().getVolumes().stream())
                .map(v -> v.getPersistentVolumeClaim() == null
                        ? null
                        : v.getPersistentVolumeClaim().getClaimName())
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    /** Selected workloads, which need not have pods now. */
    private static List<PodTemplate> workloads(KubernetesClient client, String namespace, LabelSelector selector) {
        return selector == null
                ? List.of()
                : PodTemplate.of(client, namespace).stream()
                        .filter(t -> t.labels().stream().anyMatch(l -> Labels.match(selector, l)))
                        .toList();
    }

    /** Whether cluster-scoped objects that captured objects need are captured. */
    boolean referenced() {
        return source.includeClusterResources == null || source.includeClusterResources == ClusterResources.Referenced;
    }

    /** Whether all cluster-scoped objects are captured that the rules select. */
    boolean wholeCluster() {
        return source.includeClusterResources == ClusterResources.All;
    }

    /** Whether a kind must be listed. */
    boolean lists(ApiKind kind) {
        return selection.maySelect(kind.qualified());
    }

    /** The label selector of the list request for a kind; empty for all objects. */
    String query(ApiKind kind) {
        return source.labelSelector == null || isClaim(kind) ? "" : Labels.query(source.labelSelector);
    }

    /** Whether an object that was listed with that selector is captured. */
    boolean takes(ApiKind kind, ObjectKey key, JsonNode object) {
        boolean takes = isClaim(kind) && claims != null ? claims.contains(key.name()) : selection.selects(key, object);
        if (takes) {
            taken.set(true);
        }
        return takes;
    }

    /**
     * Fails if the include rules name objects, and none of them exists.
     *
     * @throws BreakwaterException InvalidSpec
     */
    void requireMatch(String namespace) {
        boolean named = source.include != null
                && !source.include.isEmpty()
                && source.include.stream().allMatch(r -> r.names != null);
        if (named && !taken.get()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "namespace " + namespace + " has none of the objects that spec.source.include of the BackupPolicy"
                            + " names; correct the names, or remove the rules");
        }
    }

    /** Whether a cluster-scoped object that a captured object needs is captured. */
    boolean takesReferenced(ObjectKey key, JsonNode object) {
        return !selection.excludes(key, object);
    }

    /** Warnings about the rules, after all kinds were listed. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>(selection.unmatched());
        if (source.labelSelector != null && !taken.get()) {
            warnings.add("spec.source.labelSelector matches no object");
        }
        return warnings.stream().map(i -> i + ": check its spelling").toList();
    }

    private static boolean isClaim(ApiKind kind) {
        return kind.qualified().equals(CLAIMS);
    }
}
