package io.breakwater.policy;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;

/** What a schedule asks for at a moment. */
public sealed interface ScheduleDecision {
    /** Make the point of this time, or find that it was made. */
    record Fire(Instant at, String name) implements ScheduleDecision {}

    /** Leave the point of this time out. */
    record Skip(Instant at, String name, String running) implements ScheduleDecision {}

    /** Nothing is due. */
    record Rest() implements ScheduleDecision {}

    /**
     * Decides. However many times were missed, only the last of them is made up for.
     *
     * @param since the time that was dealt with last, or when the policy was made
     * @param names of the points that exist
     * @param running a point that is still being made
     */
    static ScheduleDecision decide(
            CronSchedule cron, String policy, Instant since, Instant now, Set<String> names, Optional<String> running) {
        Optional<Instant> due = cron.last(now).filter(since::isBefore);
        if (due.isEmpty()) {
            return new Rest();
        }
        String name = name(policy, due.get());
        if (running.isPresent() && !names.contains(name)) {
            return new Skip(due.get(), name, running.get());
        }
        return new Fire(due.get(), name);
    }

    /** Name of the point of a time: the same however often it is asked for, so that a crash cannot make two. */
    static String name(String policy, Instant at) {
        return policy + "-"
                + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")
                        .withZone(ZoneOffset.UTC)
                        .format(at);
    }
}
