package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationStatus;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.RunDriver.Progress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The one retry policy of all runs. */
class RunDriverTest {
    private static final Duration BUDGET = Duration.ofMinutes(5);
    private static final Instant CREATED = Instant.parse("2026-01-02T03:00:00Z");

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final SettableClock clock = new SettableClock();
    private final RunDriver driver = new RunDriver(clock);
    private final Deque<Supplier<Outcome>> outcomes = new ArrayDeque<>();
    private TestRun run;

    @BeforeEach
    void create() {
        Verification object = new Verification();
        object.getMetadata().setNamespace("shop");
        object.getMetadata().setName("run");
        object.setSpec(new VerificationSpec());
        object = cluster.client().resource(object).create();
        object.getMetadata().setGeneration(7L);
        object.getMetadata().setCreationTimestamp(CREATED.toString());
        run = new TestRun(object, new PlainStatusWriter(cluster.client()), clock);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void waitsAsLongAsTheStepSays() {
        assertThat(drive(() -> Outcome.waiting("for it", Duration.ofSeconds(3))))
                .isEqualTo(new RunDriver.Waiting(Duration.ofSeconds(3)));
        assertThat(condition().message).isEqualTo("Only: for it");
    }

    @Test
    void finishesWhenAllStepsAreDone() {
        assertThat(drive(() -> Outcome.done("done"))).isEqualTo(new RunDriver.Finished());
    }

    @Test
    void writesStagedChangesWithTheNextWrite() {
        run.stage(s -> s.progress = "staged");
        assertThat(run.status().progress).isEqualTo("staged");
        assertThat(stored()).isNull();

        run.update(s -> s.restorePoint = "p");
        assertThat(stored().progress).isEqualTo("staged");
        assertThat(stored().restorePoint).isEqualTo("p");
    }

    private VerificationStatus stored() {
        return cluster.client()
                .resources(Verification.class)
                .inNamespace("shop")
                .withName("run")
                .get()
                .getStatus();
    }

    @Test
    void reportsAndRetriesRetryableErrors() {
        BreakwaterException error = retryable("the store does not answer");
        assertThat(drive(() -> {
                    throw error;
                }))
                .isEqualTo(
                        new RunDriver.Retrying(error, "the store does not answer; will retry", Duration.ofSeconds(5)));
        assertThat(condition().status).isEqualTo("Unknown");
        assertThat(condition().message).isEqualTo("StoreUnavailable: the store does not answer; will retry");
        assertThat(condition().observedGeneration).isEqualTo(7);
    }

    /** A quota refuses the same request each time. */
    @Test
    void waitsLongerAfterTheSameError() {
        List<Duration> waits = new ArrayList<>();
        for (String message : List.of("a", "a", "a", "a", "a", "b")) {
            RunDriver.Progress progress = drive(() -> {
                throw retryable(message);
            });
            waits.add(((RunDriver.Retrying) progress).recheck());
        }
        assertThat(waits).extracting(Duration::toSeconds).containsExactly(5L, 10L, 20L, 40L, 40L, 5L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"the point is gone; will retry", "the point is gone"})
    void announcesTheRetryOnce(String message) {
        drive(() -> {
            throw retryable(message);
        });
        assertThat(condition().message).isEqualTo("StoreUnavailable: the point is gone; will retry");
    }

    @Test
    void failsWithoutARetryAfterPermanentErrors() {
        BreakwaterException error = BreakwaterException.permanent(Reason.Tampered, "altered");
        assertThat(drive(() -> {
                    throw error;
                }))
                .isEqualTo(new RunDriver.Failed(error));
    }

    @Test
    void failsOnceAStepHasFailedForLongerThanTheBudget() {
        clock.now = CREATED.plus(Duration.ofHours(1));
        assertThat(drive(RunDriverTest::failing)).isInstanceOf(RunDriver.Retrying.class);
        clock.now = clock.now.plus(BUDGET);
        assertThat(drive(RunDriverTest::failing))
                .as("the budget counts from the start of the step")
                .isInstanceOf(RunDriver.Retrying.class);
        clock.now = clock.now.plusMillis(1);
        assertThat(drive(RunDriverTest::failing)).isInstanceOf(RunDriver.Failed.class);
    }

    @Test
    void countsTheBudgetFromCreationBeforeTheFirstStep() {
        clock.now = CREATED.plus(BUDGET);
        assertThat(choose()).isInstanceOf(RunDriver.Retrying.class);
        assertThat(run.entries()).isEmpty();
        clock.now = clock.now.plusMillis(1);
        assertThat(choose()).isInstanceOf(RunDriver.Failed.class);
    }

    private Progress drive(Supplier<Outcome> outcome) {
        outcomes.add(outcome);
        return driver.drive(run, () -> List.of(new OnlyStep()), BUDGET);
    }

    /** The steps cannot be chosen, as when the policy of a point cannot be read. */
    private Progress choose() {
        return driver.drive(
                run,
                () -> {
                    throw retryable("no answer");
                },
                BUDGET);
    }

    private static Outcome failing() {
        throw retryable("no answer");
    }

    private static BreakwaterException retryable(String message) {
        return BreakwaterException.retryable(Reason.StoreUnavailable, message);
    }

    private Condition condition() {
        return run.status().condition(Condition.SUCCEEDED).orElseThrow();
    }

    private final class OnlyStep implements Step<TestRun> {
        @Override
        public String name() {
            return "Only";
        }

        @Override
        public Outcome run(TestRun run, int attempt) {
            return outcomes.remove().get();
        }
    }

    private static final class TestRun extends StepRun<VerificationStatus> {
        TestRun(Verification object, StatusWriter writer, Clock clock) {
            super(object, VerificationStatus.class, writer, clock, () -> {});
        }

        @Override
        public String label() {
            return "run";
        }

        @Override
        protected void reportProgress(VerificationStatus status, JournalEntry entry) {
            status.progress = entry.step;
        }
    }

    private static final class SettableClock extends Clock {
        private Instant now = CREATED;

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
