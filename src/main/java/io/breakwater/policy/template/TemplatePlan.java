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
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The changes that a template requires in each selected namespace, and to its policies in other namespaces.
 *
 * @param members one for each selected namespace, by name
 * @param unselected policies of the template in namespaces that it does not select any more
 */
record TemplatePlan(List<Member> members, List<BackupPolicy> unselected) {
    private static final KubernetesSerialization JSON = new KubernetesSerialization();

    /**
     * A selected namespace.
     *
     * @param managed the existing policy that the template manages there
     */
    record Member(String namespace, Optional<BackupPolicy> managed, Step step) {}

    /** The change that a namespace requires. */
    sealed interface Step {
        /** No change. */
        record Rest() implements Step {}

        /** Write this policy. */
        record Apply(BackupPolicy wanted) implements Step {}

        /**
         * No change, because another policy exists there: the namespace's own, or one that another template manages.
         */
        record Yield(BackupPolicy other) implements Step {}
    }

    /**
     * Decides.
     *
     * @param policies of all namespaces
     * @param own namespace of the operator
     * @param sign stamps a managed policy with its author
     */
    static TemplatePlan of(
            BackupPolicy template,
            List<Namespace> namespaces,
            List<BackupPolicy> policies,
            String own,
            Consumer<BackupPolicy> sign) {
        NamespaceSelector choice = new NamespaceSelector(template.getSpec().source.namespaces, own);
        Map<String, List<BackupPolicy>> present = policies.stream()
                .filter(p -> !p.getMetadata().getNamespace().equals(own))
                .collect(Collectors.groupingBy(p -> p.getMetadata().getNamespace()));
        List<Member> members = namespaces.stream()
                .filter(choice::takes)
                .map(n -> n.getMetadata().getName())
                .sorted()
                .map(n -> member(template, n, present.getOrDefault(n, List.of()), sign))
                .toList();
        Map<String, Boolean> selected = namespaces.stream()
                .collect(Collectors.toMap(n -> n.getMetadata().getName(), choice::takes));
        List<BackupPolicy> unselected = present.values().stream()
                .flatMap(List::stream)
                .filter(p -> isManagedBy(template, p) && isAlive(p))
                // If the namespace was not listed, it is newer than the list, or was deleted meanwhile.
                .filter(p -> Boolean.FALSE.equals(selected.get(p.getMetadata().getNamespace())))
                .sorted(Comparator.comparing(p -> p.getMetadata().getNamespace()))
                .toList();
        return new TemplatePlan(members, unselected);
    }

    private static Member member(
            BackupPolicy template, String namespace, List<BackupPolicy> there, Consumer<BackupPolicy> sign) {
        Optional<BackupPolicy> managed = there.stream()
                .filter(p -> isManagedBy(template, p) && name(p).equals(name(template)))
                .findFirst();
        Optional<BackupPolicy> other = there.stream()
                .filter(p -> managed.isEmpty() && isAlive(p))
                .filter(p -> name(p).equals(name(template)) || p.getSpec().conflictsWith(template.getSpec()))
                .min(Comparator.comparing(TemplatePlan::name));
        if (other.isPresent()) {
            return new Member(namespace, managed, new Step.Yield(other.get()));
        }
        BackupPolicy wanted = wanted(template, namespace, managed);
        sign.accept(wanted);
        boolean right = managed.filter(m -> !isAlive(m) || isSame(m, wanted)).isPresent();
        return new Member(namespace, managed, right ? new Step.Rest() : new Step.Apply(wanted));
    }

    private static boolean isSame(BackupPolicy managed, BackupPolicy wanted) {
        return json(managed.getSpec()).equals(json(wanted.getSpec()))
                && author(managed).equals(author(wanted));
    }

    private static Optional<String> author(BackupPolicy policy) {
        return Optional.ofNullable(policy.getMetadata().getAnnotations()).map(a -> a.get(Api.AUTHOR));
    }

    /** The policy as it should be, with the uid of the existing one, so that no other policy is overwritten. */
    private static BackupPolicy wanted(BackupPolicy template, String namespace, Optional<BackupPolicy> managed) {
        BackupPolicy policy = new BackupPolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(name(template))
                .withNamespace(namespace)
                .withUid(managed.map(m -> m.getMetadata().getUid()).orElse(null))
                .addToLabels(Api.TEMPLATE, name(template))
                .addToLabels("app.kubernetes.io/managed-by", "breakwater")
                .build());
        BackupPolicySpec spec = JSON.clone(template.getSpec());
        spec.source.namespaces = null;
        spec.source = isWhole(spec.source) ? null : spec.source;
        policy.setSpec(spec);
        return policy;
    }

    /** Whether a source means the same as an absent one. */
    private static boolean isWhole(Source source) {
        return source.labelSelector == null
                && source.include == null
                && source.exclude == null
                && (source.includeClusterResources == null
                        || source.includeClusterResources == ClusterResources.Referenced);
    }

    private static boolean isManagedBy(BackupPolicy template, BackupPolicy policy) {
        return policy.managedBy().equals(Optional.of(name(template)));
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
