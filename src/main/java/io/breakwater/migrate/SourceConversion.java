package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.ObjectRule;
import io.breakwater.velero.model.Backup;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The objects of a namespace that a Backup includes, as the source of a policy. */
final class SourceConversion {
    private final Backup.Spec spec;
    private final String at;
    private final ConversionReport.Subject about;

    /** @param at path of the specification, with a dot at its end */
    SourceConversion(Backup.Spec spec, String at, ConversionReport.Subject about) {
        this.spec = spec;
        this.at = at;
        this.about = about;
    }

    /** The source; null if everything is included. */
    Source source() {
        Source source = new Source();
        source.labelSelector = isEmpty(spec.labelSelector) ? null : spec.labelSelector;
        source.include = include();
        source.exclude = exclude();
        source.includeClusterResources = clusterResources();
        boolean all = source.labelSelector == null
                && source.include == null
                && source.exclude == null
                && source.includeClusterResources == null;
        return all ? null : source;
    }

    private List<ObjectRule> include() {
        List<String> kinds = new ArrayList<>();
        kinds("includedResources", spec.includedResources).forEach(kind -> {
            if (ResourceNames.isClusterScoped(kind)) {
                about.add(
                        at + "includedResources",
                        kind
                                + " is skipped in policies for namespaces, which capture the cluster-scoped objects"
                                + " that captured objects need");
            } else {
                kinds.add(kind);
            }
        });
        kinds("includedNamespaceScopedResources", spec.includedNamespaceScopedResources)
                .forEach(kinds::add);
        List<LabelSelector> selectors = spec.orLabelSelectors == null ? List.of() : spec.orLabelSelectors;
        if (selectors.isEmpty()) {
            return kinds.isEmpty() ? null : List.of(rule(kinds, null));
        }
        return selectors.stream().map(s -> rule(kinds, s)).toList();
    }

    private List<ObjectRule> exclude() {
        List<String> kinds = Stream.of(
                        kinds("excludedResources", spec.excludedResources),
                        kinds("excludedNamespaceScopedResources", spec.excludedNamespaceScopedResources),
                        kinds("excludedClusterScopedResources", spec.excludedClusterScopedResources))
                .flatMap(k -> k)
                .distinct()
                .filter(k -> !k.startsWith("volumesnapshot")) // never captured
                .toList();
        return kinds.isEmpty() ? null : List.of(rule(kinds, null));
    }

    private ClusterResources clusterResources() {
        boolean none = Boolean.FALSE.equals(spec.includeClusterResources)
                || spec.excludedClusterScopedResources != null
                        && spec.excludedClusterScopedResources.contains(ResourceNames.ALL);
        return none ? ClusterResources.None : null;
    }

    private Stream<String> kinds(String field, List<String> names) {
        return names == null
                ? Stream.of()
                : names.stream()
                        .filter(n -> !n.equals(ResourceNames.ALL))
                        .map(n -> ResourceNames.qualified(n, at + field, about));
    }

    private static ObjectRule rule(List<String> kinds, LabelSelector selector) {
        ObjectRule rule = new ObjectRule();
        rule.kinds = kinds.isEmpty() ? null : kinds;
        rule.labelSelector = selector;
        return rule;
    }

    static boolean isEmpty(LabelSelector selector) {
        return selector == null
                || (selector.getMatchLabels() == null
                                || selector.getMatchLabels().isEmpty())
                        && (selector.getMatchExpressions() == null
                                || selector.getMatchExpressions().isEmpty());
    }
}
