package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.catalog.Catalog;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.fleet.CountedCluster;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.gateway.LostLeaseGuard;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.volume.GroupSnapshots;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.breakwater.volume.VolumePlanner;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a complete capture of a namespace without volumes asks of the API server. */
class CaptureCallsTest {
    private static final byte[] MASTER = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final CountedCluster cluster = new CountedCluster(Instant.parse("2026-11-30T12:02:00Z"));
    private final KubernetesClient client = cluster.client();
    private final Clock clock = cluster.clock();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "ops"));
    private final StatusWriter writer = new StatusWriter(client);
    private final SharedInformers informers = new SharedInformers(client);
    private final ObjectCache objects = new ObjectCache(client, informers, writer);
    private final Meters meters = new Meters(new SimpleMeterRegistry(), clock);
    private final Events events = TestEvents.of(client, clock);
    private final BackupLocation location = new BackupLocation();
    private final RestorePointReconciler reconciler = reconciler();

    @BeforeEach
    void addObjects() {
        List.of("kube-system", "ops", "shop").forEach(this::addNamespace);
        cluster.create(new SecretBuilder()
                .withNewMetadata()
                .withNamespace("ops")
                .withName(LocationKeys.DEFAULT_SECRET)
                .endMetadata()
                .withData(TestKeys.data(MASTER))
                .build());
        cluster.create(new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("settings")
                .endMetadata()
                .addToData("level", "info")
                .build());
        cluster.create(new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("web")
                .endMetadata()
                .withNewSpec()
                .addNewVolume()
                .withName("cache")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .endSpec()
                .build());
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("main");
        location.getMetadata().setUid("uid-of-main");
        location.setSpec(new BackupLocationSpec());
        informers.informer(Namespace.class).run();
        informers.informer(BackupLocation.class).run();
    }

    private void addNamespace(String name) {
        cluster.create(new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** The first capture of a process also asks for what all captures share, such as the kinds of the cluster. */
    @Test
    void asksForNothingTwice() {
        capture("daily");
        cluster.count();

        RestorePoint sealed = capture("hourly");

        Map<String, Long> calls = new TreeMap<>(cluster.calls());
        // After a crash of an earlier process each step is written, and all tests of a machine may share the mark of
        // it.
        calls.remove("apply restorepoints/status");
        assertThat(calls.values().stream().mapToLong(Long::longValue).sum())
                .as(calls::toString)
                .isLessThan(CountedCluster.kinds());
        calls.entrySet().removeIf(call -> call.getKey().startsWith("list ") && call.getValue() == 1);
        assertThat(calls)
                .as("all but one list of each kind")
                .isEqualTo(Map.of(
                        "create events", 1L,
                        "get backuppolicies", 1L,
                        // The definition of the policies, which the archive contains with them.
                        "get customresourcedefinitions", 1L,
                        // Its identity, whether a Restore writes to it, the same right before the snapshots, its
                        // archive.
                        "get namespaces", 4L,
                        // At the start, and right before the seal.
                        "get restorepoints", 2L,
                        // The key of the archive, and right before the seal.
                        "get secrets", 2L,
                        // Volumes to capture, and the archive.
                        "list persistentvolumeclaims", 2L,
                        // Hooks in annotations, and the archive.
                        "list pods", 2L));
        assertThat(sealed.getStatus().warnings)
                .containsExactly("the content of 1 emptyDir volume of pods is not in the point: web/cache");
    }

    /** Captures a point of a policy that had none. */
    private RestorePoint capture(String name) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName(name);
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef("main");
        cluster.create(policy);
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName(name);
        point.addFinalizer(Api.FINALIZER);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().policyRef = new NamedRef(name);
        cluster.create(point);
        await().atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
            reconciler.reconcile(cluster.get(point), null);
            assertThat(RestorePoint.needsWork(cluster.get(point)))
                    .as(() -> client.getKubernetesSerialization().asYaml(cluster.get(point)))
                    .isFalse();
        });
        assertThat(cluster.get(point).isSealed()).isTrue();
        return cluster.get(point);
    }

    private RestorePointReconciler reconciler() {
        LocationKeys keys = TestKeys.of(client);
        var stores = TestStores.always(new MemoryStore());
        Catalog catalog = new Catalog(stores, keys);
        Snapshots snapshots = new Snapshots(client);
        GroupSnapshots groups = new GroupSnapshots(client);
        NamespaceIdentities identities = new NamespaceIdentities(client, config, objects);
        return new RestorePointReconciler(
                client,
                config,
                writer,
                events,
                meters,
                clock,
                new FixedRoute(),
                new CaptureSteps(
                        client,
                        new NamespaceGate(client, config),
                        new VolumePlanner(client, groups),
                        catalog,
                        snapshots,
                        groups,
                        new KeptSnapshots(client, snapshots),
                        null,
                        new ArchiveUpload(client, keys, clock),
                        stores,
                        new LostLeaseGuard(),
                        null,
                        null,
                        null,
                        events,
                        null,
                        "1"),
                new PointCopies(
                        client, null, config, null, null, null, null, null, writer, events, meters, clock, identities),
                null,
                identities,
                new CaptureQueue(new WorkBudgets(config, meters, clock), TestIndex.empty(client), clock),
                catalog);
    }

    private final class FixedRoute extends PointRoutes {
        FixedRoute() {
            super(null, null);
        }

        @Override
        public PointRoute of(BackupPolicy policy) {
            return new PointRoute(location, List.of(), 0, Optional.empty(), true);
        }
    }
}
