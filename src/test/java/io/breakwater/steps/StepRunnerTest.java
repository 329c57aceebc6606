package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.location.HandClock;
import io.breakwater.steps.StepRunner.Result;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** A run continues where a killed process ended, in every state of the journal. */
class StepRunnerTest {
    private final MemoryLog journal = new MemoryLog();
    private final List<String> calls = new ArrayList<>();

    @Test
    void runsEachStepOnce() {
        List<Step<String>> steps = List.of(step("A", n -> Outcome.done("a")), step("B", n -> Outcome.done("b")));

        assertThat(run(new StepRunner(Clock.systemUTC()), steps)).isInstanceOf(Result.Finished.class);
        assertThat(run(new StepRunner(Clock.systemUTC()), steps)).isInstanceOf(Result.Finished.class);

        assertThat(calls).containsExactly("A1", "B1");
        assertThat(journal.entries).extracting(e -> e.state).containsOnly(State.Done);
    }

    /** The API server would refuse the whole status, at each retry. */
    @Test
    void cutsMessagesThatAStatusCannotHave() {
        run(new StepRunner(Clock.systemUTC()), List.of(step("A", n -> Outcome.waiting("x".repeat(5000)))));
        assertThat(journal.entries.getLast().message)
                .hasSize(JournalEntry.LONGEST)
                .endsWith("…");

        run(new StepRunner(Clock.systemUTC()), List.of(step("A", n -> Outcome.done("y".repeat(5000)))));
        assertThat(journal.entries.getLast().message)
                .hasSize(JournalEntry.LONGEST)
                .startsWith("y");
    }

    @Test
    void writesTheIntentBeforeTheStepActs() {
        run(new StepRunner(Clock.systemUTC()), List.of(step("A", n -> {
            assertThat(journal.entries)
                    .singleElement()
                    .satisfies(e -> assertThat(e.state).isEqualTo(State.Running));
            return Outcome.done("a");
        })));

        assertThat(calls).containsExactly("A1");
    }

    /** The entries of such steps are written with a later one, so a restart repeats them. */
    @Test
    void writesNothingForStepsThatNeedNoIntent() {
        BufferedLog log = new BufferedLog();
        List<Step<String>> steps = List.of(
                quiet("A", n -> Outcome.done("a")),
                quiet("B", n -> Outcome.done("b")),
                step("C", n -> {
                    assertThat(log.written).isEqualTo(1);
                    assertThat(log.stored.entries)
                            .extracting(e -> e.step + " " + e.state)
                            .containsExactly("A Done", "B Done", "C Running");
                    return Outcome.done("c");
                }),
                quiet("D", n -> Outcome.done("d")));

        new StepRunner(Clock.systemUTC()).run("uid", steps, "context", log);

        assertThat(log.written).isEqualTo(1);
        assertThat(log.entries()).hasSize(4).allMatch(e -> e.state == State.Done);
    }

    /** Else a step that crashes each process before its first write would do so for ever. */
    @Test
    void writesEachStepBeforeItActsAfterACrash() {
        BufferedLog log = new BufferedLog();
        List<Step<String>> steps = List.of(quiet("A", n -> {
            throw new Crash();
        }));
        for (int process = 1; process <= 5; process++) {
            assertThatThrownBy(() -> afterCrash().run("uid", steps, "context", log))
                    .isInstanceOf(Crash.class);
            log.restart();
        }

        assertThatThrownBy(() -> afterCrash().run("uid", steps, "context", log))
                .hasMessageStartingWith("step A was stopped");
        assertThat(log.stored.is(State.Failed)).isTrue();
    }

    @Test
    void showsWorkThatTakesLongerThanAMoment() {
        HandClock clock = new HandClock();
        StepRunner runner = new StepRunner(clock);
        BufferedLog log = new BufferedLog();
        List<Step<String>> steps = List.of(quiet("A", n -> new Outcome.Working("work", Duration.ofSeconds(10))));

        assertThat(runner.run("uid", steps, "context", log))
                .isEqualTo(new Result.Waiting("A", "work", StepRunner.MOMENT));
        assertThat(log.written).isZero();

        clock.pass(StepRunner.MOMENT);
        assertThat(runner.run("uid", steps, "context", log))
                .isEqualTo(new Result.Waiting("A", "work", Duration.ofSeconds(10)));
        assertThat(log.stored.entries)
                .singleElement()
                .satisfies(e -> assertThat(e.message).isEqualTo("work"));
    }

    @Test
    void writesTheStateBeforeAWait() {
        BufferedLog log = new BufferedLog();
        List<Step<String>> steps =
                List.of(quiet("A", n -> Outcome.done("a")), quiet("B", n -> Outcome.waiting("for b")));

        new StepRunner(Clock.systemUTC()).run("uid", steps, "context", log);

        assertThat(log.written).isEqualTo(1);
        assertThat(log.stored.entries).extracting(e -> e.message).containsExactly("a", "for b");
    }

    @Test
    void countsAnAttemptOnlyForANewProcess() {
        List<Step<String>> steps = List.of(
                step("A", n -> n < 2 ? Outcome.waiting("for it") : Outcome.done("a")),
                step("B", n -> Outcome.done("b")));
        StepRunner first = new StepRunner(Clock.systemUTC());

        assertThat(run(first, steps))
                .isInstanceOfSatisfying(
                        Result.Waiting.class, w -> assertThat(w.step()).isEqualTo("A"));
        assertThat(run(first, steps)).isInstanceOf(Result.Waiting.class);
        assertThat(run(new StepRunner(Clock.systemUTC()), steps)).isInstanceOf(Result.Finished.class);

        assertThat(calls).containsExactly("A1", "A1", "A2", "B1");
        assertThat(journal.entries.getFirst().attempts).isEqualTo(2);
    }

    @Test
    void recordsAPermanentFailure() {
        List<Step<String>> steps = List.of(step("A", n -> {
            throw BreakwaterException.permanent(Reason.Tampered, "altered");
        }));

        assertThatThrownBy(() -> run(new StepRunner(Clock.systemUTC()), steps)).hasMessage("altered");

        assertThat(journal.entries).singleElement().satisfies(e -> {
            assertThat(e.state).isEqualTo(State.Failed);
            assertThat(e.message).isEqualTo("altered");
        });
    }

    @Test
    void leavesARetryableStepRunning() {
        List<Step<String>> steps = List.of(step("A", n -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "not now");
        }));

        assertThatThrownBy(() -> run(new StepRunner(Clock.systemUTC()), steps)).hasMessage("not now");

        assertThat(journal.entries)
                .singleElement()
                .satisfies(e -> assertThat(e.state).isEqualTo(State.Running));
    }

    @Test
    void reportsUnexpectedErrorsAsRetryable() {
        List<Step<String>> steps = List.of(step("A", n -> {
            throw new IllegalStateException("jobs.batch is forbidden");
        }));

        assertThatThrownBy(() -> run(new StepRunner(Clock.systemUTC()), steps))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.InternalError);
                    assertThat(e.isRetryable()).isTrue();
                });

        assertThat(journal.entries.getFirst().message).contains("jobs.batch is forbidden");
    }

    @Test
    void failsAStepThatCrashedFiveProcesses() {
        List<Step<String>> steps = List.of(step("A", n -> Outcome.waiting("work")));
        for (int process = 1; process <= 5; process++) {
            assertThat(run(afterCrash(), steps)).isInstanceOf(Result.Waiting.class);
        }

        assertThatThrownBy(() -> run(afterCrash(), steps))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.InternalError);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageStartingWith("step A was stopped: the operator crashed 5 times in a row while the step ran");

        assertThat(calls).containsExactly("A1", "A2", "A3", "A4", "A5");
        assertThat(journal.entries).singleElement().satisfies(e -> {
            assertThat(e.state).isEqualTo(State.Failed);
            assertThat(e.message).contains("OOMKilled");
        });
        assertThatThrownBy(() -> run(afterCrash(), steps)).hasMessageContaining("5 times");
        assertThat(calls).hasSize(5);
    }

    @Test
    void countsNoCrashForAnUpgrade() {
        List<Step<String>> steps = List.of(step("A", n -> Outcome.waiting("work")));
        for (int process = 1; process <= 20; process++) {
            run(new StepRunner(Clock.systemUTC()), steps);
        }

        assertThat(calls).hasSize(20);
        assertThat(journal.entries.getFirst().attempts).isEqualTo(20);
        assertThat(journal.entries.getFirst().crashes).isNull();
    }

    @Test
    void countsNoCrashForAnAttemptWithAnError() {
        List<Step<String>> steps = List.of(step("A", n -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "not now");
        }));
        for (int process = 1; process <= 20; process++) {
            assertThatThrownBy(() -> run(afterCrash(), steps)).hasMessage("not now");
        }

        assertThat(calls).hasSize(20);
    }

    /** A poisonous step ends each process. The step next to it never fails, though each process had both in progress. */
    @Test
    void failsOnlyTheStepThatCausesTheCrashes() {
        for (boolean innocentFirst : List.of(true, false)) {
            MemoryLog poison = new MemoryLog();
            MemoryLog innocent = new MemoryLog();
            int processes = 0;
            while (processes < 20 && !poison.is(State.Failed)) {
                processes++;
                StepRunner runner = afterCrash();
                List<Runnable> work = new ArrayList<>(List.of(
                        () -> attempt(runner, "innocent", innocent, Outcome.waiting("much work")),
                        () -> crash(runner, poison)));
                if (!innocentFirst) {
                    work = work.reversed();
                }
                try {
                    work.forEach(Runnable::run);
                    // The process did not crash: the innocent step ends its work.
                    attempt(runner, "innocent", innocent, Outcome.done("worked"));
                    crash(runner, poison);
                } catch (Crash e) {
                    // The next process starts.
                }
            }
            attempt(afterCrash(), "innocent", innocent, Outcome.done("worked"));
            assertThat(poison.is(State.Failed)).isTrue();
            assertThat(processes).isLessThan(10);
            assertThat(innocent.is(State.Done)).isTrue();
        }
    }

    @Test
    void clearsAStepThatWorksForLongWithoutACrash() {
        AtomicLong nanos = new AtomicLong();
        CrashQuarantine quarantine = new CrashQuarantine(nanos::get);
        JournalEntry known = new JournalEntry();
        known.step = "A";
        known.state = State.Running;
        known.startedAt = "2026-01-01T00:00:00Z";
        known.crashes = 3;
        journal.save(known);
        StepRunner runner = new StepRunner(Clock.systemUTC(), true, quarantine);
        List<Step<String>> steps = List.of(step("A", n -> Outcome.waiting("work")));
        run(runner, steps);
        assertThat(journal.entries.getFirst().crashes).isEqualTo(4);
        assertThat(quarantine.enter("another")).isFalse();

        nanos.addAndGet(CrashQuarantine.CLEARED.toNanos());
        run(runner, steps);
        assertThat(journal.entries.getFirst().crashes).isNull();
        assertThat(quarantine.enter("another")).isTrue();
    }

    /** The end of a process. */
    private static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    private void crash(StepRunner runner, MemoryLog log) {
        try {
            runner.run(
                    "poison",
                    List.of(step("A", n -> {
                        throw new Crash();
                    })),
                    "context",
                    log);
        } catch (BreakwaterException e) {
            assertThat(e.isRetryable()).isFalse();
        }
    }

    private void attempt(StepRunner runner, String id, MemoryLog log, Outcome outcome) {
        runner.run(id, List.of(step("A", n -> outcome)), "context", log);
    }

    /** The runner of a process whose predecessor crashed. */
    private static StepRunner afterCrash() {
        return new StepRunner(Clock.systemUTC(), true, new CrashQuarantine(() -> 0));
    }

    private Result run(StepRunner runner, List<Step<String>> steps) {
        return runner.run("uid", steps, "context", journal);
    }

    private static Step<String> quiet(String name, IntFunction<Outcome> body) {
        return new Step<>() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public boolean needsIntent(String context) {
                return false;
            }

            @Override
            public Outcome run(String context, int attempt) {
                return body.apply(attempt);
            }
        };
    }

    private Step<String> step(String name, IntFunction<Outcome> body) {
        return new Step<>() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Outcome run(String context, int attempt) {
                calls.add(name + attempt);
                return body.apply(attempt);
            }
        };
    }

    /** A journal whose noted entries are lost with the process. */
    private static final class BufferedLog implements StepRunner.Log {
        private final MemoryLog stored = new MemoryLog();
        private MemoryLog seen = new MemoryLog();
        private boolean noted;
        private int written;

        @Override
        public List<JournalEntry> entries() {
            return seen.entries();
        }

        @Override
        public void save(JournalEntry entry) {
            note(entry);
            flush();
        }

        @Override
        public void note(JournalEntry entry) {
            seen.save(entry);
            noted = true;
        }

        @Override
        public void flush() {
            if (noted) {
                seen.entries().forEach(stored::save);
                noted = false;
                written++;
            }
        }

        /** The next process sees what is stored. */
        void restart() {
            seen = new MemoryLog();
            stored.entries().forEach(seen::save);
            noted = false;
        }
    }

    /** A journal that returns copies of the saved entries, as a status does. */
    private static final class MemoryLog implements StepRunner.Log {
        private final List<JournalEntry> entries = new ArrayList<>();

        boolean is(State state) {
            return !entries.isEmpty() && entries.getFirst().state == state;
        }

        @Override
        public List<JournalEntry> entries() {
            return entries.stream().map(MemoryLog::copy).toList();
        }

        @Override
        public void save(JournalEntry entry) {
            Journal.put(entries, copy(entry));
        }

        private static JournalEntry copy(JournalEntry e) {
            JournalEntry c = new JournalEntry();
            c.step = e.step;
            c.state = e.state;
            c.startedAt = e.startedAt;
            c.finishedAt = e.finishedAt;
            c.attempts = e.attempts;
            c.crashes = e.crashes;
            c.message = e.message;
            return c;
        }
    }
}
