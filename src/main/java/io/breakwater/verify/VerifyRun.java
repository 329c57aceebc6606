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
import io.breakwater.steps.Journal;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * One verification as far as it got.
 *
 * @param verification carries the newest status that was written
 * @param wake makes its reconciler look again
 */
record VerifyRun(Verification verification, BackupPolicy policy, StatusWriter writer, Clock clock, Runnable wake)
        implements StepRunner.Log {
    String namespace() {
        return verification.getMetadata().getNamespace();
    }

    String name() {
        return verification.getMetadata().getName();
    }

    String uid() {
        return verification.getMetadata().getUid();
    }

    /** Value of the label on everything that is made for this run. */
    static String label(Verification verification) {
        return "verification." + verification.getMetadata().getUid();
    }

    /** Name of the namespace that the point is restored into, and of the Restore that does it. */
    String sandbox() {
        return "bv-" + uid().replace("-", "").substring(0, 12);
    }

    boolean includes(Level level) {
        return verification.getSpec().level.compareTo(level) >= 0;
    }

    VerificationStatus status() {
        return verification.getStatus();
    }

    /** What the policy says about verifications; the defaults where it says nothing. */
    VerificationPlan plan() {
        VerificationPlan plan = policy.getSpec().verification;
        return plan == null ? new VerificationPlan() : plan;
    }

    Instant startedAt(String step) {
        return entries().stream()
                .filter(e -> e.step.equals(step))
                .map(e -> Instant.parse(e.startedAt))
                .findFirst()
                .orElseGet(clock::instant);
    }

    void update(Consumer<VerificationStatus> change) {
        writer.update(verification, VerificationStatus.class, change);
    }

    /** The point is not proven. */
    BreakwaterException failed(String message) {
        return BreakwaterException.permanent(
                Reason.VerificationFailed,
                "RestorePoint " + namespace() + "/" + status().restorePoint + ": " + message);
    }

    @Override
    public List<JournalEntry> entries() {
        return status() == null ? List.of() : status().journal;
    }

    @Override
    public void save(JournalEntry entry) {
        update(s -> {
            Journal.put(s.journal, entry);
            s.startedAt = s.startedAt == null ? Conditions.timestamp(clock.instant()) : s.startedAt;
            s.progress = entry.step;
            Conditions.of(s, verification.getMetadata().getGeneration(), clock)
                    .running(entry.message == null ? entry.step : entry.step + ": " + entry.message);
        });
    }
}
