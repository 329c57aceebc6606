package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.Deferred;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.DeferredSelection;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Deferred objects are retried for five minutes after the pods are released; then the Restore reports those that are left. */
class RetryObjectsStepTest {
    private static final String CAUSE = "500 Internal error occurred: failed calling webhook \"guard\"";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final List<DeferredSelection> tried = new ArrayList<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private ApplyReport answer = report(0, List.of(), "a", "b");
    private RestoreRun run;
    private RetryObjectsStep step;

    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    @BeforeEach
    void defer() {
        Restore restore = StampedRestores.plain();
        RestoreStatus status = restore.getStatus();
        status.startedAt = now.toString();
        status.created = 3;
        status.updated = 0;
        status.replaced = 0;
        status.deferred = DeferredObjects.of(null).add(answer).status();
        JournalEntry entry = new JournalEntry();
        entry.step = RestoreStatus.RETRY;
        entry.state = JournalEntry.State.Running;
        entry.startedAt = now.toString();
        status.journal.add(entry);
        run = StampedRestores.run(restore, cluster.client(), () -> {});
        step = step();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void restoresTheObjectsOnceTheWebhookRuns() {
        assertThat(run.status().awaitsPods()).isTrue();
        assertThat(afterRetry())
                .contains("2 objects were not accepted yet: configmaps a: " + CAUSE)
                .contains("will retry until 2026-01-01T00:05:00Z");
        answer = report(1, List.of(), "b");
        pass(Duration.ofSeconds(30));
        afterRetry();
        answer = report(1, List.of());
        pass(Duration.ofSeconds(30));
        await().until(() -> step.run(run, 1) instanceof Outcome.Done);
        assertThat(run.status().created).isEqualTo(3 + 1 + 1);
        assertThat(run.status().deferred).isNull();
        assertThat(run.status().awaitsPods()).isFalse();
        assertThat(tried)
                .extracting(s -> s.names().get("configmaps"))
                .containsExactly(Set.of("a", "b"), Set.of("a", "b"), Set.of("b"));
    }

    @Test
    void waitsLongerBetweenRetries() {
        afterRetry();
        pass(Duration.ofSeconds(1));
        step.run(run, 1);
        assertThat(tried).as("one second after the first retry").hasSize(1);
        pass(Duration.ofSeconds(1));
        afterRetry();
        pass(Duration.ofSeconds(3));
        step.run(run, 1);
        assertThat(tried).as("three seconds after the second retry").hasSize(2);
    }

    @Test
    void failsAfterFiveMinutesWithEachObject() {
        afterRetry();
        pass(RetryObjectsStep.LIMIT);
        assertThatThrownBy(this::afterRetry)
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Partial);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining(
                        "2 objects could not be restored: configmaps a: " + CAUSE + ", configmaps b: " + CAUSE)
                .hasMessageContaining("3 were created");
        assertThat(tried).as("a last retry").hasSize(2);
        assertThat(run.status().deferred)
                .as("the status has what is left")
                .singleElement()
                .satisfies(d -> {
                    assertThat(d.names).containsExactly("a", "b");
                    assertThat(d.cause).isEqualTo(CAUSE);
                });
    }

    @Test
    void countsTheFiveMinutesAcrossAKill() {
        afterRetry();
        pass(RetryObjectsStep.LIMIT);
        step = step();
        assertThatThrownBy(this::afterRetry).hasMessageContaining("2 objects could not be restored");
    }

    @Test
    void retriesNoDecisionOfTheWebhook() {
        answer = report(0, List.of(new ApplyReport.Failure("configmaps shop/a", "403 denied")), "b");
        afterRetry();
        assertThat(run.status().deferred).anySatisfy(d -> assertThat(d.refused).isTrue());
        answer = report(1, List.of());
        pass(Duration.ofSeconds(30));
        assertThatThrownBy(this::afterRetry)
                .hasMessageContaining("1 objects could not be restored: configmaps a: 403 denied; 4 were created");
        assertThat(tried.getLast().names()).isEqualTo(Map.of("configmaps", Set.of("b")));
    }

    @Test
    void boundsTheListAndRetriesTheWholeKind() {
        String[] names = IntStream.range(0, 1500).mapToObj(i -> "n-" + i).toArray(String[]::new);
        List<Deferred> status = DeferredObjects.of(null)
                .add(report(0, List.of(), names))
                .add(new ApplyReport(
                        0,
                        0,
                        0,
                        0,
                        0,
                        List.of(),
                        List.of(new ApplyReport.Deferral(
                                "secrets", "s", new ApplyReport.Failure("secrets shop/s", CAUSE))),
                        List.of(),
                        List.of()))
                .status();
        assertThat(status).hasSize(2);
        DeferredObjects again = DeferredObjects.of(status);
        assertThat(again.size()).isEqualTo(1501);
        assertThat(again.open().names()).isEqualTo(Map.of("configmaps", Set.of(), "secrets", Set.of("s")));
        again.replace(again.open(), report(1499, List.of(), "n-7"));
        assertThat(again.open().names()).isEqualTo(Map.of("configmaps", Set.of("n-7")));
    }

    @Test
    void doesNothingWithoutDeferredObjects() {
        run.status().deferred = null;
        assertThat(step.run(run, 1)).isInstanceOf(Outcome.Done.class);
        assertThat(tried).isEmpty();
    }

    private RetryObjectsStep step() {
        Activities activities = new Activities();
        PointArchive archives = new PointArchive(cluster.client(), TestConfig.of(Map.of()), null, null) {
            @Override
            ApplyReport retry(RestoreRun of, DeferredSelection selection) {
                tried.add(selection);
                return answer;
            }
        };
        return new RetryObjectsStep(
                archives, new RestoreHooksStep(cluster.client(), archives, activities, clock), activities, clock);
    }

    /** Runs the step until one more retry has ended. Returns what it waits for. */
    private String afterRetry() {
        int before = tried.size();
        return await().until(
                                        () -> step.run(run, 1),
                                        o -> tried.size() > before
                                                && o instanceof Outcome.Wait w
                                                && w.recheck().toSeconds() < 10)
                        instanceof Outcome.Wait w
                ? w.message()
                : "";
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }

    private static ApplyReport report(int created, List<ApplyReport.Failure> failed, String... deferred) {
        return new ApplyReport(
                created,
                0,
                0,
                0,
                0,
                failed,
                Stream.of(deferred)
                        .map(n -> new ApplyReport.Deferral(
                                "configmaps", n, new ApplyReport.Failure("configmaps shop/" + n, CAUSE)))
                        .toList(),
                List.of(),
                List.of());
    }
}
