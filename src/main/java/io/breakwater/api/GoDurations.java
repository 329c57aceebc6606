package io.breakwater.api;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations in the format of Velero's objects and annotations: {@code 720h0m0s}, {@code 1.5h}, {@code 500ms}; microseconds are not read. */
public final class GoDurations {
    private static final String PART = "(\\d{1,9}(?:\\.\\d{0,9})?|\\.\\d{1,9})(h|ms|m|s|ns)";
    private static final Pattern PARTS = Pattern.compile(PART);
    private static final Pattern ALL = Pattern.compile("0|(?:" + PART + "){1,8}");
    private static final Map<String, Duration> UNITS = Map.of(
            "h", Duration.ofHours(1),
            "m", Duration.ofMinutes(1),
            "s", Duration.ofSeconds(1),
            "ms", Duration.ofMillis(1),
            "ns", Duration.ofNanos(1));

    private GoDurations() {}

    /** The duration in full seconds, rounded up; empty if the text is missing or has another format. */
    public static Optional<Duration> parse(String text) {
        if (text == null || !ALL.matcher(text).matches()) {
            return Optional.empty();
        }
        BigDecimal nanos = BigDecimal.ZERO;
        for (Matcher part = PARTS.matcher(text); part.find(); ) {
            BigDecimal unit = BigDecimal.valueOf(UNITS.get(part.group(2)).toNanos());
            nanos = nanos.add(new BigDecimal(part.group(1)).multiply(unit));
        }
        BigDecimal second = BigDecimal.valueOf(Duration.ofSeconds(1).toNanos());
        return Optional.of(
                Duration.ofSeconds(nanos.divide(second, 0, RoundingMode.CEILING).longValueExact()));
    }
}
