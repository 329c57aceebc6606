package io.breakwater.api;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations in the format of the API: {@code 90s}, {@code 15m}, {@code 1h30m}, {@code 2d}. */
public final class Durations {
    /** Pattern of the CRDs: days, hours, minutes and seconds, in this order; each is optional. */
    public static final String PATTERN = "^([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,7}m)?([0-9]{1,9}s)?$";

    private static final Pattern PARTS =
            Pattern.compile("(?:(\\d{1,5})d)?(?:(\\d{1,6})h)?(?:(\\d{1,7})m)?(?:(\\d{1,9})s)?");

    private Durations() {}

    /**
     * Reads a duration.
     *
     * @throws IllegalArgumentException if the text is empty or does not have this format
     */
    public static Duration parse(String text) {
        Matcher m = PARTS.matcher(text);
        if (text.isEmpty() || !m.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a duration such as 90s, 15m or 1h30m");
        }
        return Duration.ofDays(part(m, 1))
                .plusHours(part(m, 2))
                .plusMinutes(part(m, 3))
                .plusSeconds(part(m, 4));
    }

    /** Reads a duration; returns the fallback for null and for an empty text. */
    public static Duration parse(String text, Duration fallback) {
        return text == null || text.isEmpty() ? fallback : parse(text);
    }

    /**
     * Writes a duration in the format that {@link #parse} reads, in full seconds; a minus sign marks a negative one.
     */
    public static String format(Duration d) {
        if (d.isNegative()) {
            return "-" + format(d.negated());
        }
        StringBuilder s = new StringBuilder();
        append(s, d.toDays(), 'd');
        append(s, d.toHoursPart(), 'h');
        append(s, d.toMinutesPart(), 'm');
        append(s, d.toSecondsPart(), 's');
        return s.isEmpty() ? "0s" : s.toString();
    }

    private static void append(StringBuilder s, long n, char unit) {
        if (n > 0) {
            s.append(n).append(unit);
        }
    }

    private static long part(Matcher m, int group) {
        return m.group(group) == null ? 0 : Long.parseLong(m.group(group));
    }
}
