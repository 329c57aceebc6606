package io.breakwater.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The expression of an alert or a panel: the series that it selects and the labels that it groups and joins by. */
public record AlertExpression(String text) {
    private static final Pattern SELECTOR = Pattern.compile("\\b(up|(?:breakwater|jvm)_[a-z_]+)\\b(?:\\{([^}]*)})?");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on)\\s*\\(([^)]*)\\)");

    /** A selector of series, with the operator and the value for each label that it names. */
    public record Selector(String name, Map<String, String> matchers) {
        /** Whether a series has the name, and a value for each label that the selector accepts. */
        boolean matches(ScrapedSeries series) {
            return series.name().equals(name)
                    && matchers.entrySet().stream()
                            .allMatch(m -> accepts(m.getValue(), series.labels().get(m.getKey())));
        }

        Selector with(String label, String matcher) {
            Map<String, String> changed = new TreeMap<>(matchers);
            changed.put(label, matcher);
            return new Selector(name, changed);
        }

        private static boolean accepts(String matcher, String value) {
            String operator = matcher.startsWith("=~") || matcher.startsWith("!") ? matcher.substring(0, 2) : "=";
            String wanted = matcher.substring(operator.length());
            return value != null
                    && switch (operator) {
                        case "=~" -> value.matches(wanted);
                        case "!~" -> !value.matches(wanted);
                        case "!=" -> !value.equals(wanted);
                        default -> value.equals(wanted);
                    };
        }
    }

    /** The selectors of series of Breakwater and of Java, and of those that Prometheus writes about its processes. */
    public Stream<Selector> selectors() {
        return SELECTOR.matcher(text)
                .results()
                .map(m -> new Selector(m.group(1), matchers(m.group(2))))
                .distinct();
    }

    /** Fails unless each selector matches a series, and each alternative of a label value was seen. */
    void requireScraped(String alert, List<ScrapedSeries> scraped) {
        assertThat(selectors()).as("series that %s selects", alert).isNotEmpty();
        Set<String> labels = new TreeSet<>();
        selectors().flatMap(AlertExpression::alternatives).forEach(selector -> {
            List<ScrapedSeries> matched =
                    scraped.stream().filter(selector::matches).toList();
            assertThat(matched)
                    .as("%s selects %s, but no such series was scraped", alert, selector)
                    .isNotEmpty();
            matched.forEach(series -> labels.addAll(series.labels().keySet()));
        });
        assertThat(labels).as("labels that %s groups by", alert).containsAll(groupings());
    }

    /** One selector for each alternative of the pattern of a label: all of them must be real. */
    private static Stream<Selector> alternatives(Selector selector) {
        Stream<Selector> all = Stream.of(selector);
        for (Map.Entry<String, String> m : selector.matchers().entrySet()) {
            if (m.getValue().startsWith("=~")) {
                all = all.flatMap(s -> Stream.of(m.getValue().substring(2).split("\\|"))
                        .map(value -> s.with(m.getKey(), "=" + value)));
            }
        }
        return all;
    }

    /** The expression with one error each: another metric, another label or value of it, another label to group by. */
    Stream<AlertExpression> broken() {
        Stream<String> words = Stream.of(
                        selectors().map(Selector::name),
                        selectors().flatMap(s -> s.matchers().keySet().stream()),
                        selectors()
                                .flatMap(AlertExpression::alternatives)
                                .flatMap(s -> s.matchers().values().stream()
                                        .filter(m -> m.matches("=\\w+"))
                                        .map(m -> m.substring(1))),
                        groupings().stream())
                .flatMap(s -> s);
        return words.distinct().map(word -> new AlertExpression(text.replaceAll("\\b" + word + "\\b", word + "_x")));
    }

    /** The labels that the expression groups and joins by. */
    public Set<String> groupings() {
        Set<String> labels = new TreeSet<>();
        GROUPING.matcher(text)
                .results()
                .map(MatchResult::group)
                .map(group -> group.substring(group.indexOf('(') + 1, group.length() - 1))
                .flatMap(group -> Stream.of(group.split(",")))
                .map(String::strip)
                .filter(label -> !label.isEmpty())
                .forEach(labels::add);
        return labels;
    }

    private static Map<String, String> matchers(String text) {
        Map<String, String> matchers = new TreeMap<>();
        if (text != null) {
            MATCHER.matcher(text).results().forEach(m -> matchers.put(m.group(1), m.group(2) + m.group(3)));
        }
        return matchers;
    }
}
