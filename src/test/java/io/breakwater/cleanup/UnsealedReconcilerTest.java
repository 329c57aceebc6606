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
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.OwnedRepository;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a location is swept, and how the result is reported. */
class UnsealedReconcilerTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HandSweep sweep = new HandSweep();
    private final HandPrune prune = new HandPrune();
    private final UnsealedReconciler reconciler = new UnsealedReconciler(
            TestObjects.of(client),
            sweep,
            prune,
            new PruneReport(
                    new PlainStatusWriter(client),
                    TestEvents.of(client, Clock.systemUTC()),
                    new Meters(registry, Clock.systemUTC()),
                    Clock.systemUTC()),
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
        sweep.found = new UnsealedSweep.Found(2, 700, 1, 0, 3, 90, List.of(SHOP), List.of());
        prune.states.add(new RepositoryPrune.State.Running("a Job"));
        prune.states.add(new RepositoryPrune.State.Succeeded(80));
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> pruned("Completed") == 1);

        assertThat(count("snapshot")).isEqualTo(3);
        assertThat(count("archive")).isEqualTo(2);
        assertThat(count("upload")).isEqualTo(1);
        assertThat(prune.asked).containsExactly(SHOP, SHOP);
        assertThat(events("Normal"))
                .allMatch(e -> e.getReason().equals(Reason.Deleting.name()))
                .extracting(Event::getMessage)
                .anyMatch(m -> m.contains("the archives of 2 unfinished points") && m.contains("700 bytes"))
                .anyMatch(m -> m.contains("3 snapshots that no sealed point references"))
                .anyMatch(m -> m.contains("pruned repository east/shop") && m.contains("80 bytes"))
                .anyMatch(m -> m.contains("1 unfinished uploads"));
        assertThat(status(location).garbageBytes).isEqualTo(90);
        assertThat(status(location).lastPruneTime).isNotNull();
        assertThat(status(location).due).isZero();
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
                0,
                0,
                List.of(SHOP),
                List.of(BreakwaterException.permanent(Reason.Tampered, "the seal of p was altered")));
        prune.states.add(new RepositoryPrune.State.Failed(
                BreakwaterException.retryable(Reason.MoverFailed, "exit 11: it is locked")));
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> events("Warning").size() == 2);

        assertThat(events("Warning"))
                .extracting(Event::getReason)
                .containsExactlyInAnyOrder(Reason.Tampered.name(), Reason.MoverFailed.name());
        assertThat(pruned("Failed")).isEqualTo(1);
        assertThat(status(location).lastFailure).contains("exit 11: it is locked");
        assertThat(status(location).lastPruneTime).isNull();
    }

    @Test
    void postponesPrunesThatCannotStartNow() {
        sweep.found = new UnsealedSweep.Found(0, 0, 0, 0, 0, 0, List.of(SHOP), List.of());
        prune.states.add(new RepositoryPrune.State.Postponed("a capture uses the repository"));
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> prune.asked.size() == 1);
        reconciler.reconcile(location, null);

        assertThat(prune.asked).hasSize(1);
        assertThat(events("Warning")).isEmpty();
    }

    /** A prune may take long, and each one has a pod. */
    @Test
    void prunesTwoRepositoriesAtATime() {
        OwnedRepository bank = TestRegister.of("east", "bank");
        OwnedRepository desk = TestRegister.of("east", "desk");
        sweep.found = new UnsealedSweep.Found(0, 0, 0, 0, 0, 0, List.of(SHOP, bank, desk), List.of());
        BackupLocation location = location(true, AccessMode.ReadWrite);

        until(location, () -> prune.asked.size() >= 4);
        assertThat(prune.asked).containsOnly(SHOP, bank);
        prune.states.add(new RepositoryPrune.State.Succeeded(1));
        until(location, () -> prune.asked.contains(desk));
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

    private double pruned(String result) {
        var counter = registry.find(MeterName.PRUNES.registered())
                .tags("namespace", "ops", "location", "disk", "result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private BackupLocationStatus.PruneStatus status(BackupLocation location) {
        return client.resource(location).get().getStatus().prune;
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
    }

    /** Returns the next state of a list, and Running when the list is empty. */
    private static final class HandPrune extends RepositoryPrune {
        private final Queue<State> states = new ArrayDeque<>();
        private final List<OwnedRepository> asked = new ArrayList<>();

        HandPrune() {
            super(null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        State advance(BackupLocation location, OwnedRepository repository) {
            asked.add(repository);
            return states.isEmpty() ? new State.Running("a Job") : states.remove();
        }
    }
}
