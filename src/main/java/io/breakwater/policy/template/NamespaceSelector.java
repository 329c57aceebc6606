package io.breakwater.policy.template;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.Labels;
import io.fabric8.kubernetes.api.model.Namespace;
import java.util.List;
import java.util.Map;

/**
 * The namespaces that a template selects. It never selects the operator's namespace, a namespace that is being deleted,
 * or the sandbox of a Verification, which is a short-lived copy.
 *
 * @param own namespace of the operator
 */
record NamespaceSelector(NamespaceSelection selection, String own) {
    boolean takes(Namespace namespace) {
        String name = namespace.getMetadata().getName();
        Map<String, String> labels = namespace.getMetadata().getLabels();
        return !name.equals(own)
                && namespace.getMetadata().getDeletionTimestamp() == null
                && (labels == null || !labels.containsKey(Api.SANDBOX))
                && (selection.include == null || names(selection.include, name))
                && !names(selection.exclude, name)
                && (selection.selector == null || Labels.match(selection.selector, labels));
    }

    private static boolean names(List<String> patterns, String name) {
        return patterns != null && patterns.stream().anyMatch(p -> match(p, name));
    }

    /** Whether a name matches a pattern, in which {@code *} matches any text, also none. */
    static boolean match(String pattern, String name) {
        String[] parts = pattern.split("\\*", -1);
        if (parts.length == 1) {
            return name.equals(pattern);
        }
        String first = parts[0];
        String last = parts[parts.length - 1];
        if (name.length() < first.length() + last.length() || !name.startsWith(first) || !name.endsWith(last)) {
            return false;
        }
        int from = first.length();
        int until = name.length() - last.length();
        for (int i = 1; i < parts.length - 1; i++) {
            int found = name.indexOf(parts[i], from);
            if (found < 0 || found + parts[i].length() > until) {
                return false;
            }
            from = found + parts[i].length();
        }
        return true;
    }
}
