package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.observe.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Results of a policy's verifications.
 *
 * @param newest the newest that ended and had at least the level that the policy requires
 * @param success the newest of those that proved its point
 * @param timed the newest that measured the time of a restore
 */
record VerificationSummary(
        Optional<Verification> newest, Optional<Verification> success, Optional<Verification> timed) {
    static VerificationSummary of(BackupPolicySpec spec, List<Verification> all) {
        Level demanded =
                spec.verification == null || spec.verification.level == null ? Level.Checksum : spec.verification.level;
        List<Verification> ended = all.stream()
                .filter(Verification::isOver)
                .sorted(Comparator.comparing((Verification v) -> v.getStatus().finishedAt)
                        .reversed())
                .toList();
        List<Verification> thorough = ended.stream()
                .filter(v -> v.getSpec().level.compareTo(demanded) >= 0)
                .toList();
        return new VerificationSummary(
                thorough.stream().findFirst(),
                thorough.stream()
                        .filter(v -> v.getStatus().holds(Condition.SUCCEEDED))
                        .findFirst(),
                ended.stream().filter(v -> v.getStatus().restoreTime != null).findFirst());
    }

    /** The last measured restore time. */
    Optional<Duration> restoreTime() {
        return timed.map(v -> Durations.parse(v.getStatus().restoreTime));
    }

    /** Sets Proven and RtoMet, or clears them if the policy requires neither. */
    void report(Conditions conditions, BackupPolicy policy, Instant now) {
        BackupPolicySpec spec = policy.getSpec();
        proven(conditions, policy, now);
        String rto = spec.objectives == null ? null : spec.objectives.rto;
        if (rto == null) {
            conditions.clear(Condition.RTO_MET);
        } else if (timed.isEmpty()) {
            conditions.set(
                    Condition.RTO_MET,
                    "Unknown",
                    Reason.NotVerified,
                    "no restore was measured yet; create a Verification of level Restored");
        } else {
            boolean met = restoreTime().orElseThrow().compareTo(Durations.parse(rto)) <= 0;
            conditions.set(
                    Condition.RTO_MET,
                    met,
                    met ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                    "Verification " + timed.get().getMetadata().getName() + " took "
                            + timed.get().getStatus().restoreTime + " to restore; spec.objectives.rto is " + rto);
        }
    }

    private void proven(Conditions conditions, BackupPolicy policy, Instant now) {
        BackupPolicySpec spec = policy.getSpec();
        if (newest.isEmpty()) {
            if (spec.verification == null) {
                conditions.clear(Condition.PROVEN);
            } else {
                conditions.set(
                        Condition.PROVEN,
                        "Unknown",
                        Reason.NotVerified,
                        "no RestorePoint was verified at level " + spec.verification.level + " yet");
            }
            return;
        }
        Verification v = newest.get();
        String what = "Verification " + v.getMetadata().getName() + ": ";
        if (!v.getStatus().holds(Condition.SUCCEEDED)) {
            conditions.set(Condition.PROVEN, false, Reason.VerificationFailed, what + v.getStatus().failure);
        } else if (isOverdue(policy, Instant.parse(success.orElseThrow().getStatus().finishedAt), now)) {
            conditions.set(
                    Condition.PROVEN,
                    false,
                    Reason.NotVerified,
                    "the last proof is from " + v.getStatus().finishedAt
                            + ", more than two times of spec.verification.schedule ago; check why no newer"
                            + " Verification has ended");
        } else {
            conditions.set(
                    Condition.PROVEN,
                    true,
                    Reason.Proven,
                    what + v.getStatus().condition(Condition.SUCCEEDED).orElseThrow().message);
        }
    }

    /**
     * Whether two times of the schedule have passed since the last proof, or since the creation of the policy without
     * one.
     */
    boolean isOverdue(BackupPolicy policy, Instant now) {
        String since = success.map(v -> v.getStatus().finishedAt)
                .orElseGet(() -> policy.getMetadata().getCreationTimestamp());
        return isOverdue(policy, Instant.parse(since), now);
    }

    private static boolean isOverdue(BackupPolicy policy, Instant proven, Instant now) {
        BackupPolicySpec spec = policy.getSpec();
        if (spec.verification == null || spec.verification.schedule == null) {
            return false;
        }
        try {
            CronSchedule cron = CronSchedule.of(policy, spec.verification.schedule);
            return cron.last(now)
                    .flatMap(last -> cron.last(last.minusSeconds(1)))
                    .map(before -> proven.isBefore(before))
                    .orElse(false);
        } catch (BreakwaterException e) {
            return false; // Condition Ready reports that the schedule is not valid.
        }
    }
}
