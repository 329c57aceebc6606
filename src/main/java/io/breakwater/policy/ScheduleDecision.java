package io.breakwater.policy;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;

/** Decision of a schedule at a moment. */
public sealed interface ScheduleDecision {
    /** Create the point of this time, if it does not exist. */
    record Fire(Instant at, String name) implements ScheduleDecision {}

    /** Skip the point of this time. */
    record Skip(Instant at, String name, String running) implements ScheduleDecision {}

    /** Nothing is due. */
    record Rest() implements ScheduleDecision {}

    /**
     * Decides. If several times were missed, only the last one is made up for.
     *
     * @param since the last time that was processed, or the creation of the policy
     * @param names of the points that exist
     * @param running a point that is still in progress
     */
    static ScheduleDecision decide(
            CronSchedule cron, String policy, Instant since, Instant now, Set<String> names, Optional<String> running) {
        Optional<Instant> due = due(cron, since, now);
        if (due.isEmpty()) {
            return new Rest();
        }
        String name = name(policy, due.get());
        if (running.isPresent() && !names.contains(name)) {
            return new Skip(due.get(), name, running.get());
        }
        return new Fire(due.get(), name);
    }

    /** The last time that was not processed yet; empty if nothing is due. */
    static Optional<Instant> due(CronSchedule cron, Instant since, Instant now) {
        return cron.last(now).filter(since::isBefore);
    }

    /** Name of the point of a time. It is always the same for one time, so that a crash cannot create two points. */
    static String name(String policy, Instant at) {
        return policy + "-"
                + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")
                        .withZone(ZoneOffset.UTC)
                        .format(at);
    }
}
