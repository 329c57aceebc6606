package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.Journal;
import io.breakwater.steps.StepRunner;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** One restore: the Restore with its status as far as it got, and the point that it brings back. */
final class RestoreRun implements StepRunner.Log {
    /**
     * The point, verified, and where it is read from.
     *
     * @param location the first of its locations that holds it unaltered
     * @param digest SHA-256 of the seal
     */
    record Source(BackupLocation location, PointDocument document, String digest) {}

    /** Longest progress that the schema takes. */
    private static final int PROGRESS = 256;

    private final Restore restore;
    /** Name of the step that restores in the order of {@code spec.order}. */
    static final String ORDER = "Order";

    private final StatusWriter writer;
    private final Clock clock;
    private final Runnable wake;
    private final Supplier<Source> opener;
    private Source source;

    /**
     * @param restore carries the newest status that was written
     * @param opener reads the point that the status names
     * @param wake makes the restore's reconciler look again
     */
    RestoreRun(Restore restore, StatusWriter writer, Clock clock, Supplier<Source> opener, Runnable wake) {
        this.restore = restore;
        this.writer = writer;
        this.clock = clock;
        this.opener = opener;
        this.wake = wake;
    }

    Restore restore() {
        return restore;
    }

    String uid() {
        return restore.getMetadata().getUid();
    }

    String namespace() {
        return restore.getMetadata().getNamespace();
    }

    String name() {
        return restore.getMetadata().getName();
    }

    /** The namespace that is restored into. */
    String target() {
        return target(restore);
    }

    static String target(Restore restore) {
        String named = restore.getSpec().targetNamespace;
        return named == null ? restore.getMetadata().getNamespace() : named;
    }

    /** Whether a FailoverPlan made the Restore. */
    boolean ofPlan() {
        Map<String, String> labels = restore.getMetadata().getLabels();
        return labels != null && labels.containsKey(Api.PLAN);
    }

    /** Value of an annotation on the Restore; null when there is none. */
    String annotation(String name) {
        return restore.getMetadata().getAnnotations() == null
                ? null
                : restore.getMetadata().getAnnotations().get(name);
    }

    /** Value of the label on everything that is made for this run. */
    String label() {
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

    /** The Restore that a holder of the gate is; empty when it is none, or is gone. */
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

    RestoreStatus status() {
        return restore.getStatus();
    }

    /** The volumes that are filled, once {@link ValidateStep} has decided. */
    List<VolumeFill> volumes() {
        return status() == null || status().volumes == null ? List.of() : status().volumes;
    }

    /** What the point says of a volume that is filled. */
    PointDocument.Volume volume(String pvc) {
        return source().document().volumes().stream()
                .filter(d -> d.pvc().equals(pvc))
                .findFirst()
                .orElseThrow(() -> refused(Reason.Tampered, "the point has no volume " + pvc + " any more"));
    }

    Clock clock() {
        return clock;
    }

    Runnable wake() {
        return wake;
    }

    /** The verified point; known from {@link ValidateStep} on. */
    Source source() {
        if (source == null) {
            source = opener.get();
        }
        return source;
    }

    void source(Source found) {
        source = found;
    }

    void update(Consumer<RestoreStatus> change) {
        writer.update(restore, RestoreStatus.class, change);
    }

    BreakwaterException refused(Reason reason, String message) {
        return BreakwaterException.permanent(reason, "Restore " + namespace() + "/" + name() + ": " + message);
    }

    /** The step; where workloads are waited for, also which. */
    private static String progress(JournalEntry entry) {
        boolean waits = entry.step.equals(ORDER) && entry.state == JournalEntry.State.Running && entry.message != null;
        String text = waits ? entry.step + ": " + entry.message : entry.step;
        return text.length() > PROGRESS ? text.substring(0, PROGRESS - 1) + "…" : text;
    }

    /** When a step was entered first; now, when it was not. */
    Instant begun(String step) {
        return entries().stream()
                .filter(e -> e.step.equals(step))
                .findFirst()
                .map(e -> Instant.parse(e.startedAt))
                .orElseGet(clock::instant);
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
            s.progress = progress(entry);
            Conditions.of(s, restore.getMetadata().getGeneration(), clock)
                    .running(entry.message == null ? entry.step : entry.step + ": " + entry.message);
        });
    }
}
