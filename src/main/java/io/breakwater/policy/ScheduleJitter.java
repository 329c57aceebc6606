package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Schedule;
import io.breakwater.api.Durations;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.zip.CRC32;

/**
 * Delay of the times of a policy's schedules. It follows from the policy's namespace and name and never changes, so
 * that the interval between two points is the one of the schedule.
 */
final class ScheduleJitter {
    /** Longest default of the range of delays in policies of a template. */
    private static final Duration MANAGED = Duration.ofMinutes(10);

    /** Longest default of the range of delays in all other policies. */
    private static final Duration USUAL = Duration.ofMinutes(5);

    private ScheduleJitter() {}

    /** The delay of one policy, in full seconds; always less than the range. */
    static Duration of(BackupPolicy policy, Schedule schedule, CronSchedule plain) {
        long room = room(policy, schedule, plain).toSeconds();
        if (room < 1) {
            return Duration.ZERO;
        }
        CRC32 hash = new CRC32();
        hash.update((policy.getMetadata().getNamespace() + "/"
                        + policy.getMetadata().getName())
                .getBytes(StandardCharsets.UTF_8));
        return Duration.ofSeconds(hash.getValue() % room);
    }

    private static Duration room(BackupPolicy policy, Schedule schedule, CronSchedule plain) {
        if (schedule.jitter != null) {
            return Durations.parse(schedule.jitter);
        }
        return policy.managedBy().isEmpty() ? part(plain, 10, USUAL) : part(plain, 2, MANAGED);
    }

    /** A part of the interval of a schedule, up to a limit. */
    private static Duration part(CronSchedule plain, int divisor, Duration longest) {
        return plain.next(Instant.EPOCH)
                .flatMap(first -> plain.next(first).map(second -> Duration.between(first, second)))
                .map(interval -> interval.dividedBy(divisor))
                .filter(part -> part.compareTo(longest) < 0)
                .orElse(longest);
    }
}
