package io.breakwater.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The proof that an alert of the chart is true of the product. A test drives the product into a healthy state and into the state
 * that the alert reports, and gives what Prometheus scrapes in each. Each selector of the expression must match a scraped
 * series, each label that the expression groups by must be scraped, and {@code promtool} must find the alert silent in the
 * first state and firing in the second.
 */
public final class AlertProof {
    /** The files of the chart with alerts. */
    public static final List<Path> RULES = List.of(
            Path.of("deploy/helm/breakwater/files/alerts/breakwater.yaml"),
            Path.of("deploy/helm/breakwater/files/alerts/coverage.yaml"));

    /** The names of the alerts whose proof was complete in this thread. */
    static final ThreadLocal<Set<String>> CHECKED = ThreadLocal.withInitial(HashSet::new);

    private static final YAMLMapper YAML = new YAMLMapper();

    private final String alert;
    private final AlertExpression expression;
    private final List<ScrapedSeries> quiet = new ArrayList<>();
    private final List<ScrapedSeries> firing = new ArrayList<>();
    private int sources;

    private AlertProof(String alert, String expression) {
        this.alert = alert;
        this.expression = new AlertExpression(expression);
    }

    /** A proof for an alert of the chart. */
    public static AlertProof of(String alert) {
        String expression = rules().filter(rule -> rule.path("alert").asText().equals(alert))
                .map(rule -> rule.path("expr").asText())
                .findFirst()
                .orElseThrow(() -> new AssertionError("the chart has no alert " + alert));
        return new AlertProof(alert, expression);
    }

    /** The alerts of the chart. */
    public static Stream<JsonNode> rules() {
        return RULES.stream()
                .flatMap(file -> {
                    try {
                        return YAML.readTree(Files.readString(file))
                                .at("/groups")
                                .valueStream();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .flatMap(group -> group.path("rules").valueStream());
    }

    /** Adds the scrapes of one process each, in a state in which the alert must be silent. */
    public AlertProof quiet(String... scrapes) {
        return add(quiet, scrapes);
    }

    /** Adds the scrapes of one process each, in a state in which the alert must fire. */
    public AlertProof firing(String... scrapes) {
        return add(firing, scrapes);
    }

    private AlertProof add(List<ScrapedSeries> state, String... scrapes) {
        sources = Math.max(sources, scrapes.length);
        for (int i = 0; i < scrapes.length; i++) {
            int source = i;
            ScrapedSeries.read(scrapes[i]).map(s -> s.from("process-" + source)).forEach(state::add);
        }
        return this;
    }

    /** Fails unless the alert is silent in the first state and fires in the second. */
    public void check() {
        List<ScrapedSeries> all = Stream.concat(quiet.stream(), firing.stream()).toList();
        expression.requireScraped(alert, all);
        String promtool = System.getenv("BREAKWATER_PROMTOOL");
        if (promtool != null) {
            evaluate(promtool);
        }
        CHECKED.get().add(alert);
    }

    private void evaluate(String promtool) {
        try {
            Path file = Files.createTempFile("alert", ".yaml");
            try {
                Files.writeString(file, YAML.writeValueAsString(test()));
                Process process = new ProcessBuilder(promtool, "test", "rules", file.toString())
                        .redirectErrorStream(true)
                        .start();
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(process.waitFor())
                        .as("%s: %s of %s", alert, output, firing)
                        .isZero();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Two hours of the first state, then ten minutes of the second. */
    private Map<String, Object> test() {
        Map<String, Optional<String>> before = values(quiet);
        Map<String, Optional<String>> after = values(firing);
        List<Map<String, String>> input = Stream.concat(before.keySet().stream(), after.keySet().stream())
                .distinct()
                .map(series -> Map.of(
                        "series",
                        series,
                        "values",
                        before.getOrDefault(series, Optional.empty())
                                        .map(v -> v + "x119")
                                        .orElse("_x120")
                                + after.getOrDefault(series, Optional.empty())
                                        .map(v -> " " + v + "x10")
                                        .orElse(" stale")))
                .toList();
        String fires = "(count(" + expression.text() + ") or vector(0)) > bool 0";
        return Map.of(
                "evaluation_interval",
                "1m",
                "tests",
                List.of(Map.of(
                        "interval",
                        "1m",
                        "input_series",
                        input,
                        "promql_expr_test",
                        List.of(expected(fires, "118m", 0), expected(fires, "125m", 1)))));
    }

    private static Map<String, Object> expected(String expression, String time, int value) {
        return Map.of(
                "expr", expression, "eval_time", time, "exp_samples", List.of(Map.of("labels", "{}", "value", value)));
    }

    private static Map<String, Optional<String>> values(List<ScrapedSeries> series) {
        Map<String, Optional<String>> values = new LinkedHashMap<>();
        series.forEach(s -> values.put(s.notation(), s.number()));
        return values;
    }
}
