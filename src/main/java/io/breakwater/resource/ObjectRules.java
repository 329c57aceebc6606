package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Labels;
import io.breakwater.api.ObjectRule;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.Map;
import java.util.TreeMap;

/** Rules that match objects by kind, name and labels. */
public final class ObjectRules {
    private ObjectRules() {}

    /** Whether an object meets all stated fields of a rule. */
    public static boolean match(ObjectRule rule, ObjectKey key, JsonNode object) {
        return (rule.kinds == null || rule.kinds.contains(key.directory()))
                && (rule.names == null || rule.names.contains(key.name()))
                && (rule.labelSelector == null || match(rule.labelSelector, object));
    }

    private static boolean match(LabelSelector selector, JsonNode object) {
        Map<String, String> labels = new TreeMap<>();
        object.path("metadata")
                .path("labels")
                .properties()
                .forEach(l -> labels.put(l.getKey(), l.getValue().asText()));
        return Labels.match(selector, labels);
    }
}
