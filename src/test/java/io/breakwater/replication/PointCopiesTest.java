package io.breakwater.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.gateway.StaleEpochGuard;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.RunLabel;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies of a point, against an API server in memory. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class PointCopiesTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.namespace", "ops", "breakwater.site", "east"));
    private final LocationResolver locations = TestLocations.of(client, config);
    final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Hands clock = new Hands();
    private final Map<String, Runnable> atLocation = new ConcurrentHashMap<>();
    private final List<String> copied = new CopyOnWriteArrayList<>();
    private final List<PointKey> unsealed = new ArrayList<>();
    private final LinkedBlockingQueue<String> wakes = new LinkedBlockingQueue<>();
    private Optional<EpochGuard.Guard> guard = Optional.empty();
    private String removedFrom;
    private PointCopies copies;

    private final PointIndex index = TestIndex.empty(client);

    @BeforeEach
    void makeObjects() {
        Stream.of("a", "b", "c").forEach(this::location);
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName("hourly");
        policy.getMetadata().setNamespace("shop");
        policy.setSpec(new BackupPolicySpec());
        client.resource(policy).create();
        copies = new PointCopies(
                client,
                index,
                config,
                locations,
                new FixedRoutes(),
                new StaleEpochGuard(),
                new FakeCatalog(),
                new FakeReplicator(),
                new PlainStatusWriter(client),
                TestEvents.of(client, clock),
                new Meters(registry, clock),
                clock,
                PointKeys.identities("east"));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void completesAPendingCopyAndCountsItsBytes() {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        atLocation.put("b", () -> {
            began.countDown();
            hold(go);
        });
        point("p1", "b");

        assertThat(push("p1")).isPresent();
        hold(began);
        assertThat(copy("p1", "b").state).isEqualTo(CopyState.Copying);
        assertThat(copies.busy(TestRegister.of("east", "shop").id())).isTrue();
        assertThat(copies.busy(TestRegister.of("east", "other").id())).isFalse();

        go.countDown();
        settle("p1");

        assertThat(copy("p1", "b").state).isEqualTo(CopyState.Completed);
        assertThat(copy("p1", "b").bytes).isEqualTo(1234);
        assertThat(copy("p1", "b").completedAt).isEqualTo("2026-11-23T12:00:00Z");
        assertThat(get("p1").getStatus().copiesCompleted).isEqualTo(1);
        assertThat(copies.busy(TestRegister.of("east", "shop").id())).isFalse();
        assertThat(push("p1")).as("every copy is complete").isEmpty();
        assertThat(registry.find(MeterName.REPLICATION_BYTES.registered())
                        .counter()
                        .count())
                .isEqualTo(1234);
    }

    @Test
    void copiesThePointOfTheObjectWhateverItsStatusNames() {
        point("p1", "b");
        client.resources(RestorePoint.class).inNamespace("shop").withName("p1").editStatus(p -> {
            p.getStatus().namespace = "bank";
            p.getStatus().point = "theirs";
            p.getStatus().site = "west";
            return p;
        });

        push("p1");
        settle("p1");

        assertThat(copied)
                .containsExactly("east/shop/p1 " + get("p1").getMetadata().getUid());
    }

    @Test
    void retriesAFailedLocationWithoutBlockingOthers() {
        atLocation.put("b", () -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "b does not answer");
        });
        point("p1", "b", "c");

        push("p1");
        settle("p1");
        settle("p1");

        assertThat(copy("p1", "b").state).isEqualTo(CopyState.Failed);
        assertThat(copy("p1", "b").message).isEqualTo("StoreUnavailable: b does not answer");
        assertThat(copy("p1", "c").state).isEqualTo(CopyState.Completed);
        assertThat(push("p1")).as("first pause").contains(Duration.ofSeconds(5));

        atLocation.remove("b");
        clock.now = clock.now.plusSeconds(5);
        push("p1");
        settle("p1");
        assertThat(copy("p1", "b").state).isEqualTo(CopyState.Completed);
        assertThat(copy("p1", "b").message).isNull();
        assertThat(get("p1").getStatus().copiesCompleted).isEqualTo(2);
    }

    @Test
    void limitsTheGrowthOfRetryPauses() {
        point("p1", "b");
        AtomicReference<BreakwaterException> error = new AtomicReference<>();
        atLocation.put("b", () -> {
            throw error.get();
        });
        error.set(BreakwaterException.retryable(Reason.StoreUnavailable, "b does not answer"));
        assertThat(pauses(7)).startsWith(5L, 10L, 20L).endsWith(120L, 120L);
        error.set(BreakwaterException.permanent(Reason.Forbidden, "b is forbidden"));
        assertThat(pauses(2)).endsWith(600L, 600L);
    }

    /** Seconds between the attempts of a copy to location b that fails. */
    private List<Long> pauses(int attempts) {
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < attempts; i++) {
            push("p1");
            settle("p1");
            Duration pause = push("p1").orElseThrow();
            pauses.add(pause.toSeconds());
            clock.now = clock.now.plus(pause);
        }
        return pauses;
    }

    @Test
    void copiesOnlyDivergentPointsInAStaleEpoch() {
        guard = Optional.of(new EpochGuard.Guard(new BackupLocation(), "shop", "plan", 3));
        point("p1", "b");
        point("p2", "b");
        client.resource(get("p2")).edit(p -> {
            p.getSpec().trigger = Trigger.Divergent;
            return p;
        });

        push("p1");
        settle("p1");
        push("p2");
        settle("p2");

        assertThat(copy("p1", "b").message).isEqualTo("LeaseLost: epoch 3 is over");
        assertThat(copy("p2", "b").state).isEqualTo(CopyState.Completed);
    }

    @Test
    void waitsForALocationThatIsNotReady() {
        client.resource(resolve("b")).edit(l -> {
            l.getStatus().conditions.getFirst().status = "False";
            l.getStatus().conditions.getFirst().message = "the account is gone";
            return l;
        });
        point("p1", "b");

        push("p1");
        settle("p1");

        assertThat(copy("p1", "b").message).contains("LocationNotReady", "shop/b", "the account is gone");
    }

    @Test
    void unsealsTheCopyOfAPointDeletedWhileCopying() {
        atLocation.put("b", () -> {
            client.resource(get("p1")).edit(p -> {
                p.getMetadata().setFinalizers(List.of(Api.FINALIZER));
                return p;
            });
            client.resource(get("p1")).delete();
        });
        point("p1", "b");

        push("p1");
        settle("p1");

        assertThat(unsealed).containsExactly(PointKeys.of("east", "shop", "p1"));
        assertThat(copy("p1", "b").state).isEqualTo(CopyState.Failed);
    }

    @Test
    void listsNoPointsForACopyWithoutPruning() {
        TestIndex.fill(index, client);
        point("p1", "b");
        cluster.reads().clear();

        push("p1");
        settle("p1");

        assertThat(cluster.reads()).isNotEmpty().noneMatch(path -> path.matches(".*/restorepoints([?].*)?"));
    }

    @Test
    void copiesNothingWhileAJobPrunesTheRepository() {
        client.resource(new JobBuilder()
                        .withNewMetadata()
                        .withName("unsealed")
                        .withNamespace("ops")
                        .addToLabels(
                                Api.RUN,
                                RunLabel.ofPrune(
                                        resolve("b"),
                                        TestRegister.of("east", "shop").id()))
                        .endMetadata()
                        .build())
                .create();
        point("p1", "b");

        push("p1");
        settle("p1");

        assertThat(copy("p1", "b").message).contains("Deleting", "waiting until the prune of repository");
    }

    Optional<Duration> push(String name) {
        return copies.push(get(name), () -> wakes.add(name));
    }

    /** Waits until a copy ends, and continues as the reconciler would. */
    void settle(String name) {
        await().atMost(Duration.ofSeconds(10)).until(() -> wakes.poll(10, TimeUnit.MILLISECONDS) != null);
        push(name);
    }

    private RestorePoint get(String name) {
        return client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName(name)
                .get();
    }

    private PointCopy copy(String name, String location) {
        return get(name).getStatus().copies.stream()
                .filter(c -> c.location.equals(location))
                .findFirst()
                .orElseThrow();
    }

    void point(String name, String... locations) {
        pointIn("shop", name, locations);
    }

    private void pointIn(String namespace, String name, String... locations) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setName(name);
        point.getMetadata().setNamespace(namespace);
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("hourly");
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().deletionPolicy = DeletionPolicy.Delete;
        point.setStatus(new RestorePointStatus());
        point.getStatus().site = "east";
        point.getStatus().namespace = namespace;
        point.getStatus().point = name;
        point.getStatus().location = "a";
        point.getStatus().copies =
                Stream.of(locations).map(PointCopies::pending).toList();
        client.resource(point).create();
    }

    private BackupLocation resolve(String name) {
        return locations.resolve("shop", new NamedRef(name));
    }

    private void location(String name) {
        location("shop", name);
    }

    private void location(String namespace, String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setName(name);
        location.getMetadata().setNamespace(namespace);
        location.setSpec(new BackupLocationSpec());
        location.setStatus(new BackupLocationStatus());
        Condition ready = new Condition();
        ready.type = Condition.READY;
        ready.status = "True";
        location.getStatus().conditions.add(ready);
        client.resource(location).create();
    }

    private static void hold(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A replicator whose result the test sets for each target. */
    private final class FakeReplicator extends Replicator {
        FakeReplicator() {
            super(null, null, null);
        }

        @Override
        public CopyResult copy(
                BackupLocation from, BackupLocation to, PointKey key, String uid, Runnable requireWanted) {
            copied.add(key + " " + uid);
            requireWanted.run();
            atLocation.getOrDefault(to.getMetadata().getName(), () -> {}).run();
            return new CopyResult(3, 1234, 0);
        }
    }

    private final class FakeCatalog extends Catalog {
        FakeCatalog() {
            super(null, null);
        }

        @Override
        public Optional<PointDocument> find(BackupLocation location, PointKey key) {
            return Optional.of(PointDocument.builder(key, "uid")
                    .repository(TestRegister.of(key).id())
                    .build());
        }

        @Override
        public void unseal(BackupLocation location, PointKey key) {
            unsealed.add(key);
        }
    }

    private final class FixedRoutes extends PointRoutes {
        FixedRoutes() {
            super(null, null);
        }

        @Override
        public PointRoute of(BackupPolicy policy) {
            return new PointRoute(resolve("a"), List.of(), 3, guard, true);
        }
    }

    /** A clock that the test sets. */
    private static final class Hands extends Clock {
        volatile Instant now = Instant.parse("2026-11-23T12:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }
}
