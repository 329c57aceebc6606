package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.StepRun;
import io.breakwater.steps.WorkUrgency;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** One restore: the Restore, and the point that it restores. */
final class RestoreRun extends StepRun<RestoreStatus> {
    /** How long a step may fail with errors that a retry may remove. */
    static final Duration RETRY_BUDGET = Duration.ofMinutes(10);

    /** Name of the step that restores in the order of {@code spec.order}. */
    static final String ORDER = "Order";

    /** Longest progress that the schema allows. */
    private static final int LONGEST_PROGRESS = 256;

    /**
     * The verified point, and where it is read from.
     *
     * @param location the first of the point's locations that holds it unaltered
     * @param digest SHA-256 of the seal
     */
    record Source(BackupLocation location, PointDocument document, String digest) {}

    private final Restore restore;
    private final Supplier<Source> opener;
    private Source source;
    private BooleanSupplier byOperator = () -> false;

    /**
     * @param restore carries the newest status that was written
     * @param opener reads the point that the status names
     * @param wake makes the restore's reconciler run again
     */
    RestoreRun(Restore restore, StatusWriter writer, Clock clock, Supplier<Source> opener, Runnable wake) {
        super(restore, RestoreStatus.class, writer, clock, wake);
        this.restore = restore;
        this.opener = opener;
    }

    Restore restore() {
        return restore;
    }

    /** The namespace that is restored into. */
    String target() {
        return target(restore);
    }

    static String target(Restore restore) {
        String named = restore.getSpec().targetNamespace;
        return named == null ? restore.getMetadata().getNamespace() : named;
    }

    /** Whether a FailoverPlan created the Restore. Every user can write the label, so the operator must be the author too. */
    boolean ofPlan() {
        Map<String, String> labels = restore.getMetadata().getLabels();
        return labels != null && labels.containsKey(Api.PLAN) && byOperator.getAsBoolean();
    }

    /** Sets the check whether the operator is the author; without it, the operator is not. */
    RestoreRun askedBy(BooleanSupplier operator) {
        this.byOperator = operator;
        return this;
    }

    /** Whether the target is the sandbox of a Verification. Only the operator and administrators can write such a Restore. */
    boolean isSandbox(String operatorNamespace) {
        Map<String, String> labels = restore.getMetadata().getLabels();
        return namespace().equals(operatorNamespace) && labels != null && labels.containsKey(Api.SANDBOX);
    }

    /** How soon the movers start when many run: a Verification has time. The label can only make a Restore slower. */
    WorkUrgency urgency() {
        Map<String, String> labels = restore.getMetadata().getLabels();
        return labels != null && labels.containsKey(Api.SANDBOX) ? WorkUrgency.Usual : WorkUrgency.Urgent;
    }

    /** Value of an annotation on the Restore; null when there is none. */
    String annotation(String name) {
        return restore.getMetadata().getAnnotations() == null
                ? null
                : restore.getMetadata().getAnnotations().get(name);
    }

    @Override
    public String label() {
        return label(restore);
    }

    static String label(Restore restore) {
        return "restore." + restore.getMetadata().getUid();
    }

    /** Holder of the gate on the target namespace. */
    static String holder(Restore restore) {
        return NamespaceGate.RESTORE + restore.getMetadata().getNamespace() + "."
                + restore.getMetadata().getName();
    }

    /** The Restore that is this holder of the gate; empty if the holder is not a Restore, or no longer exists. */
    static Optional<Restore> ofHolder(KubernetesClient client, String holder) {
        if (!holder.startsWith(NamespaceGate.RESTORE)) {
            return Optional.empty();
        }
        // A namespace's name has no dots.
        String[] parts = holder.substring(NamespaceGate.RESTORE.length()).split("\\.", 2);
        return parts.length < 2
                ? Optional.empty()
                : Optional.ofNullable(client.resources(Restore.class)
                        .inNamespace(parts[0])
                        .withName(parts[1])
                        .get());
    }

    /** The volumes that the run fills; known after {@link ValidateStep}. */
    List<VolumeFill> volumes() {
        return status() == null || status().volumes == null ? List.of() : status().volumes;
    }

    /** The volume of the point that fills a claim. */
    PointDocument.Volume volume(String pvc) {
        return source().document().volumes().stream()
                .filter(d -> d.pvc().equals(pvc))
                .findFirst()
                .orElseThrow(() -> refused(Reason.Tampered, "the point has no volume " + pvc + " any more"));
    }

    /** The verified point; known after {@link ValidateStep}. */
    Source source() {
        if (source == null) {
            source = opener.get();
        }
        return source;
    }

    void source(Source found) {
        source = found;
    }

    BreakwaterException refused(Reason reason, String message) {
        return BreakwaterException.permanent(reason, ObjectNames.of(restore) + ": " + message);
    }

    @Override
    protected void reportProgress(RestoreStatus status, JournalEntry entry) {
        status.startedAt = status.startedAt == null ? Conditions.timestamp(clock().instant()) : status.startedAt;
        status.progress = progress(entry);
    }

    /** The step; in a step that waits for workloads or webhooks, also for which. */
    private static String progress(JournalEntry entry) {
        boolean waits = (entry.step.equals(ORDER) || entry.step.equals(RestoreStatus.RETRY))
                && entry.state == JournalEntry.State.Running
                && entry.message != null;
        return Texts.cut(waits ? entry.step + ": " + entry.message : entry.step, LONGEST_PROGRESS);
    }
}
