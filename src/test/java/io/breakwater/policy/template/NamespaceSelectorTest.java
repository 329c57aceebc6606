package io.breakwater.policy.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.testing.RandomCases;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamespaceSelectorTest {
    private final NamespaceSelection selection = new NamespaceSelection();

    @ParameterizedTest
    @CsvSource({
        "*, anything, true",
        "shop, shop, true",
        "shop, shop-2, false",
        "team-*, team-a, true",
        "team-*, team-, true",
        "team-*, steam-a, false",
        "*-prod, shop-prod, true",
        "*-prod, shop-prod-2, false",
        "a*a, a, false",
        "a*a, aa, true",
        "a*b*c, a-b-c, true",
        "a*b*c, a-c-b, false",
        "*b*b*, ab, false",
        "ab*bc, abc, false",
    })
    void matchesNamesByStarPatterns(String pattern, String name, boolean taken) {
        assertThat(NamespaceSelector.match(pattern, name)).isEqualTo(taken);
    }

    @Tag("random")
    @Test
    void matchesLikeTheEquivalentRegularExpression() {
        RandomCases cases = RandomCases.of(20_000, System.nanoTime());
        Random random = new Random(cases.seed());
        int taken = 0;
        for (int i = 0; i < cases.count(); i++) {
            String pattern = word(random, "ab-*", 6);
            String name = word(random, "ab-", 7);
            String regex =
                    Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
            assertThat(NamespaceSelector.match(pattern, name))
                    .as("seed %d: '%s' and '%s'", cases.seed(), pattern, name)
                    .isEqualTo(name.matches(regex));
            taken += name.matches(regex) ? 1 : 0;
        }
        assertThat(taken)
                .as("cases that match, seed %d", cases.seed())
                .isBetween(cases.count() / 20, cases.count() / 20 * 19);
    }

    @Test
    void requiresEveryStatedCondition() {
        selection.include = List.of("team-*", "shop");
        selection.exclude = List.of("team-x*");
        selection.selector =
                new LabelSelectorBuilder().addToMatchLabels("backup", "yes").build();

        assertThat(takes("team-a", Map.of("backup", "yes"))).isTrue();
        assertThat(takes("shop", Map.of("backup", "yes", "more", "labels"))).isTrue();
        assertThat(takes("shop", Map.of("backup", "no"))).isFalse();
        assertThat(takes("shop", null)).isFalse();
        assertThat(takes("team-xyz", Map.of("backup", "yes"))).isFalse();
        assertThat(takes("blog", Map.of("backup", "yes"))).isFalse();
    }

    @Test
    void selectsByLabelsAlone() {
        selection.selector = new LabelSelectorBuilder()
                .addNewMatchExpression()
                .withKey("backup")
                .withOperator("Exists")
                .endMatchExpression()
                .build();
        assertThat(takes("shop", Map.of("backup", ""))).isTrue();
        assertThat(takes("shop", Map.of())).isFalse();
    }

    @Test
    void excludesOperatorSandboxAndTerminatingNamespacesFromAll() {
        selection.include = List.of("*");
        assertThat(takes("shop", null)).isTrue();
        assertThat(takes("kube-system", null)).isTrue();
        assertThat(takes("ops", null)).isFalse();
        assertThat(takes("verify-1", Map.of(Api.SANDBOX, "uid"))).isFalse();
        Namespace going = new NamespaceBuilder()
                .withNewMetadata()
                .withName("old")
                .withDeletionTimestamp("2026-01-01T00:00:00Z")
                .endMetadata()
                .build();
        assertThat(new NamespaceSelector(selection, "ops").takes(going)).isFalse();
    }

    private boolean takes(String name, Map<String, String> labels) {
        Namespace namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build();
        return new NamespaceSelector(selection, "ops").takes(namespace);
    }

    private static String word(Random random, String letters, int longest) {
        return random.ints(1 + random.nextInt(longest), 0, letters.length())
                .mapToObj(i -> letters.substring(i, i + 1))
                .collect(Collectors.joining());
    }
}
