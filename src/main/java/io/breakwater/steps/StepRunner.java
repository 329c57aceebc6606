package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.LogContext;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs the steps of a run in order, by its journal. One instance lives as long as the process. It remembers which steps
 * this process has entered, so that it can count an attempt for each process that entered a step.
 */
public final class StepRunner {
    /** The result of a call of {@link #run}. */
    public sealed interface Result {
        /** All steps are done. */
        record Finished() implements Result {}

        /** A step waits; call again after this time at the latest. */
        record Waiting(String step, String message, Duration recheck) implements Result {}
    }

    /** The place where the journal is stored. */
    public interface Log {
        /** The current journal. */
        List<JournalEntry> entries();

        /** Stores the entry: it replaces the entry of the same step, or is added at the end. */
        void save(JournalEntry entry);
    }

    private record Entered(String run, String step) {}

    private final Clock clock;
    private final Set<Entered> entered = ConcurrentHashMap.newKeySet();

    public StepRunner(Clock clock) {
        this.clock = clock;
    }

    /**
     * Runs the steps that are not done yet, until one waits.
     *
     * @param id identity of the run, as the UID of its object
     * @throws BreakwaterException the error of a step; the journal has a permanent one as Failed
     */
    public <C> Result run(String id, List<Step<C>> steps, C context, Log log) {
        for (Step<C> step : steps) {
            JournalEntry entry = find(log, step.name()).orElse(null);
            if (entry != null && entry.state == State.Done) {
                continue;
            }
            entry = enter(id, step.name(), entry, log);
            switch (call(id, step, context, entry, log)) {
                case Outcome.Done(String message) -> finish(entry, State.Done, message, log);
                case Outcome.Wait(String message, Duration recheck) -> {
                    if (!Objects.equals(message, entry.message)) {
                        entry.message = message;
                        log.save(entry);
                    }
                    return new Result.Waiting(step.name(), message, recheck);
                }
            }
        }
        return new Result.Finished();
    }

    /** Forgets a run that is over or gone. */
    public void forget(String id) {
        entered.removeIf(e -> e.run.equals(id));
    }

    private JournalEntry enter(String id, String step, JournalEntry known, Log log) {
        boolean first = entered.add(new Entered(id, step));
        if (known != null && !first) {
            return known;
        }
        JournalEntry entry = known == null ? new JournalEntry() : known;
        entry.step = step;
        entry.state = State.Running;
        entry.startedAt = entry.startedAt == null ? Conditions.timestamp(clock.instant()) : entry.startedAt;
        entry.attempts = entry.attempts == null ? 1 : entry.attempts + 1;
        log.save(entry);
        return entry;
    }

    private <C> Outcome call(String run, Step<C> step, C context, JournalEntry entry, Log log) {
        try (LogContext _ = LogContext.of(run, step.name())) {
            return step.run(context, entry.attempts);
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                entry.message = e.getMessage();
                log.save(entry);
            } else {
                finish(entry, State.Failed, e.getMessage(), log);
            }
            throw e;
        } catch (RuntimeException e) {
            // An unexpected error is reported like any other, with its text, in the places where users look.
            BreakwaterException error =
                    BreakwaterException.retryable(Reason.InternalError, step.name() + " failed: " + e.getMessage(), e);
            entry.message = error.getMessage();
            log.save(entry);
            throw error;
        }
    }

    private void finish(JournalEntry entry, State state, String message, Log log) {
        entry.state = state;
        entry.finishedAt = Conditions.timestamp(clock.instant());
        entry.message = message;
        log.save(entry);
    }

    private static Optional<JournalEntry> find(Log log, String step) {
        return log.entries().stream().filter(e -> e.step.equals(step)).findFirst();
    }
}
