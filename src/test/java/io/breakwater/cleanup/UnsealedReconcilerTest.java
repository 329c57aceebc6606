package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.config.TestConfig;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a location is swept, and how the result is reported. */
class UnsealedReconcilerTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HandSweep sweep = new HandSweep();
    private final UnsealedReconciler reconciler = new UnsealedReconciler(
            client,
            sweep,
            TestConfig.of(Map.of()),
            new Meters(registry, Clock.systemUTC()),
            TestEvents.of(client, Clock.systemUTC()),
            Clock.systemUTC());

    private static final OwnedRepository SHOP = TestRegister.of("east", "shop");

    UnsealedReconcilerTest() {
        TestLocations.start(reconciler, client);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesFindingsOnceAndReportsEventsAndMetrics() {
        sweep.found = new UnsealedSweep.Found(2, 700, 1, 0, Map.of(SHOP, List.of("a", "b", "c")), List.of());
        sweep.states.add(Optional.of(new MoverJobs.State.Running("a Job")));
        sweep.states.add(Optional.of(new MoverJobs.State.Succeeded(null)));
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> count("snapshot") == 3);

        assertThat(count("archive")).isEqualTo(2);
        assertThat(count("upload")).isEqualTo(1);
        assertThat(sweep.asked).containsExactly("shop [a, b, c]", "shop [a, b, c]");
        assertThat(events("Normal"))
                .allMatch(e -> e.getReason().equals(Reason.Deleting.name()))
                .extracting(Event::getMessage)
                .anyMatch(m -> m.contains("the archives of 2 unfinished points") && m.contains("700 bytes"))
                .anyMatch(m -> m.contains("3 snapshots of namespace shop"))
                .anyMatch(m -> m.contains("1 unfinished uploads"));
        reconciler.reconcile(location, null);
        assertThat(sweep.sweeps).as("sweeps before an hour is over").isEqualTo(1);
    }

    @Test
    void reportsFailuresWithTheirReason() {
        sweep.found = new UnsealedSweep.Found(
                0,
                0,
                0,
                0,
                Map.of(SHOP, List.of("a")),
                List.of(BreakwaterException.permanent(Reason.Tampered, "the seal of p was altered")));
        sweep.states.add(Optional.of(new MoverJobs.State.Failed("exit 11: it is locked")));

        until(location(true, AccessMode.ReadWrite), () -> events("Warning").size() == 2);

        assertThat(events("Warning"))
                .extracting(Event::getReason)
                .containsExactlyInAnyOrder(Reason.Tampered.name(), Reason.MoverFailed.name());
        assertThat(count("snapshot")).isZero();
    }

    @Test
    void postponesDeletionsThatCannotStartNow() {
        sweep.found = new UnsealedSweep.Found(0, 0, 0, 0, Map.of(SHOP, List.of("a")), List.of());
        sweep.states.add(Optional.empty());
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> sweep.asked.size() == 1);
        reconciler.reconcile(location, null);

        assertThat(sweep.asked).hasSize(1);
        assertThat(count("snapshot")).isZero();
    }

    @Test
    void skipsLocationsThatAreNotReadyOrReadOnly() {
        reconciler.reconcile(location(false, AccessMode.ReadWrite), null);
        reconciler.reconcile(location(true, AccessMode.ReadOnly), null);

        assertThat(sweep.sweeps).isZero();
    }

    private void until(BackupLocation location, java.util.concurrent.Callable<Boolean> reached) {
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    reconciler.reconcile(location, null);
                    return reached.call();
                });
    }

    private double count(String kind) {
        var counter = registry.find(MeterName.UNSEALED_SWEPT.registered())
                .tags("namespace", "ops", "location", "disk", "kind", kind)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private List<Event> events(String type) {
        return client.v1().events().inNamespace("ops").list().getItems().stream()
                .filter(e -> e.getType().equals(type))
                .toList();
    }

    private BackupLocation location(boolean ready, AccessMode mode) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName(mode == AccessMode.ReadOnly ? "readonly" : "disk");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().accessMode = mode;
        location.setStatus(new BackupLocationStatus());
        Condition condition = new Condition();
        condition.type = Condition.READY;
        condition.status = ready ? "True" : "False";
        location.getStatus().conditions.add(condition);
        return client.resource(location).create();
    }

    private static final class HandSweep extends UnsealedSweep {
        private final Queue<Optional<MoverJobs.State>> states = new ArrayDeque<>();
        private final List<String> asked = new ArrayList<>();
        private volatile UnsealedSweep.Found found;
        private volatile int sweeps;

        HandSweep() {
            super(null, TestConfig.of(Map.of()), null, null, null, null, null, null, null, null);
        }

        @Override
        Found sweep(BackupLocation location) {
            sweeps++;
            return found;
        }

        @Override
        Optional<MoverJobs.State> forget(BackupLocation location, OwnedRepository repository, List<String> snapshots) {
            asked.add(repository.source().name() + " " + snapshots);
            return states.remove();
        }
    }
}
