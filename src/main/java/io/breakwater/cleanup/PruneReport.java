package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.store.OwnedRepository;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;

/** Reports the prunes of a location in its status, in events and in metrics. */
@ApplicationScoped
class PruneReport {
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;

    PruneReport(StatusWriter writer, Events events, Meters meters, Clock clock) {
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
    }

    /**
     * A round found what waits for a prune.
     *
     * @param bytes estimate of the garbage
     * @param due number of repositories whose prune starts now
     */
    void found(BackupLocation location, long bytes, int due) {
        String[] tags = tags(location);
        meters.set(MeterName.PRUNE_GARBAGE, bytes, tags);
        meters.set(MeterName.PRUNES_DUE, due, tags);
        BackupLocationStatus.PruneStatus now = location.getStatus() == null ? null : location.getStatus().prune;
        boolean same = now == null
                ? bytes == 0 && due == 0
                : Long.valueOf(bytes).equals(now.garbageBytes)
                        && Integer.valueOf(due).equals(now.due);
        if (!same) {
            writer.update(location, BackupLocationStatus.class, s -> {
                s.prune = s.prune == null ? new BackupLocationStatus.PruneStatus() : s.prune;
                s.prune.garbageBytes = bytes;
                s.prune.due = due;
            });
        }
    }

    /**
     * A prune ended, or was not started.
     *
     * @param left number of repositories whose prune has not ended
     */
    void ended(BackupLocation location, OwnedRepository repository, RepositoryPrune.State state, int left) {
        switch (state) {
            case RepositoryPrune.State.Succeeded(long deleted) -> {
                count(location, "Completed");
                events.normal(
                        location,
                        Reason.Deleting,
                        "pruned repository " + repository + ": " + deleted
                                + " bytes that no snapshot needs are deleted after the grace period");
                update(location, left, null);
            }
            case RepositoryPrune.State.Failed(var cause) -> {
                count(location, "Failed");
                String message = "could not prune repository " + repository + ", will retry: " + cause.getMessage();
                events.warning(location, cause.reason(), message);
                update(location, left, cause.reason() + ": " + message);
            }
            case RepositoryPrune.State.Interrupted(String message) -> {
                count(location, "Interrupted");
                update(location, left, "stopped the prune of repository " + repository + ", will retry: " + message);
            }
            case RepositoryPrune.State.Postponed p -> meters.set(MeterName.PRUNES_DUE, left, tags(location));
            case RepositoryPrune.State.Running r -> {}
        }
    }

    void forget(BackupLocation location) {
        meters.remove(MeterName.PRUNE_GARBAGE, tags(location));
        meters.remove(MeterName.PRUNES_DUE, tags(location));
    }

    /** @param failure why the last prune did not succeed; null if it did */
    private void update(BackupLocation location, int left, String failure) {
        meters.set(MeterName.PRUNES_DUE, left, tags(location));
        writer.update(location, BackupLocationStatus.class, s -> {
            s.prune = s.prune == null ? new BackupLocationStatus.PruneStatus() : s.prune;
            s.prune.due = left;
            s.prune.lastFailure = failure;
            if (failure == null) {
                s.prune.lastPruneTime = Conditions.timestamp(clock.instant());
            }
        });
    }

    private void count(BackupLocation location, String result) {
        meters.count(
                MeterName.PRUNES,
                "namespace",
                location.getMetadata().getNamespace(),
                "location",
                location.getMetadata().getName(),
                "result",
                result);
    }

    private static String[] tags(BackupLocation location) {
        return new String[] {
            "namespace", location.getMetadata().getNamespace(),
            "location", location.getMetadata().getName()
        };
    }
}
