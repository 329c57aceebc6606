package io.breakwater.testing;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One series of a scrape: name, labels and value, in the text format of Prometheus. */
record ScrapedSeries(String name, Map<String, String> labels, String value) {
    private static final Pattern LINE = Pattern.compile("([a-z_]+)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** The series of a scrape. */
    static Stream<ScrapedSeries> read(String scrape) {
        return scrape.lines()
                .filter(line -> !line.startsWith("#"))
                .map(LINE::matcher)
                .filter(Matcher::matches)
                .map(m -> new ScrapedSeries(m.group(1), labels(m.group(2)), m.group(3)));
    }

    private static Map<String, String> labels(String text) {
        Map<String, String> labels = new TreeMap<>();
        if (text != null) {
            LABEL.matcher(text).results().forEach(m -> labels.put(m.group(1), m.group(2)));
        }
        return labels;
    }

    /** The same series with the process that it was scraped from, as Prometheus labels it. */
    ScrapedSeries from(String instance) {
        Map<String, String> more = new TreeMap<>(labels);
        more.put("instance", instance);
        return new ScrapedSeries(name, more, value);
    }

    /** Name and labels in PromQL. */
    String notation() {
        return labels.entrySet().stream()
                .map(l -> l.getKey() + "=\"" + l.getValue() + "\"")
                .collect(Collectors.joining(",", name + "{", "}"));
    }

    /** The value as promtool reads it; empty for a gauge without a number. */
    Optional<String> number() {
        return value.equals("NaN") ? Optional.empty() : Optional.of(new BigDecimal(value).toPlainString());
    }
}
