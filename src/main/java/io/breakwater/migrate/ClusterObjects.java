package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.ObjectRule;
import io.breakwater.velero.model.Backup;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The cluster-scoped objects that a Backup includes, as the source of a policy in the operator's namespace. */
final class ClusterObjects {
    /** Kinds in the operator's namespace, which the chart creates again. */
    private static final List<String> OPERATOR_KINDS = List.of(
            "configmaps",
            "deployments.apps",
            "persistentvolumeclaims",
            "poddisruptionbudgets.policy",
            "rolebindings.rbac.authorization.k8s.io",
            "roles.rbac.authorization.k8s.io",
            "secrets",
            "serviceaccounts",
            "services");

    private final BackupPlan plan;
    private final Backup.Spec spec;

    ClusterObjects(BackupPlan plan) {
        this.plan = plan;
        this.spec = plan.spec();
    }

    /**
     * Whether Velero includes them: if the specification requests them, or if it selects every namespace and has no
     * setting for them. Otherwise Velero includes only those that a namespace needs, as its policy does.
     */
    boolean areIncluded() {
        boolean listed = isSome(spec.includedClusterScopedResources);
        boolean none = Boolean.FALSE.equals(spec.includeClusterResources)
                || spec.excludedClusterScopedResources != null
                        && spec.excludedClusterScopedResources.contains(ResourceNames.ALL);
        boolean all = Boolean.TRUE.equals(spec.includeClusterResources)
                || spec.includeClusterResources == null && plan.scope().isEverything();
        boolean excludedByKind = isSome(spec.includedResources)
                && !spec.includedResources.contains(ResourceNames.ALL)
                && kinds().isEmpty();
        return !none && (listed || all) && !excludedByKind;
    }

    Source source() {
        Source source = new Source();
        source.includeClusterResources = ClusterResources.All;
        source.labelSelector = SourceConversion.isEmpty(spec.labelSelector) ? null : spec.labelSelector;
        List<String> kinds = kinds();
        List<LabelSelector> selectors = spec.orLabelSelectors == null ? List.of() : spec.orLabelSelectors;
        if (!selectors.isEmpty()) {
            source.include = selectors.stream().map(s -> rule(kinds, s)).toList();
        } else if (!kinds.isEmpty()) {
            source.include = List.of(rule(kinds, null));
        }
        List<String> not = new ArrayList<>(OPERATOR_KINDS);
        Stream.of(spec.excludedResources, spec.excludedClusterScopedResources)
                .filter(ClusterObjects::isSome)
                .flatMap(List::stream)
                .filter(n -> !n.equals(ResourceNames.ALL))
                .map(n -> ResourceNames.qualified(n, plan.at() + "excludedResources", plan.about()))
                .filter(ResourceNames::isClusterScoped)
                .forEach(not::add);
        source.exclude = List.of(rule(not.stream().distinct().toList(), null));
        return source;
    }

    /** The requested kinds; empty for all. */
    private List<String> kinds() {
        return Stream.of(spec.includedResources, spec.includedClusterScopedResources)
                .filter(ClusterObjects::isSome)
                .filter(list -> !list.contains(ResourceNames.ALL))
                .flatMap(list -> list.stream()
                        .map(n -> ResourceNames.qualified(n, plan.at() + "includedResources", plan.about()))
                        .filter(k -> list == spec.includedClusterScopedResources || ResourceNames.isClusterScoped(k)))
                .distinct()
                .toList();
    }

    private static ObjectRule rule(List<String> kinds, LabelSelector selector) {
        ObjectRule rule = new ObjectRule();
        rule.kinds = kinds.isEmpty() ? null : kinds;
        rule.labelSelector = selector;
        return rule;
    }

    private static boolean isSome(List<String> list) {
        return list != null && !list.isEmpty();
    }
}
