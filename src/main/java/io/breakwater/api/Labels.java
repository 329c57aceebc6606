package io.breakwater.api;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Label selectors, with the meaning that they have in the API server. */
public final class Labels {
    private Labels() {}

    /**
     * Whether labels meet all requirements of a selector. An empty selector matches all objects.
     *
     * @param labelsOrNull null for none
     */
    public static boolean match(LabelSelector selector, Map<String, String> labelsOrNull) {
        Map<String, String> labels = labelsOrNull == null ? Map.of() : labelsOrNull;
        Map<String, String> exact = selector.getMatchLabels() == null ? Map.of() : selector.getMatchLabels();
        List<LabelSelectorRequirement> terms =
                selector.getMatchExpressions() == null ? List.of() : selector.getMatchExpressions();
        return labels.entrySet().containsAll(exact.entrySet())
                && terms.stream().allMatch(t -> match(t, labels.get(t.getKey())));
    }

    /** The selector as the parameter {@code labelSelector} of a list request; empty if it matches all objects. */
    public static String query(LabelSelector selector) {
        List<String> terms = new ArrayList<>();
        if (selector.getMatchLabels() != null) {
            selector.getMatchLabels().forEach((k, v) -> terms.add(k + "=" + v));
        }
        if (selector.getMatchExpressions() != null) {
            selector.getMatchExpressions().forEach(t -> terms.add(query(t)));
        }
        return String.join(",", terms);
    }

    private static String query(LabelSelectorRequirement term) {
        return switch (term.getOperator()) {
            case "In" -> term.getKey() + " in (" + String.join(",", term.getValues()) + ")";
            case "NotIn" -> term.getKey() + " notin (" + String.join(",", term.getValues()) + ")";
            case "Exists" -> term.getKey();
            case "DoesNotExist" -> "!" + term.getKey();
            default -> throw new IllegalArgumentException("operator " + term.getOperator());
        };
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
