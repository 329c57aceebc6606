package io.breakwater.steps;

import io.breakwater.api.JournalEntry;
import io.breakwater.api.RunStatus;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.CustomResource;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * One run: the object that asks for it, with the newest status that was written. The journal of the run is in that
 * status.
 *
 * @param <S> the kind's status
 */
public abstract class StepRun<S extends RunStatus> implements StepRunner.Log {
    private final CustomResource<?, S> object;
    private final Class<S> type;
    private final StatusWriter writer;
    private final Clock clock;
    private final Runnable wake;

    /**
     * @param object carries the newest status that was written
     * @param wake makes the object's reconciler run again
     */
    protected StepRun(CustomResource<?, S> object, Class<S> type, StatusWriter writer, Clock clock, Runnable wake) {
        this.object = object;
        this.type = type;
        this.writer = writer;
        this.clock = clock;
        this.wake = wake;
    }

    public final String namespace() {
        return object.getMetadata().getNamespace();
    }

    public final String name() {
        return object.getMetadata().getName();
    }

    public final String uid() {
        return object.getMetadata().getUid();
    }

    /** Value of the label on everything that is created for this run. */
    public abstract String label();

    public final Clock clock() {
        return clock;
    }

    public final Runnable wake() {
        return wake;
    }

    /** The status as far as the run got; null before the first write. */
    public final S status() {
        return object.getStatus();
    }

    /** Writes a change of the status. */
    public final void update(Consumer<S> change) {
        writer.update(object, type, change);
    }

    /** Starts to describe the object's generation in the given status. */
    public final Conditions conditions(S status) {
        return Conditions.of(status, object.getMetadata().getGeneration(), clock);
    }

    /** When a step was first entered; the current time if it was not. */
    public final Instant startOf(String step) {
        return entries().stream()
                .filter(e -> e.step.equals(step))
                .findFirst()
                .map(e -> Instant.parse(e.startedAt))
                .orElseGet(clock::instant);
    }

    @Override
    public final List<JournalEntry> entries() {
        return status() == null ? List.of() : status().journal;
    }

    @Override
    public final void save(JournalEntry entry) {
        update(s -> {
            Journal.put(s.journal, entry);
            reportProgress(s, entry);
            conditions(s).running(entry.message == null ? entry.step : entry.step + ": " + entry.message);
        });
    }

    /** Sets the fields of the status in which users see the step that the run is in. */
    protected abstract void reportProgress(S status, JournalEntry entry);

    /** When the newest step was entered; when the run could start, if there was none. */
    final Instant lastProgress() {
        List<JournalEntry> journal = entries();
        return journal.isEmpty() ? startable() : Instant.parse(journal.getLast().startedAt);
    }

    /** When the first step could be entered: at the creation of the object. */
    protected Instant startable() {
        return Instant.parse(object.getMetadata().getCreationTimestamp());
    }
}
