package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.steps.Activities;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The frame of all controllers of BackupLocations. Each repeats one kind of work for every location that it applies to and
 * that is ready. The work runs on a virtual thread, and its end wakes the location, so that the result is reported. {@link
 * LocationWork} has the times.
 *
 * <p>{@code @ControllerConfiguration} and {@code @GradualRetry} belong on the concrete class, since the build reads them only
 * there. So does {@code @Singleton}: a bean of the default scope needs a constructor without arguments in this class.
 *
 * @param <R> result of the work
 */
public abstract class LocationController<R> implements Reconciler<BackupLocation> {
    /** Attempts to write one report. The pauses between them grow, and the last one comes after about four minutes. */
    private static final int REPORTS = 10;

    /** Pause after work that must not be repeated soon. */
    private static final Duration PAUSE = Duration.ofMinutes(10);

    /**
     * Work that ended and whose report is not written.
     *
     * @param report writes it for the location as it is now, and returns the pause until the work is repeated
     * @param attempts to write it, with the next one
     */
    private record Unreported(Function<BackupLocation, Duration> report, int attempts) {}

    private final ObjectCache objects;
    private final LocationWork kind;
    private final RoundSchedule rounds;
    private final Activities activities = new Activities();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("wake");
    private final Map<String, Unreported> unreported = new ConcurrentHashMap<>();
    private final Map<ResourceID, BackupLocation> known = new ConcurrentHashMap<>();
    private IndexerResourceCache<BackupLocation> present;

    protected LocationController(ObjectCache objects, LocationWork kind, Clock clock) {
        this.objects = objects;
        this.kind = kind;
        this.rounds = new RoundSchedule(clock);
    }

    /** Does the work for a location; blocks, on a virtual thread. */
    protected abstract R work(BackupLocation location);

    /**
     * Reports the result of the work.
     *
     * @param location as it is now; it may have been changed since the work started
     * @return the pause until the work is repeated
     */
    protected abstract Duration done(BackupLocation location, R result);

    /** Reports why the work failed, and returns the pause until it is repeated. */
    protected abstract Duration failed(BackupLocation location, BreakwaterException e);

    /** Whether there is work for a location, now or later: it is not being deleted, and its spec asks for the work. */
    protected boolean applies(BackupLocation location) {
        return location.getMetadata().getDeletionTimestamp() == null;
    }

    /** Whether the work waits until the location is ready. */
    protected boolean needsReady() {
        return true;
    }

    /** Whether a round is requested by something that changes no generation, such as an annotation. */
    protected boolean isRequested(BackupLocation location) {
        return false;
    }

    /** Whether the last round left something to do that reconciliations advance; no round starts meanwhile. */
    protected boolean hasFollowUp(BackupLocation location) {
        return false;
    }

    /** Advances what the last round left to do; does not block. */
    protected void advanceFollowUp(BackupLocation location) {}

    /** Clears the status of a location that this controller does not apply to (any more). */
    protected void released(BackupLocation location) {}

    /** Forgets what is in memory and in metrics about a location that is gone, or that this controller does not apply to. */
    protected void forget(BackupLocation location) {}

    /** The tags of a location's metrics. */
    protected static String[] tags(BackupLocation location) {
        return new String[] {
            "namespace", location.getMetadata().getNamespace(),
            "location", location.getMetadata().getName()
        };
    }

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        present = context.getPrimaryCache();
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        forgetGone();
        BackupLocation location = objects.now(cached);
        if (location == null || !applies(location)) {
            known.remove(ResourceID.fromResource(cached));
            forgetAll(location == null ? cached : location);
            if (location != null) {
                released(location);
            }
            return UpdateControl.noUpdate();
        }
        BackupLocation before = known.put(ResourceID.fromResource(location), location);
        if (before != null && !isSame(before, location)) {
            forgetAll(before);
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(advance(location));
    }

    private Duration advance(BackupLocation location) {
        if (needsReady() && !isReady(location)) {
            return kind.untilReady();
        }
        if (hasFollowUp(location)) {
            advanceFollowUp(location);
            return kind.duringFollowUp();
        }
        Unreported open = unreported.get(location.getMetadata().getUid());
        if (open != null) {
            return end(location, open);
        }
        Optional<Duration> recheck = kind.betweenRounds();
        if (recheck.isPresent() && !rounds.begin(location, isRequested(location))) {
            return recheck.get();
        }
        Optional<R> result;
        try {
            result = activities.poll(
                    location.getMetadata().getUid() + "/" + kind.name().toLowerCase(Locale.ROOT),
                    () -> work(kind.deletes() ? read(location) : location),
                    () -> wake.propagateEvent(ResourceID.fromResource(location)));
        } catch (BreakwaterException e) {
            return end(location, new Unreported(now -> atLeast(pauseAfter(e), failed(now, e)), 1));
        }
        return result.isPresent()
                ? end(location, new Unreported(now -> done(now, result.get()), 1))
                : kind.whileRunning();
    }

    /**
     * Reports how the work ended. If the report cannot be written, the next reconciliation tries to write it again, and the work
     * is not repeated: it may have listed a whole store. After some attempts the report is dropped, and the work is repeated after
     * a pause.
     */
    private Duration end(BackupLocation location, Unreported result) {
        String id = location.getMetadata().getUid();
        Duration pause;
        try {
            pause = result.report.apply(location);
        } catch (RuntimeException e) {
            if (result.attempts < REPORTS) {
                unreported.put(id, new Unreported(result.report, result.attempts + 1));
            } else {
                unreported.remove(id);
                rounds.end(location, PAUSE);
            }
            throw e;
        }
        unreported.remove(id);
        if (kind.betweenRounds().isEmpty()) {
            return pause;
        }
        rounds.end(location, pause);
        return hasFollowUp(location)
                ? kind.duringFollowUp()
                : kind.betweenRounds().get();
    }

    /** A store whose listing exceeds a limit needs a person, and each attempt lists it again up to the limit. */
    private static Duration pauseAfter(BreakwaterException e) {
        return e.reason() == Reason.TooManyObjects ? PAUSE : Duration.ZERO;
    }

    private static Duration atLeast(Duration least, Duration pause) {
        return pause.compareTo(least) < 0 ? least : pause;
    }

    private void forgetGone() {
        known.forEach((id, location) -> {
            if (present.get(id).isEmpty() && known.remove(id, location)) {
                forgetAll(location);
            }
        });
    }

    private void forgetAll(BackupLocation location) {
        unreported.remove(location.getMetadata().getUid());
        rounds.forget(location);
        forget(location);
    }

    /** The location as the API server has it when a round starts that deletes data: the cache may not have a change of its spec yet. */
    private BackupLocation read(BackupLocation location) {
        BackupLocation now = objects.read(location);
        if (now == null || !applies(now)) {
            throw BreakwaterException.retryable(
                    Reason.Deleting,
                    ObjectNames.of(location) + " was changed or deleted before the work started; will retry");
        }
        return now;
    }

    private static boolean isReady(BackupLocation location) {
        return location.getStatus() != null && location.getStatus().holds(Condition.READY);
    }

    private static boolean isSame(BackupLocation a, BackupLocation b) {
        return a.getMetadata().getUid().equals(b.getMetadata().getUid());
    }
}
