package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AlertsTest {
    private static final Path RULES = Path.of("deploy/helm/breakwater/files/alerts/breakwater.yaml");
    private static final Path RULE_TESTS = Path.of("deploy/alerts/breakwater_test.yaml");
    private static final Path RUNBOOKS = Path.of("docs/runbooks");
    private static final Pattern METRIC = Pattern.compile("\\bbreakwater_[a-z_]+");

    /** The metrics by which alerts may go; they are API. */
    private static final Set<String> METRICS = Set.of(
            "breakwater_policy_rpo_seconds",
            "breakwater_policy_rpo_age_seconds",
            "breakwater_replication_lag_seconds",
            "breakwater_replication_rpo_seconds",
            "breakwater_restore_points_total",
            "breakwater_failovers_total",
            "breakwater_failover_lease_age_seconds",
            "breakwater_failover_role",
            "breakwater_verification_overdue",
            "breakwater_location_ready",
            "breakwater_location_unreadable",
            "breakwater_location_rotation_age_seconds",
            "breakwater_location_escrowed",
            "breakwater_immutability_age_seconds",
            "breakwater_immutability_period_seconds",
            "breakwater_template_namespaces",
            "breakwater_foreign_removals_total",
            "breakwater_quota_used_bytes",
            "breakwater_quota_bytes",
            "breakwater_policy_proven",
            "breakwater_policy_restore_seconds",
            "breakwater_policy_rto_seconds");

    @Test
    void eachAlertHasARunbookAndEachRunbookAnAlert() throws IOException {
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

    @Test
    void usesOnlyExistingMetrics() throws IOException {
        for (JsonNode rule : rules()) {
            Matcher metric = METRIC.matcher(rule.path("expr").asText().replace("job=\"breakwater-metrics\"", ""));
            while (metric.find()) {
                assertThat(METRICS).as(rule.path("alert").asText()).contains(metric.group());
            }
        }
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
    void theRuleTestsPass() throws Exception {
        String promtool = System.getenv("BREAKWATER_PROMTOOL");
        assumeTrue(promtool != null, "BREAKWATER_PROMTOOL is not set: run dev/test");
        Process process = new ProcessBuilder(promtool, "test", "rules", RULE_TESTS.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static List<JsonNode> rules() throws IOException {
        return CrdFiles.YAML
                .readTree(Files.readString(RULES))
                .at("/groups/0/rules")
                .valueStream()
                .toList();
    }
}
