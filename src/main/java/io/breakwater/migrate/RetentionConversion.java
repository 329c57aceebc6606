package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.Retention;
import java.time.Duration;

/**
 * Converts a ttl to a number of points. A backup of Velero expires at an age. A policy keeps a number of points, so
 * that old points stay while no new ones are made.
 */
final class RetentionConversion {
    /** Longer than any interval. */
    static final Duration NEVER = Duration.ofDays(36_500);

    static final Duration DAY = Duration.ofDays(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration WEEK = Duration.ofDays(7);
    private static final Duration MONTH = Duration.ofDays(28);
    private static final Duration YEAR = Duration.ofDays(365);
    private static final int MAX = 1000;

    private RetentionConversion() {}

    /**
     * Keeps as many of the newest points as exist at the same time in Velero; null without a schedule, because then
     * none is deleted.
     */
    static Retention of(BackupPlan plan) {
        if (plan.timing().isEmpty()) {
            plan.about().add(plan.at() + "ttl", "without a schedule no point is deleted; set spec.retention");
            return null;
        }
        Retention retention = new Retention();
        retention.keepLast = count(plan, plan.timing().get().interval());
        return retention;
    }

    /** Adds the retention of a less frequent plan, and returns it as a text. */
    static String add(Retention retention, BackupPlan plan) {
        if (plan.timing().isEmpty() || retention == null) {
            return "nothing, because it has no schedule";
        }
        Duration interval = plan.timing().get().interval();
        if (interval.compareTo(DAY) < 0) {
            retention.hourly = most(retention.hourly, count(plan, HOUR));
            return "hourly: " + retention.hourly;
        }
        if (interval.compareTo(WEEK) < 0) {
            retention.daily = most(retention.daily, count(plan, DAY));
            return "daily: " + retention.daily;
        }
        if (interval.compareTo(MONTH) < 0) {
            retention.weekly = most(retention.weekly, count(plan, WEEK));
            return "weekly: " + retention.weekly;
        }
        if (interval.compareTo(YEAR) < 0) {
            retention.monthly = most(retention.monthly, count(plan, MONTH));
            return "monthly: " + retention.monthly;
        }
        retention.yearly = most(retention.yearly, count(plan, YEAR));
        return "yearly: " + retention.yearly;
    }

    private static int count(BackupPlan plan, Duration interval) {
        long kept = plan.ttl().toSeconds();
        long number = Math.max(1, Math.ceilDiv(kept, interval.toSeconds()));
        if (number > MAX) {
            plan.about()
                    .add(
                            plan.at() + "ttl",
                            number + " points would exist at the same time; the newest " + MAX + " are kept");
        }
        return (int) Math.min(number, MAX);
    }

    private static int most(Integer one, int other) {
        return one == null ? other : Math.max(one, other);
    }
}
