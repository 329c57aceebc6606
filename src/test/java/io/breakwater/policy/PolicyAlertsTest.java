package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static io.breakwater.policy.PointFixtures.running;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.Hooks;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Meters;
import io.breakwater.observe.TestEvents;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.breakwater.trust.AuthorReport;
import io.breakwater.trust.AuthorReview;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The alerts on policies, from what the real controller exports. Each scrape is the first one of a process. */
class PolicyAlertsTest extends PolicyControllerFixture {
    @Test
    @ProvesAlerts({"BreakwaterRpoMissed", "BreakwaterReplicationLagAboveRpo"})
    void reportsPointsAndCopiesThatAreTooOld() {
        location("b");
        copy("b");
        policy.getSpec().copies.getFirst().rpo = "3h";
        add(good("p1", "2090-01-05T11:55:00Z").copy("b", CopyState.Completed));
        AlertProof rpo = AlertProof.of("BreakwaterRpoMissed").quiet(scrape("12:30:00"));
        AlertProof lag = AlertProof.of("BreakwaterReplicationLagAboveRpo").quiet(scrape("12:30:00"));
        String late = scrape("14:56:00");
        rpo.firing(late).restarted(scrape("14:57:00"));
        lag.firing(late).restarted(scrape("14:57:00"));
        add(good("p2", "2090-01-05T14:58:00Z").copy("b", CopyState.Completed));

        rpo.over(scrape("14:59:00")).check();
        lag.over(scrape("14:59:00")).check();
    }

    @Test
    @ProvesAlerts({"BreakwaterNoGoodPoint", "BreakwaterNeverReplicated"})
    void reportsObjectivesWithoutAnyPoint() {
        location("b");
        copy("b");
        policy.getSpec().copies.getFirst().rpo = "3h";
        AlertProof point = AlertProof.of("BreakwaterNoGoodPoint");
        AlertProof copy = AlertProof.of("BreakwaterNeverReplicated");
        policy.getSpec().objectives = null;
        add(good("p1", "2090-01-05T11:55:00Z").copy("b", CopyState.Completed));
        String healthy = scrape("12:00:01");
        point.quiet(healthy);
        copy.quiet(healthy);
        deletePoints();
        change(spec -> {
            spec.objectives = new BackupPolicySpec.Objectives();
            spec.objectives.rpo = "2h";
        });
        point.firing(scrape("12:00:02")).restarted(scrape("12:00:03"));
        copy.firing(scrape("12:00:02")).restarted(scrape("12:00:03"));
        add(good("p2", "2090-01-05T11:58:00Z").copy("b", CopyState.Completed));

        point.over(scrape("12:00:04")).check();
        copy.over(scrape("12:00:04")).check();
    }

    @Test
    @ProvesAlerts("BreakwaterLastPointFailed")
    void reportsAFailedPointWithoutAnObjective() {
        policy.getSpec().objectives = null;
        policy.getSpec().schedule = null;
        add(good("p1", "2025-01-05T11:55:00Z"));
        AlertProof proof = AlertProof.of("BreakwaterLastPointFailed").quiet(scrape("12:00:00"));
        add(failed("p2", "set by the API server"));
        proof.firing(scrape("12:30:00")).restarted(scrape("12:31:00"));
        add(good("p3", "2090-01-05T12:32:00Z"));

        proof.over(scrape("12:33:00")).check();
    }

    /** A nightly policy without an objective, and three nights of failures. */
    @Test
    @ProvesAlerts("BreakwaterLastPointFailed")
    void reportsNightsWithoutAGoodPoint() {
        policy.getSpec().objectives = null;
        policy.getSpec().schedule = CronScheduleTest.schedule("0 2 * * *", "Etc/UTC");
        add(good("p1", "2090-01-06T02:01:00Z"));
        AlertProof proof = AlertProof.of("BreakwaterLastPointFailed").quiet(scrapeAt("2090-01-06T12:00:00Z"));
        for (int night = 7; night < 10; night++) {
            add(failed("night-" + night, "set by the API server"));
        }
        proof.firing(scrapeAt("2090-01-09T12:00:00Z"));
        client.resource(policy).delete();

        proof.over(removed()).check();
    }

    @Test
    @ProvesAlerts("BreakwaterLastPointFailed")
    void reportsAPointThatNeverEnds() {
        policy.getSpec().objectives = null;
        add(good("p1", "2090-01-05T11:55:00Z"), running("endless", "set by the API server"));
        AlertProof proof = AlertProof.of("BreakwaterLastPointFailed").quiet(scrape("12:30:00"));
        proof.firing(scrape("13:00:05")).restarted(scrape("13:00:06"));
        add(good("p3", "2090-01-05T13:00:07Z"));

        proof.over(scrape("13:01:00")).check();
    }

    /** A copy without an objective of its own. */
    @Test
    @ProvesAlerts("BreakwaterLastCopyFailed")
    void reportsACopyThatFails() {
        policy.getSpec().objectives = null;
        location("b");
        copy("b");
        add(good("p1", "2090-01-05T10:00:00Z").copy("b", CopyState.Completed));
        AlertProof proof = AlertProof.of("BreakwaterLastCopyFailed").quiet(scrape("11:56:00"));
        add(good("p2", "2090-01-05T11:00:00Z").copy("b", CopyState.Failed));
        add(good("p3", "2090-01-05T11:30:00Z").copy("b", CopyState.Pending));
        proof.firing(scrape("11:57:00"));
        deletePoints();
        PointFixtures retried = good("p4", "2090-01-05T11:40:00Z").copy("b", CopyState.Copying);
        retried.get().getStatus().copies.getFirst().message = "Forbidden: the last attempt failed";
        add(retried);
        proof.restarted(scrape("11:58:00"));
        change(spec -> spec.copies.clear());

        proof.over(scrape("11:59:00")).check();
    }

    @Test
    @ProvesAlerts("BreakwaterAuthorLacksRight")
    void reportsAuthorsWithoutARight() {
        policy.getSpec().hooks = new Hooks();
        policy.getSpec().hooks.pre = List.of(new Hook());
        AlertProof ofPolicy = AlertProof.of("BreakwaterAuthorLacksRight");
        AlertProof ofLocation = AlertProof.of("BreakwaterAuthorLacksRight");
        ofPolicy.quiet(scrape("11:51:00"), locationScrape());
        ofLocation.quiet(scrape("11:51:00"), locationScrape());
        String healthyPolicy = scrape("11:51:00");
        String healthyLocation = locationScrape();
        objection = Optional.of(new AuthorReview.Objection(false, "author jane lacks it"));

        ofPolicy.firing(scrape("11:52:00"), healthyLocation)
                .restarted(scrape("11:53:00"), healthyLocation)
                .over(healthyPolicy, healthyLocation)
                .check();
        ofLocation.firing(healthyPolicy, locationScrape()).over(healthyPolicy).check();
    }

    @Test
    @ProvesAlerts({"BreakwaterVerificationFailed", "BreakwaterNotProven", "BreakwaterRtoMissed"})
    void reportsVerifications() {
        policy.getSpec().objectives.rto = "1m";
        policy.getSpec().verification = new BackupPolicySpec.VerificationPlan();
        policy.getSpec().verification.level = Level.Restored;
        policy.getSpec().verification.schedule = CronScheduleTest.schedule("0 * * * *", "Etc/UTC");
        add(good("p1", "2090-01-05T11:55:00Z"));
        AlertProof failed = AlertProof.of("BreakwaterVerificationFailed");
        AlertProof overdue = AlertProof.of("BreakwaterNotProven");
        AlertProof slow = AlertProof.of("BreakwaterRtoMissed");
        verified("v1", true, "2090-01-05T12:01:00Z", "50s");
        String healthy = scrape("12:30:00");
        verified("v2", false, "2090-01-05T13:01:00Z", null);
        String broken = scrape("13:02:00");
        String late = scrape("14:30:00");
        verified("v3", true, "2090-01-05T14:31:00Z", "70s");
        String slowly = scrape("14:32:00");
        verified("v4", true, "2090-01-05T14:33:00Z", "40s");
        String repaired = scrape("14:34:00");

        failed.quiet(healthy).firing(broken).restarted(late).over(slowly).check();
        overdue.quiet(healthy).firing(late).over(slowly).check();
        slow.quiet(healthy).firing(slowly).over(repaired).check();
    }

    void verified(String name, boolean proven, String finishedAt, String took) {
        Verification v = new Verification();
        v.getMetadata().setNamespace("shop");
        v.getMetadata().setName(name);
        v.setSpec(new VerificationSpec());
        v.getSpec().policyRef = new NamedRef("hourly");
        v.getSpec().level = Level.Restored;
        v.setStatus(new VerificationStatus());
        v.getStatus().finishedAt = finishedAt;
        v.getStatus().restoreTime = took;
        Conditions conditions = Conditions.of(v.getStatus(), 1L, Clock.systemUTC());
        if (proven) {
            conditions.succeeded(Reason.Proven, "proven");
        } else {
            conditions.failed(Reason.VerificationFailed, "wrong answer");
        }
        client.resource(v).create();
    }

    String scrape(String time) {
        return scrapeAt("2090-01-05T" + time + "Z");
    }

    String scrapeAt(String time) {
        startProcess();
        reconcileAt(Instant.parse(time));
        return registry.scrape();
    }

    /** What the process exports that reported on the policy, once the policy is gone. */
    private String removed() {
        new PolicyMeters(new Meters(registry, Clock.systemUTC()), Clock.systemUTC()).remove("shop", "hourly");
        return "";
    }

    /** What a process exports about a location with Secrets. */
    private String locationScrape() {
        startProcess();
        AuthorReport report = new AuthorReport(
                authors, TestEvents.of(client, Clock.systemUTC()), new Meters(registry, Clock.systemUTC()));
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("shop");
        location.getMetadata().setName("a");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().azureBlob = new BackupLocationSpec.AzureBlob();
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("account");
        report.publish(location, null, report.ask(location));
        return registry.scrape();
    }

    void deletePoints() {
        client.resources(io.breakwater.api.RestorePoint.class)
                .inNamespace("shop")
                .delete();
    }

    private void change(java.util.function.Consumer<BackupPolicySpec> change) {
        client.resource(policy).edit(p -> {
            change.accept(p.getSpec());
            return p;
        });
    }
}
