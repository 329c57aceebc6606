package io.breakwater.api;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;

/** How close the times of a cron expression can be, so that a schedule cannot ask for a backup each minute. */
public final class CronInterval {
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    private static final Duration DAY = Duration.ofDays(1);

    /** The longest expression, as in the schema. The time of the parser grows much faster than the length. */
    private static final int LONGEST = 128;

    private CronInterval() {}

    /**
     * Parses an expression with five fields.
     *
     * @throws IllegalArgumentException if it is not such an expression
     */
    public static Cron parse(String cron) {
        if (cron.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "it has " + cron.length() + " characters, but at most " + LONGEST + " are allowed");
        }
        return PARSER.parse(cron).validate();
    }

    /**
     * The shortest time between two times of an expression with five fields. Only its minutes and hours count: they are the same
     * on each day, and the expression is taken to match the next day too.
     *
     * @throws IllegalArgumentException if it is not such an expression
     */
    public static Duration shortest(String cron) {
        parse(cron);
        String[] fields = cron.strip().split("\\s+");
        if (fields.length != 5) {
            throw new IllegalArgumentException("it does not have five fields");
        }
        ExecutionTime times = ExecutionTime.forCron(parse(fields[0] + " " + fields[1] + " * * *"));
        ZonedDateTime start = Instant.EPOCH.atZone(ZoneOffset.UTC);
        ZonedDateTime before = times.nextExecution(start).orElseThrow();
        ZonedDateTime end = before.plus(DAY);
        Duration shortest = DAY;
        while (before.isBefore(end) && shortest.compareTo(Duration.ofMinutes(1)) > 0) {
            ZonedDateTime next = times.nextExecution(before).orElseThrow();
            Duration distance = Duration.between(before, next);
            shortest = distance.compareTo(shortest) < 0 ? distance : shortest;
            before = next;
        }
        return shortest;
    }

    /**
     * Why a schedule is too frequent; empty if it is not, or cannot be parsed.
     *
     * @param least time that must be between two of its times
     */
    public static Optional<String> tooFrequent(String cron, Duration least) {
        try {
            return Optional.of(shortest(cron))
                    .filter(shortest -> shortest.compareTo(least) < 0)
                    .map(shortest -> "'" + cron + "' has times only " + Durations.format(shortest)
                            + " apart, but this installation permits at least " + Durations.format(least)
                            + "; use fewer times, or ask an administrator to change the Helm value"
                            + " policy.shortestInterval");
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
