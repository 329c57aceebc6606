package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.PointKey;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.Journal;
import io.breakwater.steps.RunLabel;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;

/**
 * One capture: the RestorePoint, the policy that says what and where to, and the status as far as it got.
 *
 * @param point carries the newest status that was written
 * @param wake makes the point's reconciler look again
 */
record CaptureRun(
        RestorePoint point,
        BackupPolicy policy,
        PointRoute route,
        String site,
        StatusWriter writer,
        Clock clock,
        Runnable wake)
        implements StepRunner.Log {

    String namespace() {
        return point.getMetadata().getNamespace();
    }

    String name() {
        return point.getMetadata().getName();
    }

    String uid() {
        return point.getMetadata().getUid();
    }

    /** Value of the label on everything that is made for this run. */
    String label() {
        return RunLabel.of(point);
    }

    PointKey key() {
        return new PointKey(site, namespace(), name());
    }

    RestorePointStatus status() {
        return point.getStatus();
    }

    /** Writes a change of the status. */
    void update(Consumer<RestorePointStatus> change) {
        writer.update(point, RestorePointStatus.class, change);
    }

    @Override
    public List<JournalEntry> entries() {
        return status() == null ? List.of() : status().journal;
    }

    @Override
    public void save(JournalEntry entry) {
        update(s -> {
            Journal.put(s.journal, entry);
            s.progress = entry.step;
            Conditions.of(s, point.getMetadata().getGeneration(), clock)
                    .running(entry.message == null ? entry.step : entry.step + ": " + entry.message);
        });
    }
}
