package io.breakwater.api;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.List;
import java.util.Map;

/** Label selectors, as the API server understands them. */
public final class Labels {
    private Labels() {}

    /** Whether labels meet everything that a selector states; an empty one takes all. */
    public static boolean match(LabelSelector selector, Map<String, String> labels) {
        Map<String, String> exact = selector.getMatchLabels() == null ? Map.of() : selector.getMatchLabels();
        List<LabelSelectorRequirement> terms =
                selector.getMatchExpressions() == null ? List.of() : selector.getMatchExpressions();
        return labels.entrySet().containsAll(exact.entrySet())
                && terms.stream().allMatch(t -> match(t, labels.get(t.getKey())));
    }

    private static boolean match(LabelSelectorRequirement term, String value) {
        return switch (term.getOperator()) {
            case "In" -> value != null && term.getValues().contains(value);
            case "NotIn" -> value == null || !term.getValues().contains(value);
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            default -> false;
        };
    }
}
