package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.config.TestConfig;
import io.breakwater.location.HandClock;
import io.breakwater.observe.Meters;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.breakwater.steps.WorkBudget;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The places of captures, with the budget of the chart's defaults. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class CaptureQueueTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final HandClock clock = new HandClock();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private CaptureQueue queue = queue(registry);
    private int woken;

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void startsEightPointsOfOneHundred() {
        assertThat(IntStream.range(0, 100)
                        .filter(i -> enter(point("n" + i, Trigger.Scheduled)).isEmpty()))
                .hasSize(8);
    }

    /** Movers have a budget of their own, so hours of data do not stop the captures of others. */
    @Test
    void releasesThePlaceWhenTheArchiveIsWritten() {
        RestorePoint first = point("n0", Trigger.Scheduled);
        enter(first);
        IntStream.range(1, 10).forEach(i -> enter(point("n" + i, Trigger.Scheduled)));
        journal(first, RestorePoint.RESOURCES, JournalEntry.State.Running);
        queue.leaveAfterArchive(first);
        assertThat(woken).isZero();
        journal(first, RestorePoint.RESOURCES, JournalEntry.State.Done);
        queue.leaveAfterArchive(first);
        assertThat(woken).isEqualTo(1);
        assertThat(enter(first)).as("its movers and its seal need no place").isEmpty();
    }

    /** The first points that the new process sees are new ones; those that run are in the index. */
    @Test
    void countsTheCapturesThatRanBeforeARestart() {
        for (int i = 0; i < 8; i++) {
            RestorePoint started = point("old-" + i, Trigger.Scheduled);
            journal(started, "Snapshot", JournalEntry.State.Running);
            started.getStatus().site = "east";
            client.resource(started).create();
        }
        queue = queue(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));

        assertThat(enter(point("new", Trigger.Scheduled))).isPresent();
        assertThat(enter(point("final", Trigger.Final))).isEmpty();
        RestorePoint running = point("old-3", Trigger.Scheduled);
        journal(running, "Snapshot", JournalEntry.State.Running);
        assertThat(enter(running)).as("continues").isEmpty();
    }

    @Test
    void reportsOnceThatAPointWaits() {
        IntStream.range(0, 9).forEach(i -> enter(point("n" + i, Trigger.Scheduled)));
        RestorePoint waits = point("late", Trigger.Scheduled);
        assertThat(enter(waits).orElseThrow().message())
                .isEqualTo("waits for one of 8 places for captures, 1 before it");
        assertThat(queue.isQuiet(waits)).isTrue();
        assertThat(queue.startReport(waits)).isFalse();
        clock.pass(CaptureQueue.REPORT);
        assertThat(queue.isQuiet(waits)).isFalse();
        assertThat(queue.startReport(waits)).isTrue();
        for (int i = 0; i < 100; i++) {
            clock.pass(Duration.ofSeconds(5));
            assertThat(queue.isQuiet(waits)).isTrue();
            assertThat(queue.startReport(waits)).isFalse();
        }
    }

    @Test
    void endsTheWaitOfADeletedPoint() {
        IntStream.range(0, 8).forEach(i -> enter(point("n" + i, Trigger.Scheduled)));
        RestorePoint deleted = point("deleted", Trigger.Scheduled);
        RestorePoint next = point("next", Trigger.Scheduled);
        enter(deleted);
        enter(next);
        queue.leave(deleted);
        queue.leave(point("n0", Trigger.Scheduled));
        assertThat(enter(next)).isEmpty();
    }

    @Test
    @ProvesAlerts("BreakwaterCapturesWait")
    void reportsPointsThatWaitForLong() {
        IntStream.range(0, 9).forEach(i -> enter(point("n" + i, Trigger.Scheduled)));
        AlertProof proof = AlertProof.of("BreakwaterCapturesWait").quiet(registry.scrape());
        clock.pass(Duration.ofMinutes(31));
        IntStream.range(0, 9).forEach(i -> touch("n" + i));
        proof.firing(registry.scrape());
        PrometheusMeterRegistry second = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        queue = queue(second);
        Instant due = clock.instant().minus(Duration.ofMinutes(31));
        IntStream.range(0, 9).forEach(i -> enter(point("n" + i, Trigger.Scheduled, due)));
        proof.restarted(second.scrape());
        queue.leave(point("n0", Trigger.Scheduled));

        proof.over(second.scrape()).check();
    }

    private void touch(String namespace) {
        enter(point(namespace, Trigger.Scheduled));
    }

    private Optional<WorkBudget.Waiting> enter(RestorePoint point) {
        return queue.enter(point, () -> Optional.of(location()), () -> woken++);
    }

    private CaptureQueue queue(PrometheusMeterRegistry meters) {
        PointIndex index = TestIndex.empty(client);
        TestIndex.fill(index, client);
        WorkBudgets budgets = new WorkBudgets(TestConfig.of(Map.of()), new Meters(meters, clock), clock);
        return new CaptureQueue(budgets, index, clock);
    }

    /** Each namespace has a location of its own. */
    private static BackupLocation location() {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setUid(UUID.randomUUID().toString());
        return location;
    }

    private RestorePoint point(String namespace, Trigger trigger) {
        return point(namespace, trigger, clock.instant());
    }

    private static RestorePoint point(String namespace, Trigger trigger, Instant created) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(namespace);
        point.getMetadata().setName("p");
        point.getMetadata().setUid("uid-" + namespace);
        point.getMetadata().setCreationTimestamp(created.toString());
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = trigger;
        point.getSpec().policyRef = new NamedRef("hourly");
        return point;
    }

    private static void journal(RestorePoint point, String step, JournalEntry.State state) {
        if (point.getStatus() == null) {
            point.setStatus(new RestorePointStatus());
        }
        JournalEntry entry = new JournalEntry();
        entry.step = step;
        entry.state = state;
        point.getStatus().journal.clear();
        point.getStatus().journal.add(entry);
    }
}
