package io.breakwater.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The proof that the dashboard of the chart shows what the product exports. A test gives what Prometheus scrapes in a few states. Each
 * series, label and value that an expression names must be in a scrape, and {@code promtool} must find a result for each expression.
 * An expression with another metric, label or value must be refused.
 */
public final class DashboardProof {
    private static final Path FILE = Path.of("deploy/helm/breakwater/dashboards/fleet.json");
    private static final Pattern VALUES = Pattern.compile("label_values\\((.+), (\\w+)\\)");
    private static final Duration STATE = Duration.ofMinutes(20);
    private static final String VARIABLES = "variables";

    /** An expression of the dashboard. Its variables are replaced by what selects everything. */
    private record Query(String row, String panel, AlertExpression expression) {
        String title() {
            return "panel \"" + panel + "\" of row \"" + row + "\"";
        }
    }

    private final ScrapeHistory history = new ScrapeHistory();
    private int states;

    /** Adds a state with the scrape of each process in it. */
    public DashboardProof during(List<String> scrapes) {
        history.restart();
        history.add(STATE, scrapes.toArray(String[]::new));
        states++;
        return this;
    }

    /** The titles of the rows. */
    public static List<String> rows() {
        return queries().stream()
                .map(Query::row)
                .filter(row -> !row.equals(VARIABLES))
                .distinct()
                .toList();
    }

    /** Fails unless all expressions are those of exported series. */
    public void check() {
        for (Query query : queries()) {
            query.expression.requireScraped(query.title(), history.series());
            query.expression
                    .broken()
                    .forEach(broken -> assertThatThrownBy(() -> broken.requireScraped(query.title(), history.series()))
                            .as("%s with the expression %s", query.title(), broken.text())
                            .isInstanceOf(AssertionError.class));
        }
        if (Promtool.isPresent()) {
            assertThat(Promtool.failureOf(history.test(List.of(), expectations())))
                    .as("results of the expressions")
                    .isEmpty();
        }
    }

    /** Each expression has a result at some time. */
    private List<ScrapeHistory.Expectation> expectations() {
        Duration end = history.end(states - 1);
        return queries().stream()
                .map(query -> "(count(count_over_time((" + query.expression.text() + ")[" + end.toMinutes()
                        + "m:1m])) or vector(0)) > bool 0")
                .map(text -> new ScrapeHistory.Expectation(text, 1, end.minusMinutes(1)))
                .toList();
    }

    /** Fails unless scrapes have each series and each label that some rows of the dashboard select. */
    public static void requireSeries(Set<String> rows, String... scrapes) {
        assertThat(rows()).as("rows of the dashboard").containsAll(rows);
        ScrapeHistory now = new ScrapeHistory();
        now.add(STATE, scrapes);
        queries().stream()
                .filter(query -> rows.contains(query.row))
                .forEach(query -> query.expression.requireScraped(query.title(), now.series()));
    }

    private static List<Query> queries() {
        List<Query> all = new ArrayList<>();
        JsonNode dashboard = dashboard();
        for (JsonNode variable : dashboard.at("/templating/list")) {
            Matcher values = VALUES.matcher(variable.at("/query/query").asText());
            if (values.matches()) {
                String text = "count by (" + values.group(2) + ") (" + values.group(1) + ")";
                all.add(new Query(VARIABLES, variable.path("name").asText(), new AlertExpression(text)));
            }
        }
        String row = "";
        for (JsonNode panel : dashboard.path("panels")) {
            String title = panel.path("title").asText();
            if (panel.path("type").asText().equals("row")) {
                row = title;
            }
            for (JsonNode target : panel.path("targets")) {
                all.add(new Query(row, title, expression(target.path("expr").asText())));
            }
        }
        return all;
    }

    private static AlertExpression expression(String text) {
        return new AlertExpression(text.replace("$__rate_interval", "5m").replaceAll("=~\"\\$\\w+\"", "!=\"\""));
    }

    /** The names of the variables that an expression or a title uses, without those of Grafana itself. */
    public static Set<String> usedVariables() {
        return Pattern.compile("\\$\\{?(\\w+)")
                .matcher(dashboard().toString())
                .results()
                .map(m -> m.group(1))
                .filter(name -> !name.startsWith("__"))
                .collect(Collectors.toSet());
    }

    /** The names of the variables of the dashboard. */
    public static Set<String> variables() {
        return dashboard()
                .at("/templating/list")
                .valueStream()
                .map(variable -> variable.path("name").asText())
                .collect(Collectors.toSet());
    }

    private static JsonNode dashboard() {
        try {
            return new ObjectMapper().readTree(FILE.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
