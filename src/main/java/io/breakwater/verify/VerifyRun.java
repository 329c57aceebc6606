package io.breakwater.verify;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.StepRun;
import java.time.Clock;
import java.time.Duration;

/** One verification: the Verification, and the policy that says how points are verified. */
final class VerifyRun extends StepRun<VerificationStatus> {
    /** How long a step may fail with errors that a retry may remove. */
    static final Duration RETRY_BUDGET = Duration.ofMinutes(10);

    private final Verification verification;
    private final BackupPolicy policy;

    /**
     * @param verification carries the newest status that was written
     * @param policy null when it does not exist
     * @param wake makes the verification's reconciler run again
     */
    VerifyRun(Verification verification, BackupPolicy policy, StatusWriter writer, Clock clock, Runnable wake) {
        super(verification, VerificationStatus.class, writer, clock, wake);
        this.verification = verification;
        this.policy = policy;
    }

    Verification verification() {
        return verification;
    }

    BackupPolicy policy() {
        return policy;
    }

    @Override
    public String label() {
        return label(verification);
    }

    static String label(Verification verification) {
        return "verification." + verification.getMetadata().getUid();
    }

    /** Name of the namespace that the point is restored into, and of the Restore that does it. */
    String sandbox() {
        return sandboxOf(uid());
    }

    /** Name of the sandbox of the Verification with this uid. */
    static String sandboxOf(String uid) {
        String digits = uid.replace("-", "");
        return "bv-" + digits.substring(0, Math.min(12, digits.length()));
    }

    boolean includes(Level level) {
        return verification.getSpec().level.compareTo(level) >= 0;
    }

    /** The policy's {@code spec.verification}; the defaults where it has none. */
    VerificationPlan plan() {
        VerificationPlan plan = policy.getSpec().verification;
        return plan == null ? new VerificationPlan() : plan;
    }

    /** The point was not proven. */
    BreakwaterException failed(String message) {
        return BreakwaterException.permanent(
                Reason.VerificationFailed,
                "RestorePoint " + namespace() + "/" + status().restorePoint + ": " + message);
    }

    @Override
    protected void reportProgress(VerificationStatus status, JournalEntry entry) {
        status.startedAt = status.startedAt == null ? Conditions.timestamp(clock().instant()) : status.startedAt;
        status.progress = entry.step;
    }
}
