package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.DeferredSelection;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Retries the objects that the API server could not accept before the pods ran, because a webhook or an extension API server of the
 * restored application did not answer. After {@link #LIMIT} the run fails with the objects that are still refused. Commands of
 * restored pods run meanwhile, because a webhook may need them.
 */
final class RetryObjectsStep implements Step<RestoreRun> {
    /** Time for the pods of the application to start, from the release of the pods. */
    static final Duration LIMIT = Duration.ofMinutes(5);

    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final Duration WORK = Duration.ofSeconds(10);
    private static final int SHOWN = 3;

    /**
     * The retries of a run in this process.
     *
     * @param running what the current retry tries; null between two retries
     */
    private record Pace(Instant next, Duration pause, DeferredSelection running) {}

    private final PointArchive archives;
    private final RestoreHooksStep hooks;
    private final Activities activities;
    private final Clock clock;
    private final Map<String, Pace> paces = new ConcurrentHashMap<>();

    RetryObjectsStep(PointArchive archives, RestoreHooksStep hooks, Activities activities, Clock clock) {
        this.archives = archives;
        this.hooks = hooks;
        this.activities = activities;
        this.clock = clock;
    }

    @Override
    public String name() {
        return RestoreStatus.RETRY;
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        if (run.status().deferred == null) {
            return Outcome.done("no object was deferred");
        }
        Instant end = run.startOf(name()).plus(LIMIT);
        boolean late = !clock.instant().isBefore(end);
        boolean tried = advance(run, late);
        DeferredObjects left = DeferredObjects.of(run.status().deferred);
        if (left.size() == 0) {
            return Outcome.done("restored all deferred objects");
        }
        if (left.open().names().isEmpty() || late && tried) {
            throw partial(run, left);
        }
        if (!run.ofPlan()) {
            hooks.advance(run, run.startOf(name()), asked -> true);
        }
        return Outcome.waiting(
                left.size() + " objects were not accepted yet: " + Texts.first(left.failures(), SHOWN)
                        + "; will retry until " + end,
                recheck(run));
    }

    /**
     * Starts a retry if it is time for one, or takes over its result.
     *
     * @return whether a retry has ended
     * @throws BreakwaterException a retryable one if the API server does not answer at all
     */
    boolean advance(RestoreRun run, boolean now) {
        if (run.status().deferred == null) {
            return false;
        }
        Pace pace = paces.computeIfAbsent(run.uid(), u -> new Pace(clock.instant(), FIRST, null));
        if (pace.running == null) {
            DeferredSelection open = DeferredObjects.of(run.status().deferred).open();
            if (open.names().isEmpty() || !now && clock.instant().isBefore(pace.next)) {
                return false;
            }
            pace = new Pace(pace.next, pace.pause, open);
            paces.put(run.uid(), pace);
        }
        DeferredSelection tried = pace.running;
        Optional<ApplyReport> done;
        try {
            done = activities.poll(run.uid() + "/retry", () -> archives.retry(run, tried), run.wake());
        } catch (RuntimeException e) {
            rest(run, pace);
            throw e;
        }
        done.ifPresent(report -> {
            // One write, so that each object is counted once.
            run.update(s -> {
                RestoreObjectsStep.add(s, report);
                s.deferred =
                        DeferredObjects.of(s.deferred).replace(tried, report).status();
            });
            rest(run, paces.get(run.uid()));
        });
        return done.isPresent();
    }

    private void rest(RestoreRun run, Pace pace) {
        Duration longer = pace.pause.multipliedBy(2);
        paces.put(
                run.uid(),
                new Pace(clock.instant().plus(pace.pause), longer.compareTo(LONGEST) > 0 ? LONGEST : longer, null));
    }

    /** When the step is called again; an ended retry wakes the run. */
    private Duration recheck(RestoreRun run) {
        Pace pace = paces.get(run.uid());
        if (pace == null || pace.running != null) {
            return WORK;
        }
        Duration until = Duration.between(clock.instant(), pace.next);
        return until.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : until;
    }

    private static BreakwaterException partial(RestoreRun run, DeferredObjects left) {
        RestoreStatus s = run.status();
        return RestoreObjectsStep.partial(run, left.size(), left.failures(), s.created, s.updated, s.replaced);
    }

    /** Forgets a run that is over or gone. */
    void forget(String uid) {
        paces.remove(uid);
    }
}
