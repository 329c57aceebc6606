package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.HandClock;
import io.breakwater.observe.Meters;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.steps.WorkUrgency;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Movers of a cluster with four places, and one for prunes. */
class MoverPlacesTest {
    private static final String SNAPSHOT = "ab".repeat(32);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final HandClock clock = new HandClock();
    private MoverJobs movers = movers();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void createsNoMoreJobsThanThereArePlaces() {
        IntStream.range(0, 20).forEach(i -> movers.poll(read("n" + i)));
        assertThat(jobs()).isEqualTo(4);
        MoverJobs.State waits = movers.poll(read("late"));
        assertThat(waits).isEqualTo(new MoverJobs.State.Running("waits for one of 4 places for movers, 16 before it"));
        movers.discard(read("n0"));
        movers.poll(read("n4"));
        assertThat(jobs()).isEqualTo(4);
        assertThat(movers.poll(read("late")))
                .as("no new text for each position")
                .isEqualTo(waits);
    }

    @Test
    void releasesThePlacesOfARun() {
        IntStream.range(0, 5).forEach(i -> movers.poll(read("n" + i)));
        movers.delete("n0", "run-n0");
        movers.poll(read("n4"));
        assertThat(client.batch().v1().jobs().inNamespace("n4").list().getItems())
                .hasSize(1);
    }

    @Test
    void countsTheJobsThatRanBeforeARestart() {
        IntStream.range(0, 4).forEach(i -> movers.poll(read("n" + i)));
        movers = movers();

        movers.poll(read("new"));
        assertThat(jobs()).isEqualTo(4);
        assertThat(movers.reserve(read("n2"))).as("continues").isEmpty();
    }

    /** All places are taken, and the result of a Job that ended before the restart is there. */
    @Test
    void readsTheResultOfAnEndedJobWithoutAPlace() {
        IntStream.range(0, 4).forEach(i -> movers.poll(read("n" + i)));
        client.batch().v1().jobs().inNamespace("n1").list().getItems().forEach(job -> {
            job.setStatus(new JobStatusBuilder()
                    .withSucceeded(1)
                    .withCompletionTime("2026-11-30T12:00:00Z")
                    .build());
            client.resource(job).patchStatus();
        });
        movers = movers();
        IntStream.range(10, 15).forEach(i -> movers.poll(read("n" + i)));

        assertThat(movers.reserve(read("late"))).as("all places are taken").isPresent();
        assertThat(movers.reserve(read("n1"))).isEmpty();
    }

    @Test
    void startsRestoresBeforeBackupsAndFinalPointsAlways() {
        IntStream.range(0, 8).forEach(i -> movers.poll(read("n" + i)));
        assertThat(movers.reserve(fill("restored"))).as("a reserved place").isEmpty();
        assertThat(movers.reserve(fill("second"))).isPresent();
        assertThat(movers.reserve(read("final").at(WorkUrgency.Immediate))).isEmpty();
    }

    /** The time in the queue is not the time in which a mover must start. */
    @Test
    void waitsForAPlaceLongerThanAMoverMayStart() {
        IntStream.range(0, 4).forEach(i -> movers.poll(read("n" + i)));
        for (int minutes = 0; minutes < 60; minutes += 10) {
            clock.pass(Duration.ofMinutes(10));
            IntStream.range(0, 4).forEach(i -> movers.reserve(read("n" + i)));
            assertThat(movers.poll(read("late"))).isInstanceOf(MoverJobs.State.Running.class);
        }
        movers.discard(read("n0"));
        assertThat(movers.poll(read("late"))).isInstanceOf(MoverJobs.State.Running.class);
        assertThat(jobs()).isEqualTo(4);
    }

    @Test
    void countsPrunesApart() {
        IntStream.range(0, 8).forEach(i -> movers.poll(read("n" + i)));
        assertThat(movers.reserve(request("p0", new MoverTask.Prune("10G")))).isEmpty();
        assertThat(movers.reserve(request("p1", new MoverTask.Prune("10G"))))
                .contains("waits for the only place for prunes, 0 before it");
    }

    @Test
    void countsPrunesThatRanBeforeARestart() {
        movers.poll(request("p0", new MoverTask.Prune("10G")));
        movers = movers();

        assertThat(movers.reserve(request("p1", new MoverTask.Prune("10G")))).isPresent();
        IntStream.range(0, 4)
                .forEach(i -> assertThat(movers.reserve(read("n" + i)))
                        .as("places for movers")
                        .isEmpty());
    }

    private long jobs() {
        return client.batch().v1().jobs().inAnyNamespace().list().getItems().size();
    }

    private static MoverJobs.Request read(String namespace) {
        return request(namespace, new MoverTask.Verify(List.of(SNAPSHOT)));
    }

    private static MoverJobs.Request fill(String namespace) {
        return request(namespace, new MoverTask.Mount("data", false));
    }

    private static MoverJobs.Request request(String namespace, MoverTask task) {
        return new MoverJobs.Request(
                namespace,
                "run-" + namespace,
                "id-" + namespace,
                task,
                new Repositories.Access(null, null, Repositories.Mode.READ, Optional.empty()));
    }

    private MoverJobs movers() {
        var config = TestConfig.of(Map.of(
                "breakwater.mover.image", "mover",
                "breakwater.budget.movers", "4",
                "breakwater.budget.prunes", "1"));
        WorkBudgets budgets = new WorkBudgets(config, new Meters(new SimpleMeterRegistry(), clock), clock);
        return new MoverJobs(client, config, TestRepositories.with(() -> List.of("current")), clock, budgets);
    }
}
