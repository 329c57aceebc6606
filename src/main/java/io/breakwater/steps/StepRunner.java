package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Drives a run through its steps by its journal. One instance lives as long as the process: it remembers which steps this
 * process has entered, and counts an attempt where another one had.
 */
public final class StepRunner {
    /** How a call of {@link #run} ended. */
    public sealed interface Result {
        /** All steps are done. */
        record Finished() implements Result {}

        /** A step waits; call again after this time at the latest. */
        record Waiting(String step, String message, Duration recheck) implements Result {}
    }

    /** Where the journal is kept. */
    public interface Log {
        /** The journal as it stands. */
        List<JournalEntry> entries();

        /** Makes the given entry durable, in place of the one with the same step or at the end. */
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
     * @throws BreakwaterException what a step threw; a permanent one is in the journal as Failed
     */
    public <C> Result run(String id, List<Step<C>> steps, C context, Log log) {
        for (Step<C> step : steps) {
            JournalEntry entry = find(log, step.name()).orElse(null);
            if (entry != null && entry.state == State.Done) {
                continue;
            }
            entry = enter(id, step.name(), entry, log);
            switch (call(step, context, entry, log)) {
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

    private <C> Outcome call(Step<C> step, C context, JournalEntry entry, Log log) {
        try {
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
            // Nobody foresaw it. It is told like any other error, and what it says goes where users look.
            BreakwaterException told =
                    BreakwaterException.retryable(Reason.InternalError, step.name() + " failed: " + e.getMessage(), e);
            entry.message = told.getMessage();
            log.save(entry);
            throw told;
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
