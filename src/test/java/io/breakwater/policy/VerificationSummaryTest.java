package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Objectives;
import io.breakwater.api.BackupPolicySpec.Schedule;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.observe.Conditions;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Results of verifications in the conditions of a policy. */
class VerificationSummaryTest {
    private static final Instant NOW = Instant.parse("2026-11-10T12:30:00Z");

    private final BackupPolicySpec spec = new BackupPolicySpec();

    VerificationSummaryTest() {
        spec.verification = new VerificationPlan();
        spec.verification.level = Level.Restored;
        spec.verification.schedule = new Schedule();
        spec.verification.schedule.cron = "0 12 * * *";
        spec.verification.schedule.jitter = "0s";
    }

    @Test
    void reportsUnknownBeforeTheFirstVerification() {
        Condition proven = proven();
        assertThat(proven.status).isEqualTo("Unknown");
        assertThat(proven.reason).isEqualTo(Reason.NotVerified.name());
    }

    @Test
    void reportsOnlyManualRunsWithoutAVerificationSpec() {
        spec.verification = null;
        assertThat(tell().condition(Condition.PROVEN)).isEmpty();
        assertThat(tell(run("v", Level.Checksum, true, "2026-11-10T12:01:00Z")).holds(Condition.PROVEN))
                .isTrue();
    }

    @Test
    void evaluatesTheNewestVerificationOfSufficientLevel() {
        Verification good = run("good", Level.Restored, true, "2026-11-10T12:01:00Z");
        Verification bad = run("bad", Level.Queried, false, "2026-11-10T12:02:00Z");
        Verification shallow = run("shallow", Level.Checksum, true, "2026-11-10T12:03:00Z");

        assertThat(proven(good, shallow).message).startsWith("Verification good");
        Condition proven = proven(good, bad, shallow);
        assertThat(proven.status).isEqualTo("False");
        assertThat(proven.reason).isEqualTo(Reason.VerificationFailed.name());
        assertThat(proven.message).contains("bad", "because");
        assertThat(proven(shallow).status).isEqualTo("Unknown");
    }

    @Test
    void expiresAProofAfterTwoScheduledTimes() {
        assertThat(proven(run("v", Level.Restored, true, "2026-11-09T12:00:00Z")).status)
                .isEqualTo("True");
        Condition overdue = proven(run("v", Level.Restored, true, "2026-11-09T11:59:59Z"));
        assertThat(overdue.status).isEqualTo("False");
        assertThat(overdue.reason).isEqualTo(Reason.NotVerified.name());
    }

    @Test
    void reportsOverdueWithoutAProofAfterTwoScheduledTimes() {
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(spec);
        policy.setMetadata(new ObjectMetaBuilder()
                .withCreationTimestamp("2026-11-09T12:00:00Z")
                .build());
        assertThat(VerificationSummary.of(spec, List.of()).isOverdue(policy, NOW))
                .isFalse();
        policy.getMetadata().setCreationTimestamp("2026-11-09T11:59:59Z");
        Verification bad = run("bad", Level.Restored, false, "2026-11-10T12:01:00Z");
        assertThat(VerificationSummary.of(spec, List.of(bad)).isOverdue(policy, NOW))
                .isTrue();
        Verification good = run("good", Level.Restored, true, "2026-11-10T12:02:00Z");
        assertThat(VerificationSummary.of(spec, List.of(bad, good)).isOverdue(policy, NOW))
                .isFalse();
    }

    @Test
    void comparesTheMeasuredTimeWithTheRto() {
        spec.objectives = new Objectives();
        spec.objectives.rto = "1m";
        assertThat(tell().condition(Condition.RTO_MET).orElseThrow().status).isEqualTo("Unknown");
        Verification slow = run("slow", Level.Restored, true, "2026-11-10T12:01:00Z");
        slow.getStatus().restoreTime = "1m1s";
        Condition missed = tell(slow).condition(Condition.RTO_MET).orElseThrow();
        assertThat(missed.status).isEqualTo("False");
        assertThat(missed.message).contains("1m1s", "spec.objectives.rto is 1m");
        Verification quick = run("quick", Level.Restored, false, "2026-11-10T12:02:00Z");
        quick.getStatus().restoreTime = "1m";
        assertThat(tell(slow, quick).holds(Condition.RTO_MET)).isTrue();
    }

    /** A verification starts after the delay of its policy, so it is not due before. */
    @Test
    void countsTheDelayOfTheScheduleWhenAProofIsOverdue() {
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(spec);
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("hourly");
        spec.verification.schedule.cron = "0 * * * *";
        spec.verification.schedule.jitter = "59m";
        Duration delay = Duration.between(
                Instant.parse("2026-11-10T09:00:00Z"),
                CronSchedule.of(policy, spec.verification.schedule)
                        .next(Instant.parse("2026-11-10T08:59:59Z"))
                        .orElseThrow());
        Instant before = Instant.parse("2026-11-10T10:00:00Z").plus(delay).minusSeconds(1);
        VerificationSummary proof =
                VerificationSummary.of(spec, List.of(run("good", Level.Restored, true, "2026-11-10T08:59:00Z")));

        assertThat(delay).isBetween(Duration.ofMinutes(1), Duration.ofMinutes(58));
        assertThat(proof.isOverdue(policy, before)).isFalse();
        assertThat(proof.isOverdue(policy, before.plusSeconds(1))).isTrue();
    }

    private Condition proven(Verification... all) {
        return tell(all).condition(Condition.PROVEN).orElseThrow();
    }

    private BackupPolicyStatus tell(Verification... all) {
        BackupPolicyStatus status = new BackupPolicyStatus();
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(spec);
        VerificationSummary.of(spec, List.of(all)).report(Conditions.of(status, 1L, Clock.systemUTC()), policy, NOW);
        return status;
    }

    private static Verification run(String name, Level level, boolean proven, String finishedAt) {
        Verification v = new Verification();
        v.setMetadata(new ObjectMetaBuilder().withName(name).build());
        v.setSpec(new VerificationSpec());
        v.getSpec().policyRef = new NamedRef("shop");
        v.getSpec().level = level;
        VerificationStatus status = new VerificationStatus();
        status.finishedAt = finishedAt;
        Conditions conditions = Conditions.of(status, 1L, Clock.systemUTC());
        if (proven) {
            conditions.succeeded(Reason.Proven, "proven");
        } else {
            status.failure = "because";
            conditions.failed(Reason.VerificationFailed, "because");
        }
        v.setStatus(status);
        return v;
    }
}
