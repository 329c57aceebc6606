package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.LogContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs the steps of a run in order, by its journal. One instance lives as long as the process. It remembers which steps
 * this process has entered, so that it can count an attempt for each process that entered a step.
 *
 * <p>A step may end the process, for example with data that does not fit into memory, and every next process too. So a step
 * fails after {@link #CRASHES} processes in a row that crashed while it ran. An attempt with an error has a result, and
 * starts the count again. The first crashes count for all steps that were running. After {@link #SUSPECT} of them, the step waits
 * for a {@link CrashQuarantine}, so that the further ones count only for the step that causes them.
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

        /** Stores the entry: it replaces the entry of the same step, or is added at the end. Stores the noted entries before. */
        void save(JournalEntry entry);

        /** Adds the entry to the journal of this process. It is stored with a later one, or by {@link #flush}. */
        default void note(JournalEntry entry) {
            save(entry);
        }

        /** Stores the noted entries. */
        default void flush() {}
    }

    private record Entered(String run, String step) {}

    /** Crashes in a row after which a step fails. */
    static final int CRASHES = 5;

    /** Crashes in a row after which a step runs in the quarantine. */
    static final int SUSPECT = 2;

    /** Time after which the journal shows that work runs. */
    static final Duration MOMENT = Duration.ofSeconds(2);

    private static final Duration QUARANTINE_RECHECK = Duration.ofSeconds(10);

    private final Clock clock;
    private final boolean afterCrash;
    private final CrashQuarantine quarantine;
    private final Set<Entered> entered = ConcurrentHashMap.newKeySet();

    /** A runner that does not count crashes. */
    public StepRunner(Clock clock) {
        this(clock, false, CrashQuarantine.ofProcess());
    }

    /**
     * A runner that counts crashes.
     *
     * @param afterCrash whether the process before this one crashed
     */
    StepRunner(Clock clock, boolean afterCrash, CrashQuarantine quarantine) {
        this.clock = clock;
        this.afterCrash = afterCrash;
        this.quarantine = quarantine;
    }

    /**
     * Runs the steps that are not done yet, until one waits. When all are done, or when work runs that takes only a moment, the
     * last entries may be noted only. The caller stores them with its result, or calls again with the same log.
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
            if (!mayEnter(id, entry)) {
                return waiting(entry, quarantined(entry), QUARANTINE_RECHECK, log);
            }
            entry = enter(id, step.name(), entry, log);
            refuseAfterCrashes(id, entry, log);
            if (afterCrash || step.needsIntent(context)) {
                log.flush();
            }
            switch (call(id, step, context, entry, log)) {
                case Outcome.Done(String message) -> finish(id, entry, State.Done, message, log);
                case Outcome.Wait(String message, Duration recheck) -> {
                    clear(id, entry, log);
                    return waiting(entry, message, recheck, log);
                }
                case Outcome.Working(String message, Duration recheck) -> {
                    clear(id, entry, log);
                    if (isYoung(entry)) {
                        return new Result.Waiting(
                                step.name(), message, recheck.compareTo(MOMENT) < 0 ? recheck : MOMENT);
                    }
                    return waiting(entry, message, recheck, log);
                }
            }
        }
        return new Result.Finished();
    }

    /** Forgets a run that is over or gone. */
    public void forget(String id) {
        quarantine.leave(id);
        entered.removeIf(e -> e.run.equals(id));
    }

    private JournalEntry enter(String id, String step, JournalEntry known, Log log) {
        boolean first = entered.add(new Entered(id, step));
        if (known != null && !first) {
            return known;
        }
        JournalEntry entry = known == null ? new JournalEntry() : known;
        if (first && afterCrash && entry.state == State.Running) {
            entry.crashes = crashes(entry) + 1;
        }
        entry.step = step;
        entry.state = State.Running;
        entry.startedAt = entry.startedAt == null ? Conditions.timestamp(clock.instant()) : entry.startedAt;
        entry.attempts = entry.attempts == null ? 1 : entry.attempts + 1;
        log.note(entry);
        return entry;
    }

    /** Whether this process has entered the step, or may enter it now. */
    private boolean mayEnter(String id, JournalEntry known) {
        return known == null
                || !afterCrash
                || crashes(known) < SUSPECT
                || entered.contains(new Entered(id, known.step))
                || quarantine.enter(id);
    }

    private static String quarantined(JournalEntry entry) {
        return "the operator crashed " + crashes(entry)
                + " times in a row while this step ran; steps in which it crashed now run"
                + " one at a time, and this one waits for another one";
    }

    private static Result waiting(JournalEntry entry, String full, Duration recheck, Log log) {
        String message = JournalEntry.cut(full);
        if (!Objects.equals(message, entry.message)) {
            entry.message = message;
            log.note(entry);
        }
        log.flush();
        return new Result.Waiting(entry.step, message, recheck);
    }

    private void clear(String id, JournalEntry entry, Log log) {
        if (quarantine.isCleared(id)) {
            quarantine.leave(id);
            entry.crashes = null;
            log.note(entry);
        }
    }

    private boolean isYoung(JournalEntry entry) {
        return clock.instant().isBefore(Instant.parse(entry.startedAt).plus(MOMENT));
    }

    private void refuseAfterCrashes(String id, JournalEntry entry, Log log) {
        if (crashes(entry) < CRASHES) {
            return;
        }
        String message = "step " + entry.step + " was stopped: the operator crashed " + crashes(entry)
                + " times in a row while the step ran; find the cause in the last state of the operator's container"
                + " (kubectl describe pod), for example OOMKilled, and create the object again";
        finish(id, entry, State.Failed, message, log);
        log.flush();
        throw BreakwaterException.permanent(Reason.InternalError, message);
    }

    private static int crashes(JournalEntry entry) {
        return entry.crashes == null ? 0 : entry.crashes;
    }

    private <C> Outcome call(String run, Step<C> step, C context, JournalEntry entry, Log log) {
        try (LogContext _ = LogContext.of(run, step.name())) {
            return step.run(context, entry.attempts);
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                quarantine.leave(run);
                entry.crashes = null;
                entry.message = JournalEntry.cut(e.getMessage());
                log.save(entry);
            } else {
                finish(run, entry, State.Failed, e.getMessage(), log);
                log.flush();
            }
            throw e;
        } catch (RuntimeException e) {
            // An unexpected error is reported like any other, with its text, in the places where users look.
            BreakwaterException error = BreakwaterException.retryable(
                    Reason.InternalError, step.name() + " failed: " + ServerMessage.of(e), e);
            quarantine.leave(run);
            entry.crashes = null;
            entry.message = JournalEntry.cut(error.getMessage());
            log.save(entry);
            throw error;
        }
    }

    private void finish(String id, JournalEntry entry, State state, String message, Log log) {
        quarantine.leave(id);
        entry.state = state;
        entry.finishedAt = Conditions.timestamp(clock.instant());
        entry.message = JournalEntry.cut(message);
        log.note(entry);
    }

    private static Optional<JournalEntry> find(Log log, String step) {
        return log.entries().stream()
                .filter(e -> e.step.equals(step))
                .findFirst()
                .map(JournalEntry::copy);
    }
}
