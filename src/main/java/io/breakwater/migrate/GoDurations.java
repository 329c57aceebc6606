package io.breakwater.migrate;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations in the format of Velero's objects: {@code 720h0m0s}, {@code 1h30m}, {@code 90s}. */
final class GoDurations {
    private static final Pattern PARTS =
            Pattern.compile("(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?(?:(\\d{1,9})(?:\\.\\d+)?s)?");

    private GoDurations() {}

    /** The duration in full seconds; empty if the text is missing or has another format. */
    static Optional<Duration> parse(String text) {
        Matcher m = PARTS.matcher(text == null ? "" : text);
        if (!m.matches() || m.group().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofHours(part(m, 1)).plusMinutes(part(m, 2)).plusSeconds(part(m, 3)));
    }

    private static long part(Matcher m, int group) {
        return m.group(group) == null ? 0 : Long.parseLong(m.group(group));
    }
}
