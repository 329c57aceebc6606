package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Schedule;
import io.breakwater.api.Durations;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.zip.CRC32;

/**
 * By how much the times of a policy's schedules are put off. It follows from the policy's namespace and name and never
 * changes, so that the distance between two points stays what the schedule says.
 */
final class ScheduleJitter {
    /** Room for many namespaces where nobody said anything. */
    private static final Duration USUAL = Duration.ofMinutes(10);

    private ScheduleJitter() {}

    /** The delay of one policy, in whole seconds; less than the room that there is. */
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
        if (policy.keptBy().isEmpty()) {
            return Duration.ZERO;
        }
        Duration half = plain.next(Instant.EPOCH)
                .flatMap(first -> plain.next(first).map(second -> Duration.between(first, second)))
                .map(interval -> interval.dividedBy(2))
                .orElse(USUAL);
        return half.compareTo(USUAL) < 0 ? half : USUAL;
    }
}
