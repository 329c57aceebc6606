package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RunStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Drives the runs of one kind, and decides which errors are retried. One instance lives as long as the process, like its
 * {@link StepRunner}.
 */
public final class RunDriver {
    /** What a reconciler has to do after a call of {@link #drive}. */
    public sealed interface Progress {}

    /** A step waits; call again after this time at the latest. */
    public record Waiting(Duration recheck) implements Progress {}

    /**
     * An attempt failed and will be retried. The conditions of the object report it already.
     *
     * @param message the cause, and that Breakwater will retry
     * @param recheck call again after this time
     */
    public record Retrying(BreakwaterException cause, String message, Duration recheck) implements Progress {}

    /** All steps are done. */
    public record Finished() implements Progress {}

    /** The run failed and will not be retried. */
    public record Failed(BreakwaterException cause) implements Progress {}

    private static final Duration LONGEST_RETRY = Duration.ofSeconds(40);
    private static final String WILL_RETRY = "will retry";

    private final Clock clock;
    private final StepRunner runner;

    /** The last error of a run, by its uid, and how often it came in a row. */
    private final Map<String, Repeated> repeated = new ConcurrentHashMap<>();

    private record Repeated(String message, int times) {
        static Repeated next(Repeated last, String message) {
            return new Repeated(message, last != null && last.message.equals(message) ? last.times + 1 : 1);
        }

        /** The same error waits twice as long at each time. */
        Duration pause() {
            return RetryPauses.after(times, LONGEST_RETRY);
        }
    }

    public RunDriver(Clock clock) {
        this.clock = clock;
        this.runner = new StepRunner(clock, CrashMarker.isAfterCrash(), CrashQuarantine.ofProcess());
    }

    /**
     * Runs the steps that are not done yet, until one waits or fails.
     *
     * @param steps the steps of this run; an error while they are chosen is treated like an error of a step
     * @param budget how long one step may fail with errors that a retry may remove
     */
    public <R extends StepRun<?>> Progress drive(R run, Supplier<List<Step<R>>> steps, Duration budget) {
        try {
            return switch (runner.run(run.uid(), steps.get(), run, run)) {
                case StepRunner.Result.Waiting w -> {
                    repeated.remove(run.uid());
                    yield new Waiting(w.recheck());
                }
                case StepRunner.Result.Finished f -> new Finished();
            };
        } catch (BreakwaterException e) {
            return afterError(run, e, budget);
        }
    }

    /** Decides whether an error of a run is retried: when a retry may help, and the step has not failed for too long. */
    public Progress afterError(StepRun<?> run, BreakwaterException e, Duration budget) {
        if (!e.isRetryable() || isExhausted(run, budget)) {
            return new Failed(e);
        }
        String text = e.getMessage();
        String message = text.endsWith(WILL_RETRY) ? text : text + "; " + WILL_RETRY;
        reportRetry(run, e.reason() + ": " + message);
        return new Retrying(
                e,
                message,
                repeated.compute(run.uid(), (uid, last) -> Repeated.next(last, message))
                        .pause());
    }

    private static <S extends RunStatus> void reportRetry(StepRun<S> run, String message) {
        run.update(s -> run.conditions(s).running(message));
    }

    private boolean isExhausted(StepRun<?> run, Duration budget) {
        return clock.instant().isAfter(run.lastProgress().plus(budget));
    }

    /** Forgets a run that is over or gone. */
    public void forget(String uid) {
        runner.forget(uid);
        repeated.remove(uid);
    }
}
