package io.breakwater.policy;

import io.breakwater.api.BackupPolicySpec.Retention;
import io.breakwater.api.Durations;
import io.breakwater.api.PointLock;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.points.Lineage;
import io.breakwater.policy.PointInventory.Good;
import java.time.Duration;
import java.time.Instant;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Decides which points of a policy to delete (grandfather, father, son). The rules keep the newest points, and the
 * newest of each of the last hours, days, ISO weeks, months and years that have one. A point that no rule keeps is
 * deleted. Only points of this site's schedule or of its users count, and adopted points that the namespace inherits.
 * Other points from catalog sync belong to another site, or their objects were lost. Divergent points, and other points that do
 * not belong to the present history, have data that exists nowhere else. Only users delete those. A point of the namespace itself with deletionPolicy Retain is pinned.
 *
 * @param zone in which days start; an hour that the clocks repeat counts as two hours
 * @param now time for the end of locks and for the age of failed points
 * @param lineage the present history of the application
 */
record RetentionRules(Retention retention, ZoneId zone, Instant now, Lineage lineage) {
    /** Default of the number of failed scheduled points that stay for inspection. */
    static final int FAILED = 3;

    /** Keeps the newest point of each of the last periods that have one. */
    private record Rule(Integer count, Function<Good, Object> period) {}

    /**
     * Points to delete: good ones, oldest last, then failed ones. The newest complete point of any location is never
     * one of them. If copying has stopped for a long time, the last point in a location must stay. Points that are
     * held, locked or read by a Restore also stay.
     *
     * @param points of one policy
     * @param inherited names of the imported points that count like the policy's own
     * @param inUse names of points that an unfinished Restore reads
     */
    List<RestorePoint> expired(List<RestorePoint> points, Set<String> inherited, Set<String> inUse) {
        PointInventory inventory = PointInventory.of(points, lineage);
        List<Good> candidates = inventory.good().stream()
                .filter(g -> inherited.contains(g.name()) || counts(g.point()))
                .toList();
        Optional<Set<Good>> wanted = wanted(candidates);
        List<RestorePoint> gone = new ArrayList<>();
        if (wanted.isPresent()) {
            candidates.stream()
                    .filter(g -> !wanted.get().contains(g))
                    .filter(g -> !inUse.contains(g.name()) && !isLastSomewhere(g, inventory))
                    .map(Good::point)
                    .filter(this::isFree)
                    .forEach(gone::add);
        }
        gone.addAll(failed(points));
        return gone;
    }

    /** Points that the rules keep; empty if there is no rule, and then none is deleted. */
    private Optional<Set<Good>> wanted(List<Good> newestFirst) {
        List<Rule> rules = List.of(
                        new Rule(retention.keepLast, g -> g),
                        new Rule(
                                retention.hourly,
                                g -> local(g).truncatedTo(ChronoUnit.HOURS).toInstant()),
                        new Rule(retention.daily, g -> local(g).toLocalDate()),
                        new Rule(retention.weekly, g -> week(local(g))),
                        new Rule(retention.monthly, g -> YearMonth.from(local(g))),
                        new Rule(retention.yearly, g -> Year.from(local(g))))
                .stream()
                .filter(r -> r.count != null)
                .toList();
        if (rules.isEmpty()) {
            return Optional.empty();
        }
        Set<Good> wanted = new HashSet<>();
        for (Rule rule : rules) {
            Set<Object> periods = new HashSet<>();
            for (Good g : newestFirst) {
                if (periods.size() < rule.count && periods.add(rule.period.apply(g))) {
                    wanted.add(g);
                }
            }
        }
        return Optional.of(wanted);
    }

    private ZonedDateTime local(Good good) {
        return good.capturedAt().atZone(zone);
    }

    private static Object week(ZonedDateTime t) {
        return List.of(t.get(IsoFields.WEEK_BASED_YEAR), t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
    }

    private List<RestorePoint> failed(List<RestorePoint> points) {
        int room = retention.failed == null || retention.failed.keepLast == null ? FAILED : retention.failed.keepLast;
        Optional<Duration> keepFor =
                Optional.ofNullable(retention.failed).map(f -> f.keepFor).map(Durations::parse);
        List<RestorePoint> newestFirst = points.stream()
                .filter(this::isFailed)
                .sorted(Comparator.comparing(RetentionRules::createdAt).reversed())
                .toList();
        List<RestorePoint> gone = new ArrayList<>();
        for (int i = 0; i < newestFirst.size(); i++) {
            RestorePoint p = newestFirst.get(i);
            boolean tooOld =
                    keepFor.isPresent() && createdAt(p).plus(keepFor.get()).isBefore(now);
            if (i >= room || tooOld) {
                gone.add(p);
            }
        }
        return gone;
    }

    private static Instant createdAt(RestorePoint point) {
        return Instant.parse(point.getMetadata().getCreationTimestamp());
    }

    private static boolean isLastSomewhere(Good good, PointInventory inventory) {
        return inventory.newest().filter(good::equals).isPresent()
                || inventory.newestAt().containsValue(good);
    }

    private boolean isFree(RestorePoint point) {
        return PointLock.of(point, retention, now).isEmpty();
    }

    private static boolean counts(RestorePoint point) {
        return point.getSpec().trigger != Trigger.Imported
                && point.getSpec().trigger != Trigger.Divergent
                && point.getSpec().deletionPolicy != DeletionPolicy.Retain;
    }

    private boolean isFailed(RestorePoint point) {
        return point.getMetadata().getDeletionTimestamp() == null
                && point.getSpec().trigger == Trigger.Scheduled
                && point.getSpec().deletionPolicy != DeletionPolicy.Retain
                && isFree(point)
                && point.hasFailed();
    }
}
