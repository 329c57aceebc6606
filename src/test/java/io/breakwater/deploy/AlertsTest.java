package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.observe.MeterName;
import io.breakwater.testing.AlertProof;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AlertsTest {
    private static final Path RULE_TESTS = Path.of("deploy/alerts/breakwater_test.yaml");
    private static final Path RUNBOOKS = Path.of("docs/runbooks");
    private static final Pattern METRIC = Pattern.compile("\\bbreakwater_[a-z_]+");

    @Test
    void hasOneRunbookForEachAlert() throws IOException {
        Set<String> named = new TreeSet<>();
        for (JsonNode rule : rules()) {
            String url = rule.at("/annotations/runbook_url").asText();
            assertThat(url).endsWith("/" + rule.path("alert").asText() + ".md");
            named.add(url.substring(url.lastIndexOf('/') + 1));
        }
        try (Stream<Path> files = Files.list(RUNBOOKS)) {
            assertThat(files.map(f -> f.getFileName().toString()).collect(Collectors.toSet()))
                    .isEqualTo(named);
        }
    }

    /** The rule tests too: a series under a name that is not exported would prove nothing. */
    @Test
    void usesOnlyExistingMetrics() throws IOException {
        Set<String> exported =
                Stream.of(MeterName.values()).map(MeterName::exported).collect(Collectors.toSet());
        for (JsonNode rule : rules()) {
            assertThat(exported)
                    .as(rule.path("alert").asText())
                    .containsAll(metrics(rule.path("expr").asText()));
        }
        JsonNode tests = CrdFiles.YAML.readTree(Files.readString(RULE_TESTS));
        for (String series : tests.findValuesAsText("series")) {
            assertThat(exported).as("series in %s", RULE_TESTS).containsAll(metrics(series));
        }
    }

    private static Set<String> metrics(String text) {
        return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toSet());
    }

    @Test
    void coversEachAlertInTheRuleTests() throws IOException {
        String tests = Files.readString(RULE_TESTS);
        assertThat(rules())
                .allSatisfy(
                        rule -> assertThat(tests).contains(rule.path("alert").asText()));
    }

    /** Needs {@code promtool}, which {@code dev/test} provides. */
    @Test
    void passesTheRuleTests() throws Exception {
        String promtool = System.getenv("BREAKWATER_PROMTOOL");
        assumeTrue(promtool != null, "BREAKWATER_PROMTOOL is not set: run dev/test");
        Process process = new ProcessBuilder(promtool, "test", "rules", RULE_TESTS.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static List<JsonNode> rules() {
        return AlertProof.rules().toList();
    }
}
