package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.Retention;
import java.time.Duration;

/**
 * How long backups live, as how many points stay. A backup of Velero dies at an age; a policy keeps a number of points, so that
 * what is old does not vanish while nothing new comes.
 */
final class RetentionConversion {
    /** Longer than any interval. */
    static final Duration NEVER = Duration.ofDays(36_500);

    static final Duration DAY = Duration.ofDays(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration WEEK = Duration.ofDays(7);
    private static final Duration MONTH = Duration.ofDays(28);
    private static final Duration YEAR = Duration.ofDays(365);
    private static final int MOST = 1000;

    private RetentionConversion() {}

    /** As many of the newest points as live side by side; null without a schedule, where nothing is removed. */
    static Retention of(BackupPlan plan) {
        if (plan.timing().isEmpty()) {
            plan.about().tell(plan.at() + "ttl", "without a schedule nothing is removed; write spec.retention");
            return null;
        }
        Retention retention = new Retention();
        retention.keepLast = count(plan, plan.timing().get().interval());
        return retention;
    }

    /** Adds what a less frequent plan keeps; says how. */
    static String add(Retention retention, BackupPlan plan) {
        if (plan.timing().isEmpty() || retention == null) {
            return "nothing, since it has no schedule";
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
        long kept = plan.kept().toSeconds();
        long number = Math.max(1, Math.ceilDiv(kept, interval.toSeconds()));
        if (number > MOST) {
            plan.about()
                    .tell(
                            plan.at() + "ttl",
                            number + " points would live side by side; the " + MOST + " newest are kept");
        }
        return (int) Math.min(number, MOST);
    }

    private static int most(Integer one, int other) {
        return one == null ? other : Math.max(one, other);
    }
}
