package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.observe.LabelValues;
import io.breakwater.observe.MeterName;
import io.breakwater.testing.AlertExpression;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.Promtool;
import io.breakwater.testing.ProvesAlerts;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private static final Pattern SHOWN = Pattern.compile("\\$labels\\.(\\w+)");
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
    void passesTheRuleTests() {
        assumeTrue(Promtool.isPresent(), "BREAKWATER_PROMTOOL is not set: run dev/test");
        assertThat(Promtool.failureOf(RULE_TESTS)).isEmpty();
    }

    /** An alert without a test that makes the product raise it may never fire. */
    @Test
    void provesEachAlertWithTheProduct() throws Exception {
        Set<String> proven = new TreeSet<>();
        for (Class<?> test : testClasses()) {
            for (Method method : test.getDeclaredMethods()) {
                ProvesAlerts proof = method.getAnnotation(ProvesAlerts.class);
                if (proof != null) {
                    assertThat(method.isAnnotationPresent(Test.class))
                            .as("%s is a test", method)
                            .isTrue();
                    proven.addAll(List.of(proof.value()));
                }
            }
        }
        assertThat(proven)
                .isEqualTo(AlertProof.rules()
                        .map(rule -> rule.path("alert").asText())
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private static List<Class<?>> testClasses() throws Exception {
        Path root = Path.of(AlertsTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        List<Class<?>> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root.resolve("io/breakwater"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("Test.class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.');
                classes.add(Class.forName(
                        name.substring(0, name.length() - ".class".length()),
                        false,
                        AlertsTest.class.getClassLoader()));
            }
        }
        return classes;
    }

    /** Annotations can show only the labels that the expression leaves. */
    @Test
    void showsOnlyLabelsOfTheResult() {
        AlertProof.rules().forEach(rule -> {
            Set<String> shown = SHOWN.matcher(rule.path("annotations").toString())
                    .results()
                    .map(m -> m.group(1))
                    .collect(Collectors.toSet());
            assertThat(new AlertExpression(rule.path("expr").asText()).groupings())
                    .as(rule.path("alert").asText())
                    .containsAll(shown);
        });
    }

    /** A value of a label that no code uses selects nothing. */
    @Test
    void selectsOnlyValuesThatTheProgramUses() {
        AlertProof.rules()
                .forEach(rule -> new AlertExpression(rule.path("expr").asText())
                        .selectors()
                        .filter(selector -> !selector.name().equals("up"))
                        .forEach(selector -> {
                            MeterName meter = Stream.of(MeterName.values())
                                    .filter(m -> m.exported().equals(selector.name()))
                                    .findFirst()
                                    .orElseThrow();
                            selector.matchers()
                                    .forEach((label, matcher) -> assertThat(LabelValues.of(meter, label)
                                                    .orElseThrow(
                                                            () -> new AssertionError(label + " has no fixed values")))
                                            .as(
                                                    "%s of %s in %s",
                                                    label,
                                                    meter,
                                                    rule.path("alert").asText())
                                            .containsAll(List.of(matcher.replaceFirst("^[=!~]+", "")
                                                    .split("\\|"))));
                        }));
    }

    private static List<JsonNode> rules() {
        return AlertProof.rules().toList();
    }
}
