package io.breakwater.migrate;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Times of a schedule. Velero parses its expressions with robfig/cron: five fields, descriptors such as {@code @daily},
 * and {@code CRON_TZ=} at the start.
 *
 * @param cron five fields
 * @param zone IANA name; empty if none is set, which means the time zone of Velero's server
 * @param interval the shortest interval between runs in the next weeks
 */
record ScheduleConversion(String cron, String zone, Duration interval) {
    private static final Map<String, String> DESCRIPTORS = Map.of(
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *",
            "@monthly", "0 0 1 * *",
            "@weekly", "0 0 * * 0",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@hourly", "0 * * * *");
    private static final Pattern ZONE = Pattern.compile("(?:CRON_)?TZ=(\\S+)\\s+(.*)");
    private static final Pattern EVERY = Pattern.compile("@every\\s+(?:(\\d+)h)?(?:(\\d+)m)?(?:0s)?");
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    private static final ZonedDateTime START = ZonedDateTime.of(2026, 1, 1, 0, 0, 30, 0, ZoneId.of("UTC"));
    private static final int SAMPLED_RUNS = 60;

    /** Parses an expression; empty if it has no equivalent with five fields. */
    static Optional<ScheduleConversion> of(String expression) {
        String text = expression.strip();
        String zone = "";
        Matcher zoned = ZONE.matcher(text);
        if (zoned.matches()) {
            zone = zoned.group(1);
            text = zoned.group(2).strip();
        }
        text = DESCRIPTORS.getOrDefault(text, text);
        Matcher every = EVERY.matcher(text);
        if (every.matches()) {
            text = every(number(every.group(1)), number(every.group(2)));
        }
        String cron = text.replaceAll("\\s+", " ").replace('?', '*');
        try {
            return Optional.of(new ScheduleConversion(cron, zone, interval(cron)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** An interval as five fields; possible only for intervals that divide an hour or a day. */
    private static String every(long hours, long minutes) {
        if (hours == 0 && minutes > 0 && 60 % minutes == 0) {
            return minutes == 60 ? "0 * * * *" : "*/" + minutes + " * * * *";
        }
        if (minutes == 0 && hours > 0 && 24 % hours == 0) {
            return hours == 24 ? "0 0 * * *" : hours == 1 ? "0 * * * *" : "0 */" + hours + " * * *";
        }
        return "";
    }

    private static Duration interval(String cron) {
        ExecutionTime times = ExecutionTime.forCron(PARSER.parse(cron));
        ZonedDateTime at = START;
        Duration shortest = null;
        for (int i = 0; i < SAMPLED_RUNS; i++) {
            Optional<ZonedDateTime> next = times.nextExecution(at);
            if (next.isEmpty()) {
                break;
            }
            Duration gap = Duration.between(at, next.get());
            if (i > 0 && (shortest == null || gap.compareTo(shortest) < 0)) {
                shortest = gap;
            }
            at = next.get();
        }
        if (shortest == null) {
            throw new IllegalArgumentException("it never runs twice");
        }
        return shortest;
    }

    private static long number(String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }
}
