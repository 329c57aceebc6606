package io.breakwater.policy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.observe.Conditions;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Whether the newest RestorePoint of a policy is good, for policies with and without objectives. It is not when the newest one
 * that ended failed, when a scheduled time created none, or when two scheduled times passed without a good one.
 *
 * @param cron the schedule, if it runs on this site
 * @param since creation of the policy: no earlier time counts
 * @param handled scheduled time that the policy last created or skipped a point for
 * @param problem the error that stops the schedule
 */
record LastPointCheck(
        List<RestorePoint> points,
        PointInventory inventory,
        Optional<CronSchedule> cron,
        Instant since,
        Optional<Instant> handled,
        Optional<BreakwaterException> problem) {
    private static final Comparator<RestorePoint> BY_CREATION = Comparator.comparing(LastPointCheck::created)
            .thenComparing(p -> p.getMetadata().getName());

    /** A gauge retains the check as long as the policy exists, so it has only the points that can be the answer. */
    LastPointCheck {
        points = Stream.of(
                        points.stream().filter(p -> !p.isOver()),
                        points.stream().filter(p -> p.hasFailed() && isKept(p)).max(BY_CREATION).stream(),
                        points.stream().max(BY_CREATION).stream())
                .flatMap(Function.identity())
                .distinct()
                .toList();
        inventory = inventory.newestOnly();
    }

    /** Time from a scheduled time until its point must exist. */
    private static final Duration START = Duration.ofMinutes(15);

    /** A state of the last point: good, or the reason why it is not. */
    record Answer(boolean good, Reason reason, String message) {}

    /** The state at a moment; empty while no point has ended and none is due. */
    Optional<Answer> at(Instant now) {
        return missed(now).or(this::newest);
    }

    private Optional<Answer> missed(Instant now) {
        Optional<BreakwaterException> invalid = problem.filter(e -> e.reason() == Reason.InvalidSchedule);
        if (invalid.isPresent()) {
            return Optional.of(
                    new Answer(false, Reason.InvalidSchedule, invalid.get().getMessage()));
        }
        Optional<Instant> due = cron.flatMap(c -> c.last(now)).filter(this::counts);
        if (due.isEmpty() || isRunningSince(due.get())) {
            return Optional.empty();
        }
        Instant newest = inventory.newest().map(PointInventory.Good::capturedAt).orElse(since);
        if (newest.isBefore(due.get())
                && !isStarted(due.get())
                && now.isAfter(due.get().plus(START))) {
            return Optional.of(missed("no RestorePoint was created for " + due.get()));
        }
        Instant before =
                cron.get().last(due.get().minusMillis(1)).filter(this::counts).orElse(Instant.MIN);
        return newest.isBefore(before)
                ? failed().or(() -> Optional.of(missed("no good RestorePoint since " + newest)))
                : Optional.empty();
    }

    private boolean counts(Instant due) {
        return due.isAfter(since);
    }

    private Answer missed(String what) {
        return new Answer(
                false,
                Reason.ScheduleMissed,
                what
                        + problem.map(e -> ": " + e.getMessage())
                                .orElse("; the events of this policy show skipped and refused RestorePoints"));
    }

    private boolean isStarted(Instant due) {
        return handled.filter(h -> !h.isBefore(due)).isPresent()
                || points.stream().anyMatch(p -> !created(p).isBefore(due));
    }

    private boolean isRunningSince(Instant due) {
        return points.stream()
                .anyMatch(p -> !p.isOver() && isKept(p) && !created(p).isBefore(due));
    }

    private Optional<Answer> newest() {
        return failed().or(() -> inventory
                .newest()
                .map(n -> new Answer(
                        true,
                        Reason.Completed,
                        "newest RestorePoint " + n.name() + " of " + Conditions.timestamp(n.capturedAt())
                                + " is good")));
    }

    /** The newest failed point, unless a good one is newer. */
    private Optional<Answer> failed() {
        Instant good = inventory.newest().map(PointInventory.Good::capturedAt).orElse(Instant.MIN);
        return points.stream()
                .filter(p -> p.hasFailed() && isKept(p) && created(p).isAfter(good))
                .max(BY_CREATION)
                .map(LastPointCheck::failure);
    }

    private static Answer failure(RestorePoint point) {
        Condition c = point.getStatus().failure(Condition.SUCCEEDED).orElseThrow();
        String text = "RestorePoint " + point.getMetadata().getName() + " failed: " + c.message;
        return new Answer(false, reason(c.reason), text);
    }

    private static Reason reason(String word) {
        try {
            return Reason.valueOf(word);
        } catch (IllegalArgumentException | NullPointerException e) {
            return Reason.InternalError;
        }
    }

    private static boolean isKept(RestorePoint point) {
        return point.getMetadata().getDeletionTimestamp() == null;
    }

    private static Instant created(RestorePoint point) {
        try {
            return Instant.parse(point.getMetadata().getCreationTimestamp());
        } catch (DateTimeException | NullPointerException e) {
            return Instant.MIN;
        }
    }
}
