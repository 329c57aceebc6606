package io.breakwater.policy;

import com.cronutils.model.time.ExecutionTime;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Schedule;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.CronInterval;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.Optional;

/** A five-field cron expression in a time zone. */
public final class CronSchedule {
    private final ExecutionTime times;
    private final ZoneId zone;
    private final Duration delay;

    private CronSchedule(ExecutionTime times, ZoneId zone, Duration delay) {
        this.times = times;
        this.zone = zone;
        this.delay = delay;
    }

    /** A schedule of a policy. Every time is delayed by {@link ScheduleJitter}. */
    public static CronSchedule of(BackupPolicy policy, Schedule schedule) {
        CronSchedule plain = of(schedule);
        return new CronSchedule(plain.times, plain.zone, ScheduleJitter.of(policy, schedule, plain));
    }

    /**
     * Reads a schedule.
     *
     * @throws BreakwaterException InvalidSchedule, with the field and the error in it
     */
    public static CronSchedule of(Schedule schedule) {
        ZoneId zone = zone(schedule);
        CronSchedule cron;
        try {
            cron = new CronSchedule(ExecutionTime.forCron(CronInterval.parse(schedule.cron)), zone, Duration.ZERO);
        } catch (IllegalArgumentException e) {
            throw invalid("spec.schedule.cron '" + schedule.cron + "' is not a cron expression such as '*/15 * * * *': "
                    + e.getMessage());
        }
        if (cron.next(Instant.EPOCH).isEmpty()) {
            throw invalid("spec.schedule.cron '" + schedule.cron + "' names a day that does not exist in any year");
        }
        return cron;
    }

    /**
     * Reads a schedule, and checks its distance too: admission may not have seen it.
     *
     * @param config has the least time between two times, which does not apply in the operator's namespace
     * @throws BreakwaterException InvalidSchedule, also when the times are too close
     */
    public static CronSchedule of(BackupPolicy policy, Schedule schedule, BreakwaterConfig config) {
        CronSchedule cron = of(policy, schedule);
        if (!policy.getMetadata().getNamespace().equals(config.namespace())) {
            CronInterval.tooFrequent(schedule.cron, config.policy().shortestInterval())
                    .ifPresent(why -> {
                        throw invalid("cron " + why);
                    });
        }
        return cron;
    }

    /** The first time after the given one. */
    public Optional<Instant> next(Instant after) {
        return plainNext(after.minus(delay)).map(t -> t.plus(delay));
    }

    private Optional<Instant> plainNext(Instant after) {
        Optional<Instant> next = times.nextExecution(after.atZone(zone)).map(CronSchedule::second);
        if (next.isEmpty()) {
            return next;
        }
        ZoneOffsetTransition change = zone.getRules().nextTransition(after);
        while (change != null && change.getInstant().isBefore(next.get())) {
            if (isSkippedBy(change)) {
                return Optional.of(change.getInstant());
            }
            change = zone.getRules().nextTransition(change.getInstant());
        }
        return next;
    }

    /** The last time that is not after the given one. */
    public Optional<Instant> last(Instant until) {
        return plainLast(until.minus(delay)).map(t -> t.plus(delay));
    }

    private Optional<Instant> plainLast(Instant until) {
        Instant justAfter = second(until.atZone(zone)).plusSeconds(1);
        Optional<Instant> last = times.lastExecution(justAfter.atZone(zone)).map(CronSchedule::second);
        ZoneOffsetTransition change = zone.getRules().previousTransition(justAfter);
        while (change != null && last.isPresent() && change.getInstant().isAfter(last.get())) {
            if (isSkippedBy(change)) {
                return Optional.of(change.getInstant());
            }
            change = zone.getRules().previousTransition(change.getInstant());
        }
        return last;
    }

    /** Whether a time of the schedule is in an hour that the clocks skip; it then runs right after that hour. */
    private boolean isSkippedBy(ZoneOffsetTransition change) {
        if (!change.isGap()) {
            return false;
        }
        ZonedDateTime start = change.getDateTimeBefore().atZone(ZoneOffset.UTC);
        return times.nextExecution(start.minusSeconds(1))
                .filter(t -> t.toLocalDateTime().isBefore(change.getDateTimeAfter()))
                .isPresent();
    }

    private static Instant second(ZonedDateTime time) {
        return time.toInstant().truncatedTo(ChronoUnit.SECONDS);
    }

    /** The zone in which a schedule counts hours and days; UTC if it names none. */
    static ZoneId zone(Schedule schedule) {
        return zone(schedule == null ? null : schedule.timeZone);
    }

    private static ZoneId zone(String name) {
        try {
            return ZoneId.of(name == null || name.isEmpty() ? "Etc/UTC" : name);
        } catch (DateTimeException e) {
            throw invalid("spec.schedule.timeZone '" + name + "' is not in the IANA database; use a name such as"
                    + " Europe/Berlin, or Etc/UTC");
        }
    }

    private static BreakwaterException invalid(String message) {
        return BreakwaterException.permanent(Reason.InvalidSchedule, message);
    }
}
