package io.breakwater.policy.template;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What has to be done for a template: in each selected namespace, and with policies of its that are in others.
 *
 * @param members one for each selected namespace, by name
 * @param leaving policies that the template kept where it selects nothing any more
 */
record TemplatePlan(List<Member> members, List<BackupPolicy> leaving) {
    private static final KubernetesSerialization JSON = new KubernetesSerialization();

    /**
     * A selected namespace.
     *
     * @param kept the policy that the template keeps there, as it was found
     */
    record Member(String namespace, Optional<BackupPolicy> kept, Step step) {}

    /** What has to be done in a namespace. */
    sealed interface Step {
        /** Nothing. */
        record Rest() implements Step {}

        /** Write this policy. */
        record Apply(BackupPolicy wanted) implements Step {}

        /** Nothing, since another policy is there: the namespace's own, or one that another template keeps. */
        record Yield(BackupPolicy other) implements Step {}
    }

    /**
     * Decides.
     *
     * @param policies of all namespaces
     * @param own namespace of the operator
     */
    static TemplatePlan of(BackupPolicy template, List<Namespace> namespaces, List<BackupPolicy> policies, String own) {
        NamespaceSelector choice = new NamespaceSelector(template.getSpec().source.namespaces, own);
        Map<String, List<BackupPolicy>> present = policies.stream()
                .filter(p -> !p.getMetadata().getNamespace().equals(own))
                .collect(Collectors.groupingBy(p -> p.getMetadata().getNamespace()));
        List<Member> members = namespaces.stream()
                .filter(choice::takes)
                .map(n -> n.getMetadata().getName())
                .sorted()
                .map(n -> member(template, n, present.getOrDefault(n, List.of())))
                .toList();
        Map<String, Boolean> selected = namespaces.stream()
                .collect(Collectors.toMap(n -> n.getMetadata().getName(), choice::takes));
        List<BackupPolicy> leaving = present.values().stream()
                .flatMap(List::stream)
                .filter(p -> isKeptBy(template, p) && isAlive(p))
                // One whose namespace was not listed lies in a newer one, or in one that has just gone.
                .filter(p -> Boolean.FALSE.equals(selected.get(p.getMetadata().getNamespace())))
                .sorted(Comparator.comparing(p -> p.getMetadata().getNamespace()))
                .toList();
        return new TemplatePlan(members, leaving);
    }

    private static Member member(BackupPolicy template, String namespace, List<BackupPolicy> there) {
        Optional<BackupPolicy> kept = there.stream()
                .filter(p -> isKeptBy(template, p) && name(p).equals(name(template)))
                .findFirst();
        Optional<BackupPolicy> other = there.stream()
                .filter(p -> kept.isEmpty() && isAlive(p))
                .filter(p -> name(p).equals(name(template)) || p.getSpec().isRivalOf(template.getSpec()))
                .min(Comparator.comparing(TemplatePlan::name));
        if (other.isPresent()) {
            return new Member(namespace, kept, new Step.Yield(other.get()));
        }
        BackupPolicy wanted = wanted(template, namespace, kept);
        boolean right = kept.filter(k -> !isAlive(k) || json(k.getSpec()).equals(json(wanted.getSpec())))
                .isPresent();
        return new Member(namespace, kept, right ? new Step.Rest() : new Step.Apply(wanted));
    }

    /** The policy as it should be; with the identity of the one that is there, so that no other is written over. */
    private static BackupPolicy wanted(BackupPolicy template, String namespace, Optional<BackupPolicy> kept) {
        BackupPolicy policy = new BackupPolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(name(template))
                .withNamespace(namespace)
                .withUid(kept.map(k -> k.getMetadata().getUid()).orElse(null))
                .addToLabels(Api.TEMPLATE, name(template))
                .addToLabels("app.kubernetes.io/managed-by", "breakwater")
                .build());
        BackupPolicySpec spec = JSON.clone(template.getSpec());
        spec.source.namespaces = null;
        spec.source = isWhole(spec.source) ? null : spec.source;
        policy.setSpec(spec);
        return policy;
    }

    /** Whether a source says nothing but what holds without one. */
    private static boolean isWhole(Source source) {
        return source.labelSelector == null
                && source.include == null
                && source.exclude == null
                && (source.includeClusterResources == null
                        || source.includeClusterResources == ClusterResources.Referenced);
    }

    private static boolean isKeptBy(BackupPolicy template, BackupPolicy policy) {
        return policy.keptBy().equals(Optional.of(name(template)));
    }

    private static boolean isAlive(BackupPolicy policy) {
        return policy.getMetadata().getDeletionTimestamp() == null;
    }

    private static String name(BackupPolicy policy) {
        return policy.getMetadata().getName();
    }

    private static JsonNode json(BackupPolicySpec spec) {
        return JSON.convertValue(spec, JsonNode.class);
    }
}
