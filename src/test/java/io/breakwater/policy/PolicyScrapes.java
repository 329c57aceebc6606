package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.VerificationSpec.Level;

/** What the real controller exports about a policy that misses all of its objectives. */
public final class PolicyScrapes extends PolicyAlertsTest {
    private PolicyScrapes() {}

    public static String late() {
        PolicyScrapes fleet = new PolicyScrapes();
        fleet.makePolicy();
        try {
            return fleet.scrapeLate();
        } finally {
            fleet.close();
        }
    }

    private String scrapeLate() {
        location("b");
        copy("b");
        BackupPolicySpec spec = policy.getSpec();
        spec.copies.getFirst().rpo = "3h";
        spec.objectives.rto = "1m";
        spec.schedule = CronScheduleTest.schedule("0 2 * * *", "Etc/UTC");
        spec.verification = new BackupPolicySpec.VerificationPlan();
        spec.verification.level = Level.Restored;
        spec.verification.schedule = CronScheduleTest.schedule("0 * * * *", "Etc/UTC");
        add(good("p1", "2090-01-05T02:01:00Z").copy("b", CopyState.Completed));
        add(good("p2", "2090-01-06T02:01:00Z").copy("b", CopyState.Failed));
        for (int night = 7; night < 10; night++) {
            add(failed("night-" + night, "set by the API server"));
        }
        verified("v1", true, "2090-01-06T03:00:00Z", "50s");
        return scrapeAt("2090-01-09T12:00:00Z");
    }
}
