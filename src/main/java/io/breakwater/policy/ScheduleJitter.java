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
    /** Default of the range of delays in policies of a template. */
    private static final Duration USUAL = Duration.ofMinutes(10);

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
        if (policy.managedBy().isEmpty()) {
            return Duration.ZERO;
        }
        Duration half = plain.next(Instant.EPOCH)
                .flatMap(first -> plain.next(first).map(second -> Duration.between(first, second)))
                .map(interval -> interval.dividedBy(2))
                .orElse(USUAL);
        return half.compareTo(USUAL) < 0 ? half : USUAL;
    }
}
