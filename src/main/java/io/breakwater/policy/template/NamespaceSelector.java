package io.breakwater.policy.template;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.Labels;
import io.fabric8.kubernetes.api.model.Namespace;
import java.util.List;
import java.util.Map;

/**
 * Which namespaces a template takes: never the operator's own, never one that is on its way out, and never the sandbox of a
 * Verification, which lives for minutes and is a copy.
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

    /** Whether a name is what a pattern says, in which {@code *} stands for any text, none included. */
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
