package io.breakwater.observe;

import java.time.Duration;
import java.util.List;

/**
 * The limits up to which a histogram counts durations. They are few and fixed: each one is a series for each set of labels, and a
 * limit that changes makes the sums of Prometheus wrong.
 */
final class DurationBuckets {
    private static final List<Duration> CALLS = List.of(
            Duration.ofMillis(5),
            Duration.ofMillis(20),
            Duration.ofMillis(100),
            Duration.ofMillis(500),
            Duration.ofSeconds(2),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30));

    private static final List<Duration> RUNS = List.of(
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(3),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofMinutes(2),
            Duration.ofMinutes(10),
            Duration.ofHours(1),
            Duration.ofHours(4));

    private DurationBuckets() {}

    /** The limits of a histogram, in rising order; none for a metric of another kind. */
    static Duration[] of(MeterName name) {
        if (name.kind() != MeterName.Kind.HISTOGRAM) {
            return new Duration[0];
        }
        boolean call = name == MeterName.STORE_CALL_DURATION || name == MeterName.RECONCILE_DURATION;
        return (call ? CALLS : RUNS).toArray(Duration[]::new);
    }
}
