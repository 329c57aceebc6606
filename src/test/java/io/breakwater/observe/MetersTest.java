package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.breakwater.config.TestConfig;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Scrapes the registry that the operator uses, after each metric got a value. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class MetersTest {
    private static final Pattern FAMILY = Pattern.compile("# TYPE (\\S+) (\\S+)");
    private static final Pattern HELP = Pattern.compile("# HELP (\\S+) (.*)");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry, Clock.systemUTC());

    @BeforeEach
    void register() {
        for (MeterName name : MeterName.values()) {
            String[] tags = name.labels().stream()
                    .flatMap(label -> Stream.of(label, value(name, label)))
                    .toArray(String[]::new);
            switch (name.kind()) {
                case GAUGE -> meters.set(name, 1, tags);
                case COUNTER -> meters.count(name, tags);
                case TIMER, HISTOGRAM -> meters.time(name, Duration.ofSeconds(1), tags);
            }
        }
    }

    @Test
    void exportsEachMetricUnderItsDocumentedName() {
        Map<String, String> expected = new TreeMap<>();
        for (MeterName name : MeterName.values()) {
            switch (name.kind()) {
                case GAUGE -> expected.put(name.exported(), "gauge");
                case COUNTER -> expected.put(name.exported(), "counter");
                case TIMER, HISTOGRAM -> {
                    expected.put(name.exported(), name.kind() == MeterName.Kind.TIMER ? "summary" : "histogram");
                    expected.put(name.exported() + "_max", "gauge");
                }
            }
        }
        assertThat(scraped(FAMILY)).isEqualTo(expected);
    }

    /** Each limit is a series for each set of labels, so they are few, and no metric with policies has them. */
    @Test
    void boundsTheSeriesOfHistograms() {
        for (MeterName name : MeterName.values()) {
            long buckets = registry.scrape()
                    .lines()
                    .filter(line -> line.startsWith(name.exported() + "_bucket{"))
                    .count();
            assertThat(buckets)
                    .as("buckets of %s", name)
                    .isBetween(name.kind() == MeterName.Kind.HISTOGRAM ? 5L : 0L, name.isPerPolicy() ? 0L : 10L);
        }
    }

    /** Ten thousand policies would have half a million series. */
    @Test
    void sumsOverPoliciesThatHaveNoSeries() {
        registry.clear();
        Meters bounded =
                new Meters(registry, Clock.systemUTC(), TestConfig.of(Map.of("breakwater.metrics.policies", "false")));
        for (String policy : List.of("hourly", "nightly")) {
            String[] labels = {"namespace", "shop", "policy", policy};
            bounded.set(MeterName.POLICY_RPO, 60, labels);
            bounded.age(MeterName.POLICY_RPO_AGE, Instant.EPOCH, labels);
            bounded.remove(MeterName.POLICY_RPO, labels);
            bounded.time(
                    MeterName.REPLICATION_DURATION,
                    Duration.ofSeconds(1),
                    "namespace",
                    "shop",
                    "policy",
                    policy,
                    "location",
                    "blob");
            bounded.count(MeterName.RETENTION_REMOVED, "namespace", "shop", "policy", policy, "result", "Completed");
        }
        bounded.set(MeterName.LOCATION_READY, 1, "namespace", "shop", "location", "blob");

        assertThat(registry.scrape().lines().filter(line -> !line.startsWith("#")))
                .containsExactlyInAnyOrder(
                        "breakwater_location_ready{location=\"blob\",namespace=\"shop\",} 1.0",
                        "breakwater_replication_duration_seconds_count{location=\"blob\",namespace=\"\",policy=\"\",} 2.0",
                        "breakwater_replication_duration_seconds_sum{location=\"blob\",namespace=\"\",policy=\"\",} 2.0",
                        "breakwater_replication_duration_seconds_max{location=\"blob\",namespace=\"\",policy=\"\",} 1.0",
                        "breakwater_retention_removed_total{namespace=\"\",policy=\"\",result=\"Completed\",} 2.0");
    }

    @Test
    void exportsTheDescriptionAsHelp() {
        Map<String, String> help = scraped(HELP);
        for (MeterName name : MeterName.values()) {
            assertThat(help).containsEntry(name.exported(), name.description());
        }
    }

    @Test
    void registersTheUnitThatTheNameEndsIn() {
        assertThat(registry.getMeters()).allSatisfy(meter -> {
            String unit = meter.getId().getBaseUnit();
            String exported = meter.getId().getConventionName(registry.config().namingConvention());
            assertThat(exported.endsWith("_seconds")).as(exported).isEqualTo("seconds".equals(unit));
            assertThat(exported.contains("_bytes")).as(exported).isEqualTo("bytes".equals(unit));
        });
    }

    @Test
    void refusesOtherLabelsAndKindsThanDocumented() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> meters.set(MeterName.TOMBSTONES, 1, "namespace", "shop"))
                .withMessage(
                        "breakwater_tombstones is a GAUGE with the labels [namespace, location], not a GAUGE with the"
                                + " labels [namespace]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> meters.count(MeterName.TOMBSTONES, "namespace", "shop", "location", "blob"));
    }

    @Test
    void refusesOtherValuesThanThoseOfAlerts() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> meters.start(
                        MeterName.RETENTION_REMOVED, "namespace", "shop", "policy", "all", "result", "failed"))
                .withMessage("breakwater_retention_removed_total has no label result with the value failed");
    }

    private static String value(MeterName name, String label) {
        return LabelValues.of(name, label).flatMap(v -> v.stream().findFirst()).orElse("x");
    }

    private Map<String, String> scraped(Pattern line) {
        return line.matcher(registry.scrape())
                .results()
                .collect(Collectors.toMap(m -> m.group(1), MetersTest::second, (a, b) -> b, TreeMap::new));
    }

    private static String second(MatchResult match) {
        return match.group(2);
    }
}
