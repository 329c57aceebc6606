package io.breakwater.policy.template;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.BackupPolicyStatus.Namespaces;
import io.fabric8.kubernetes.api.model.Namespace;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which namespaces with PersistentVolumeClaims have a policy. A policy that fails or is suspended covers its namespace too:
 * its own conditions and alerts report that.
 *
 * @param covered namespaces with a policy, or that a template selects
 * @param uncovered all others
 * @param excluded namespaces that an administrator excludes, by name or by label
 */
record NamespaceCoverage(SortedSet<String> covered, SortedSet<String> uncovered, SortedSet<String> excluded) {
    /** Number of namespaces that a status names. */
    static final int NAMED = 32;

    /**
     * What covers namespaces.
     *
     * @param namespaces that have a policy
     * @param templates selections of the templates
     */
    record Policies(Set<String> namespaces, List<NamespaceSelection> templates) {}

    /**
     * Sorts namespaces. The operator's namespace, namespaces that are being deleted and sandboxes are in no set.
     *
     * @param namespaces those that have claims
     * @param exclude names of excluded namespaces, in which {@code *} matches any text
     * @param own namespace of the operator
     */
    static NamespaceCoverage of(List<Namespace> namespaces, Policies policies, List<String> exclude, String own) {
        NamespaceSelector users = new NamespaceSelector(new NamespaceSelection(), own);
        NamespaceCoverage found = new NamespaceCoverage(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
        for (Namespace namespace : namespaces) {
            String name = namespace.getMetadata().getName();
            if (!users.takes(namespace)) {
                continue;
            }
            boolean covered = policies.namespaces().contains(name)
                    || policies.templates().stream()
                            .anyMatch(template -> new NamespaceSelector(template, own).takes(namespace));
            boolean excluded = hasExcludingLabel(namespace)
                    || exclude.stream().anyMatch(pattern -> NamespaceSelector.match(pattern, name));
            (covered ? found.covered : excluded ? found.excluded : found.uncovered).add(name);
        }
        return found;
    }

    private static boolean hasExcludingLabel(Namespace namespace) {
        Map<String, String> labels = namespace.getMetadata().getLabels();
        return labels != null
                && ("true".equals(labels.get(Api.EXCLUDE)) || "true".equals(labels.get(Api.VELERO_EXCLUDE)));
    }

    /** Sets the fields of a template's status. */
    void setIn(Namespaces status) {
        status.uncovered = uncovered.size();
        status.uncoveredNamespaces =
                uncovered.isEmpty() ? null : uncovered.stream().limit(NAMED).toList();
    }
}
