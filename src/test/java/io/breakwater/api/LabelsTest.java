package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelsTest {
    private static final LabelSelector ALL_OPERATORS = new LabelSelectorBuilder()
            .addToMatchLabels("app", "web")
            .addToMatchExpressions(new LabelSelectorRequirement("tier", "In", List.of("front", "edge")))
            .addToMatchExpressions(new LabelSelectorRequirement("env", "NotIn", List.of("test")))
            .addToMatchExpressions(new LabelSelectorRequirement("team", "Exists", List.of()))
            .addToMatchExpressions(new LabelSelectorRequirement("old", "DoesNotExist", List.of()))
            .build();

    @Test
    void writesSelectorsInTheSyntaxOfTheApi() {
        assertThat(Labels.query(ALL_OPERATORS)).isEqualTo("app=web,tier in (front,edge),env notin (test),team,!old");
        assertThat(Labels.query(new LabelSelector())).isEmpty();
    }

    @Test
    void matchesLabelsLikeTheApiServer() {
        Map<String, String> labels = Map.of("app", "web", "tier", "edge", "team", "");
        assertThat(Labels.match(ALL_OPERATORS, labels)).isTrue();
        assertThat(Labels.match(ALL_OPERATORS, Map.of("app", "web", "tier", "edge")))
                .isFalse();
        assertThat(Labels.match(ALL_OPERATORS, Map.of("app", "web", "tier", "edge", "team", "", "env", "test")))
                .isFalse();
        assertThat(Labels.match(ALL_OPERATORS, Map.of("app", "web", "tier", "edge", "team", "", "old", "")))
                .isFalse();
        assertThat(Labels.match(new LabelSelector(), null)).isTrue();
        assertThat(Labels.match(ALL_OPERATORS, null)).isFalse();
    }
}
