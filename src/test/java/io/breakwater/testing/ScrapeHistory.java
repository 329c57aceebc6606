package io.breakwater.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What Prometheus scraped once a minute in a sequence of states, as input of {@code promtool test rules}. */
final class ScrapeHistory {
    /** An expression that must have a value without labels at a time. */
    record Expectation(String expression, int value, Duration at) {}

    private record State(Duration length, List<ScrapedSeries> series) {}

    private final List<State> states = new ArrayList<>();
    private int generation;

    /** The scrapes of later states are those of other processes. */
    void restart() {
        generation++;
    }

    /** Adds a state, with the scrape of each process in it. */
    void add(Duration length, String... scrapes) {
        List<ScrapedSeries> series = new ArrayList<>();
        for (int i = 0; i < scrapes.length; i++) {
            String instance = "process-" + i + "-" + generation;
            ScrapedSeries.read(scrapes[i]).map(s -> s.from(instance)).forEach(series::add);
        }
        states.add(new State(length, series));
    }

    /** All series of all states. */
    List<ScrapedSeries> series() {
        return states.stream().flatMap(s -> s.series.stream()).toList();
    }

    /** Time from the start until a state ends. */
    Duration end(int state) {
        return states.stream().limit(state + 1L).map(State::length).reduce(Duration.ZERO, Duration::plus);
    }

    /** A file of tests for rules. */
    Map<String, Object> test(List<Path> rules, List<Expectation> expectations) {
        List<Map<String, String>> input = series().stream()
                .map(ScrapedSeries::notation)
                .distinct()
                .map(notation -> Map.of("series", notation, "values", values(notation)))
                .toList();
        List<Map<String, Object>> expected = expectations.stream()
                .map(e -> Map.of(
                        "expr",
                        e.expression,
                        "eval_time",
                        e.at.toMinutes() + "m",
                        "exp_samples",
                        List.of(Map.of("labels", "{}", "value", e.value))))
                .toList();
        return Map.of(
                "rule_files",
                rules.stream().map(file -> file.toAbsolutePath().toString()).toList(),
                "evaluation_interval",
                "1m",
                "tests",
                List.of(Map.of("interval", "1m", "input_series", input, "promql_expr_test", expected)));
    }

    /** The samples of a series. Prometheus marks a series as stale when a scrape does not have it any more. */
    private String values(String notation) {
        List<String> values = new ArrayList<>();
        boolean present = false;
        for (State state : states) {
            Map<String, Optional<String>> numbers = new LinkedHashMap<>();
            state.series.forEach(s -> numbers.put(s.notation(), s.number()));
            Optional<String> number = numbers.getOrDefault(notation, Optional.empty());
            long samples = state.length.toMinutes();
            Stream<String> part = number.isPresent()
                    ? Stream.of(number.get() + "x" + (samples - 1))
                    : present ? Stream.of("stale", "_x" + (samples - 1)) : Stream.of("_x" + samples);
            part.forEach(values::add);
            present = number.isPresent();
        }
        return String.join(" ", values);
    }

    /** The series of each state that an expression selects. */
    String describe(AlertExpression expression) {
        List<AlertExpression.Selector> selectors = expression.selectors().toList();
        return states.stream()
                .map(state -> state.series.stream()
                        .filter(s -> selectors.stream().anyMatch(selector -> selector.matches(s)))
                        .map(s -> s.notation() + " " + s.value())
                        .sorted()
                        .toList()
                        .toString())
                .collect(Collectors.joining(", then "));
    }
}
