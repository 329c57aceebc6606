package io.breakwater.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.Durations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The proof that an alert of the chart is true of the product. A test drives the product through states, and gives what Prometheus
 * scrapes in each: a healthy one, one that the alert reports, and the one after a repair or a removal. Each selector of the
 * expression must match a scraped series, and each label that the expression groups by must be scraped. {@code promtool} must
 * find that the alert never fires in the first state, fires in the next ones for as long as they last, and is silent in the last.
 */
public final class AlertProof {
    /** The files of the chart with alerts. */
    public static final List<Path> RULES = List.of(
            Path.of("deploy/helm/breakwater/files/alerts/breakwater.yaml"),
            Path.of("deploy/helm/breakwater/files/alerts/coverage.yaml"));

    /** The names of the alerts whose proof was complete in this thread. */
    static final ThreadLocal<Set<String>> CHECKED = ThreadLocal.withInitial(HashSet::new);

    static final YAMLMapper YAML = new YAMLMapper();

    private static final Duration QUIET = Duration.ofHours(2);
    private static final Duration AFTER_FOR = Duration.ofMinutes(10);

    private final String alert;
    private final AlertExpression expression;
    private final Duration pending;
    private final ScrapeHistory history = new ScrapeHistory();
    private final List<Boolean> fires = new ArrayList<>();

    private AlertProof(JsonNode rule) {
        this.alert = rule.path("alert").asText();
        this.expression = new AlertExpression(rule.path("expr").asText());
        this.pending = Durations.parse(rule.path("for").asText(), Duration.ZERO);
    }

    /** A proof for an alert of the chart. */
    public static AlertProof of(String alert) {
        return new AlertProof(rules().filter(rule -> rule.path("alert").asText().equals(alert))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the chart has no alert " + alert)));
    }

    /** A proof for a rule that is not in the chart. */
    static AlertProof of(JsonNode rule) {
        return new AlertProof(rule);
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

    /** Adds the scrapes of one process each, in a healthy state. */
    public AlertProof quiet(String... scrapes) {
        return add(false, QUIET, scrapes);
    }

    /** Adds the scrapes of one process each, in a state in which the alert must fire. */
    public AlertProof firing(String... scrapes) {
        return add(true, pending.plus(AFTER_FOR), scrapes);
    }

    /** Adds the scrapes of processes that replaced the earlier ones, in a state in which the alert must still fire. */
    public AlertProof restarted(String... scrapes) {
        history.restart();
        return firing(scrapes);
    }

    /** Adds the scrapes of a state in which the alert must have ended: after a repair, or after a removal. */
    public AlertProof over(String... scrapes) {
        return add(false, QUIET, scrapes);
    }

    private AlertProof add(boolean fire, Duration length, String... scrapes) {
        history.add(length, scrapes);
        fires.add(fire);
        return this;
    }

    /** Fails unless the alert follows the states, from health to health. */
    public void check() {
        assertThat(fires).as("states of the proof of %s", alert).contains(true);
        assertThat(fires.getFirst()).as("%s fires in the first state", alert).isFalse();
        assertThat(fires.getLast()).as("%s fires in the last state", alert).isFalse();
        requireSeries();
        expression
                .broken()
                .forEach(broken -> assertThatThrownBy(() -> broken.requireScraped(alert, history.series()))
                        .as("%s with the expression %s", alert, broken.text())
                        .isInstanceOf(AssertionError.class));
        if (Promtool.isPresent()) {
            String failure = Promtool.failureOf(history.test(RULES, expectations()));
            assertThat(failure)
                    .as("%s after %s", alert, history.describe(expression))
                    .isEmpty();
        }
        CHECKED.get().add(alert);
    }

    /** Fails unless scrapes have each series and each label that an alert of the chart selects. */
    public static void requireSeries(String alert, String... scrapes) {
        of(alert).quiet(scrapes).requireSeries();
    }

    private void requireSeries() {
        expression.requireScraped(alert, history.series());
    }

    /** Whether the alert fires at the end of each state; in the first state, at any time. */
    private List<ScrapeHistory.Expectation> expectations() {
        String firing = "ALERTS{alertname=\"" + alert + "\",alertstate=\"firing\"}";
        String ever = "last_over_time(" + firing + "[" + history.end(0).toMinutes() + "m])";
        return IntStream.range(0, fires.size())
                .mapToObj(i -> new ScrapeHistory.Expectation(
                        "(count(" + (i == 0 ? ever : firing) + ") or vector(0)) > bool 0",
                        fires.get(i) ? 1 : 0,
                        history.end(i).minusMinutes(2)))
                .toList();
    }
}
