package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.Reason;
import io.breakwater.steps.StepRunner.Result;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
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

    private Result run(StepRunner runner, List<Step<String>> steps) {
        return runner.run("uid", steps, "context", journal);
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

    /** A journal that returns copies of the saved entries, as a status does. */
    private static final class MemoryLog implements StepRunner.Log {
        private final List<JournalEntry> entries = new ArrayList<>();

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
            c.message = e.message;
            return c;
        }
    }
}
