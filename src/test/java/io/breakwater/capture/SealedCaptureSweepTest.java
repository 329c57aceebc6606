package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.StoredObject;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.policy.PointRoutes;
import io.breakwater.trust.TestAdoption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a capture leaves is deleted after its success was reported, also by the next process. */
class SealedCaptureSweepTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final Clock clock = Clock.systemUTC();
    private final Deque<BooleanSupplier> answers = new ArrayDeque<>();
    private final AtomicInteger calls = new AtomicInteger();
    private SealedCaptureSweep sweep = sweep();
    private RestorePoint point = new RestorePoint();

    @BeforeEach
    void seal() {
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("p");
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().policyRef = new NamedRef("hourly");
        point = cluster.client().resource(point).create();
        RestorePointStatus s = new RestorePointStatus();
        JournalEntry seal = JournalEntry.running("Seal", "2026-01-01T00:00:00Z");
        seal.state = State.Done;
        seal.message = "sealed, digest 1";
        s.journal.add(seal);
        s.archive = List.of(new StoredObject());
        SealedCaptureSweep.start(s, clock);
        Conditions.of(s, 1L, clock).succeeded(Reason.Completed, "sealed");
        point.setStatus(s);
        cluster.client().resource(point).update();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesEverythingAndShortensTheStatus() {
        answers.add(() -> true);

        untilDone();

        RestorePointStatus stored = cluster.client().resource(point).get().getStatus();
        assertThat(stored.holds(Condition.SUCCEEDED)).isTrue();
        assertThat(stored.archive).as("the seal has the list").isNull();
        assertThat(stored.journal).extracting(e -> e.step + " " + e.state).containsExactly("Seal Done", "Tidy Done");
        assertThat(stored.journal.getFirst().message).isNull();
        assertThat(stored.journal.getFirst().startedAt).isNotNull();
        assertThat(sweep.sweep(point, Optional.empty(), () -> {})).isEmpty();
        assertThat(calls).hasValue(1);
    }

    /** The process ends after the seal: the next one finds the entry in the journal. */
    @Test
    void isContinuedByTheNextProcess() {
        assertThat(RestorePoint.needsWork(withFinalizer())).isTrue();
        sweep = sweep();
        answers.add(() -> true);

        untilDone();

        assertThat(calls).hasValue(1);
        assertThat(RestorePoint.needsWork(withFinalizer())).isFalse();
    }

    @Test
    void waitsForClaims() {
        answers.add(() -> false);
        answers.add(() -> true);

        assertThat(next()).contains(CaptureSteps.RECHECK);
        assertThat(tidy().message).isEqualTo("waiting for the deletion of the claims of this run");
        untilDone();
        assertThat(calls).hasValue(2);
    }

    /** A failed deletion does not make a sealed point fail. */
    @Test
    void retriesAfterErrorsWithoutAChangeOfTheResult() {
        answers.add(() -> {
            throw BreakwaterException.permanent(Reason.Forbidden, "not allowed");
        });

        assertThat(next()).get().satisfies(pause -> assertThat(pause).isPositive());

        assertThat(tidy().state).isEqualTo(State.Running);
        assertThat(tidy().message).isEqualTo("could not delete the objects of this run, will retry: not allowed");
        assertThat(point.isSealed()).isTrue();
        assertThat(RestorePoint.needsWork(withFinalizer())).isTrue();
    }

    /** Only the plan that this process made shows that there is nothing to delete. */
    @Test
    void asksForNothingAfterACaptureWithoutVolumes() {
        CaptureMemory memory = new CaptureMemory();
        memory.planned(new CaptureMemory.Plan(List.of(), List.of()));
        CaptureRun run = new CaptureRun(point, null, null, clock, () -> {}, memory);

        await().until(() -> sweep.sweep(point, Optional.of(run), () -> {}).isEmpty());

        assertThat(calls).hasValue(0);
        assertThat(tidy().state).isEqualTo(State.Done);
    }

    private RestorePoint withFinalizer() {
        point.addFinalizer(Api.FINALIZER);
        return point;
    }

    private JournalEntry tidy() {
        return point.getStatus().journal.getLast();
    }

    /** The answer after the work has ended. */
    private Optional<Duration> next() {
        return await().until(
                        () -> sweep.sweep(point, Optional.empty(), () -> {}),
                        again -> !again.equals(Optional.of(Duration.ofSeconds(10))));
    }

    private void untilDone() {
        await().until(() -> sweep.sweep(point, Optional.empty(), () -> {}).isEmpty());
    }

    private SealedCaptureSweep sweep() {
        return new SealedCaptureSweep(
                cluster.client(),
                new AnsweringSteps(),
                null,
                new PointRoutes(null, null),
                TestAdoption.identities("east", () -> TestAdoption.namespaces("uid-", "shop", "kube-system")),
                new PlainStatusWriter(cluster.client()),
                clock);
    }

    private final class AnsweringSteps extends CaptureSteps {
        AnsweringSteps() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        void sealed(RestorePoint sealed) {}

        @Override
        boolean cleanUp(RestorePoint cleaned, String since, Instant now) {
            calls.incrementAndGet();
            return answers.remove().getAsBoolean();
        }
    }
}
