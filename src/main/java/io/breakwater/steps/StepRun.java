package io.breakwater.steps;

import io.breakwater.api.JournalEntry;
import io.breakwater.api.RunStatus;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.CustomResource;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One run: the object that asks for it, with the newest status. The journal of the run is in that status. Changes that need not
 * be written one by one are staged, and written together.
 *
 * @param <S> the kind's status
 */
public abstract class StepRun<S extends RunStatus> implements StepRunner.Log {
    private final CustomResource<?, S> object;
    private final Class<S> type;
    private final StatusWriter writer;
    private final Clock clock;
    private final Runnable wake;

    /** Changes that are not written yet, in order. */
    private final List<Consumer<S>> staged = new ArrayList<>();

    /** The status without the staged changes. */
    private S written;

    /** The status with the staged changes. */
    private S view;

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

    /** The status as far as the run got, also what is not written yet; null before the first change. */
    public final S status() {
        return object.getStatus();
    }

    /** Writes a change of the status, together with the staged ones. */
    public final void update(Consumer<S> change) {
        stage(change);
        flush();
    }

    /** Changes the status of this run. The change is written with the next one, and is lost if the process ends before. */
    public final void stage(Consumer<S> change) {
        adopt();
        staged.add(change);
        show(object.getStatus(), List.of(change));
    }

    @Override
    public final void flush() {
        adopt();
        if (staged.isEmpty()) {
            return;
        }
        List<Consumer<S>> changes = List.copyOf(staged);
        object.setStatus(written);
        try {
            writer.update(object, type, s -> changes.forEach(change -> change.accept(s)));
        } catch (RuntimeException e) {
            written = object.getStatus();
            show(written, changes);
            throw e;
        }
        view = object.getStatus();
        written = view;
        staged.clear();
    }

    /** If another writer has used the object, it has written the staged changes too. */
    private void adopt() {
        if (object.getStatus() != view) {
            view = object.getStatus();
            written = view;
            staged.clear();
        }
    }

    private void show(S before, List<Consumer<S>> changes) {
        view = writer.changed(before, type, s -> changes.forEach(change -> change.accept(s)));
        object.setStatus(view);
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
        note(entry);
        flush();
    }

    @Override
    public final void note(JournalEntry entry) {
        JournalEntry noted = entry.copy();
        stage(s -> {
            Journal.put(s.journal, noted.copy());
            reportProgress(s, noted);
            conditions(s).running(noted.message == null ? noted.step : noted.step + ": " + noted.message);
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
