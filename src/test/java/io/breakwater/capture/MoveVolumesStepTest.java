package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.TestQuotas;
import io.breakwater.location.TestRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverProgress;
import io.breakwater.mover.MoverTask;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.WorkUrgency;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.TestAdoption;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The number of movers that run at the same time, their claims, and their progress. */
class MoveVolumesStepTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Set<String> running = new HashSet<>();
    private final Set<String> over = new HashSet<>();
    private final Set<String> discarded = new HashSet<>();
    private String failure;
    private String queued;
    private String reportedId;
    private final List<MoverTask> tasks = new ArrayList<>();
    private final List<MoverSettings> asked = new ArrayList<>();
    private final MemoryStore store = new MemoryStore();
    private final QuotaCheck quota = new QuotaCheck(
            TestQuotas.of(store, "west", System::nanoTime), new Activities(), TestEvents.of(client, Clock.systemUTC()));
    private final MoveVolumesStep move = new MoveVolumesStep(
            client,
            new ReadySnapshots(),
            new ManualMovers(),
            quota,
            TestRegister.of(store),
            TestAdoption.rule(PointKeys.identities("west"), List.of(), Optional::empty));

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Many points that wait would fill the storage with claims. */
    @Test
    void createsNoClaimBeforeItsMoverHasAPlace() {
        queued = "waits for one of 32 places for movers, 5 before it";
        CaptureRun run = run(new MoverSettings(), 1);

        assertThat(move.run(run, 1))
                .isEqualTo(Outcome.waiting("0 of 1 volumes moved; waiting for v0 (" + queued + ")"));
        assertThat(client.persistentVolumeClaims().inAnyNamespace().list().getItems())
                .as("temporary claims")
                .noneMatch(claim -> claim.getMetadata().getLabels() != null
                        && claim.getMetadata().getLabels().containsKey(Api.RUN));
    }

    @Test
    void movesVolumesWithTheParallelismOfThePolicy() {
        MoverSettings settings = new MoverSettings();
        settings.parallelism = 2;
        CaptureRun run = run(settings, 5);

        assertThat(move.run(run, 1))
                .isEqualTo(Outcome.waiting(
                        "0 of 5 volumes moved; waiting for v0 (is read), v1 (is read), v2 (its"
                                + " turn; spec.volumes.mover.parallelism is 2), v3 (its turn;"
                                + " spec.volumes.mover.parallelism is 2), v4 (its turn; spec.volumes.mover.parallelism"
                                + " is 2)",
                        Duration.ofSeconds(5)));
        assertThat(running).containsExactlyInAnyOrder("v0", "v1");
        assertThat(asked).containsOnly(settings);

        assertThat(run.status().transfer.summary).isEqualTo("6 B of 20 B, 2 B/s, 7s left");

        over.add("v1");
        move.run(run, 1);
        assertThat(running).containsExactlyInAnyOrder("v0", "v2");

        over.addAll(Set.of("v0", "v2", "v3", "v4"));
        assertThat(move.run(run, 1)).isInstanceOf(Outcome.Done.class);
        assertThat(run.status().volumes).allMatch(v -> v.repositorySnapshot.equals(Digests.sha256Hex(v.pvc)));
        assertThat(run.status().logicalBytes).isEqualTo(50);
        assertThat(run.status().size).isEqualTo("50 B");
        assertThat(run.status().transfer).isNull();
    }

    /** A quota counts claims and Jobs that nothing needs any more. */
    @Test
    void deletesTheClaimAndTheJobOfAVolumeThatIsMoved() {
        CaptureRun run = run(null, 2);
        move.run(run, 1);
        assertThat(temporaryClaims()).hasSize(2);

        over.add("v0");
        move.run(run, 1);

        assertThat(temporaryClaims())
                .containsExactly(MoverClaims.name(run, run.status().volumes.get(1)));
        assertThat(discarded).singleElement().asString().contains("/move/v0/");
    }

    /** The quota has room for one claim, and volumes are moved one after another. */
    @Test
    void waitsForTheRoomOfAnotherVolumeInAQuota() {
        CaptureRun run = run(null, 2);
        settle(run, 1);
        cluster.refuse("POST", "/persistentvolumeclaims", 403, EXCEEDED);

        assertThat(move.run(run, 1))
                .isInstanceOfSatisfying(
                        Outcome.Wait.class,
                        w -> assertThat(w.message())
                                .contains("v0 (is read)")
                                .contains("exceeded quota: tenant")
                                .contains("increase requests.storage of ResourceQuota tenant"));
        cluster.admitAll();
        over.addAll(Set.of("v0", "v1"));
        move.run(run, 1);
        assertThat(move.run(run, 1)).isInstanceOf(Outcome.Done.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                EXCEEDED + "|increase requests.storage of ResourceQuota tenant",
                "exceeded quota: claims, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=5, limited: persistentvolumeclaims=5"
                        + "|increase persistentvolumeclaims of ResourceQuota claims",
                "minimum storage usage per PersistentVolumeClaim is 5Gi, but request is 1Gi|change the LimitRange of the namespace"
            })
    void reportsTheQuotaThatRefusesTheOnlyClaim(String refusal, String wayOut) {
        CaptureRun run = run(null, 1);
        cluster.refuse("POST", "/persistentvolumeclaims", 403, "persistentvolumeclaims \"x\" is forbidden: " + refusal);

        assertThatThrownBy(() -> move.run(run, 1))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.SnapshotFailed);
                    assertThat(e.isRetryable()).isTrue();
                })
                .hasMessageContaining("volume v0")
                .hasMessageContaining(wayOut)
                .message()
                .doesNotContain("Failure executing", "http://");
    }

    private static final String EXCEEDED =
            "exceeded quota: tenant, requested: requests.storage=1Gi, used: requests.storage=1Gi, limited: requests.storage=1536Mi";

    /** Creates the claims of the first volumes. */
    private void settle(CaptureRun run, int volumes) {
        List<VolumeStatus> all = run.status().volumes;
        new MoverClaims(client, new ReadySnapshots()).ensure(run, all.get(volumes - 1), false);
    }

    private List<String> temporaryClaims() {
        return client.persistentVolumeClaims().inNamespace("shop").withLabel(Api.RUN).list().getItems().stream()
                .map(c -> c.getMetadata().getName())
                .toList();
    }

    /** The report is the termination message of a pod in the namespace, which its users can write. */
    @Test
    void refusesAReportWithAnIllegalSnapshotId() {
        CaptureRun run = run(null, 1);
        reportedId = "--repo=sftp:a@b:/c";
        over.add("v0");

        assertThatThrownBy(() -> move.run(run, 1))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MoverFailed))
                .hasMessageContaining("claim v0");
        assertThat(run.status().volumes.getFirst().repositorySnapshot).isNull();
    }

    @Test
    void movesFourVolumesAtATimeByDefault() {
        move.run(run(null, 6), 1);
        assertThat(running).containsExactlyInAnyOrder("v0", "v1", "v2", "v3");
    }

    /** A driver may support only access modes for many nodes. */
    @ParameterizedTest
    @CsvSource({
        ",ReadWriteOnce",
        "ReadWriteOnce,ReadWriteOnce",
        "ReadWriteMany ReadWriteOnce,ReadWriteOnce",
        "ReadWriteMany,ReadWriteMany",
        "ReadWriteOncePod,ReadWriteOncePod"
    })
    void usesAnAccessModeOfTheCapturedClaim(String modes, String expected) {
        CaptureRun run = run(null, 1);
        var source = client.persistentVolumeClaims().inNamespace("shop").withName("v0");
        source.edit(c -> new PersistentVolumeClaimBuilder(c)
                .editSpec()
                .withAccessModes(modes == null ? List.of() : List.of(modes.split(" ")))
                .endSpec()
                .build());
        move.run(run, 1);

        assertThat(client.persistentVolumeClaims()
                        .inNamespace("shop")
                        .withLabel(Api.RUN)
                        .list()
                        .getItems())
                .singleElement()
                .satisfies(c -> assertThat(c.getSpec().getAccessModes()).containsExactly(expected));
    }

    @ParameterizedTest
    @CsvSource({"gone", "''", "taken", "fast"})
    void readsTheSnapshotWithAClassOfItsDriver(String captured) {
        CaptureRun run = run(null, 1);
        bind(captured);
        storageClass("taken", "other.example.com");
        storageClass("fast", "dir.example.com");
        move.run(run, 1);
        assertThat(client.persistentVolumeClaims()
                        .inNamespace("shop")
                        .withLabel(Api.RUN)
                        .list()
                        .getItems())
                .singleElement()
                .satisfies(c -> assertThat(c.getSpec().getStorageClassName()).isEqualTo("fast"));
    }

    @Test
    void failsAtOnceWithoutAClassOfTheDriver() {
        CaptureRun run = run(null, 1);
        bind("gone");
        assertThatThrownBy(() -> move.run(run, 1))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isFalse())
                .hasMessageContaining("StorageClass gone does not exist any more")
                .hasMessageContaining("driver dir.example.com");
    }

    private void bind(String storageClass) {
        client.resource(new PersistentVolumeBuilder()
                        .withNewMetadata()
                        .withName("pv-0")
                        .endMetadata()
                        .withNewSpec()
                        .withNewCsi()
                        .withDriver("dir.example.com")
                        .endCsi()
                        .endSpec()
                        .build())
                .create();
        client.persistentVolumeClaims()
                .inNamespace("shop")
                .withName("v0")
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .editSpec()
                        .withStorageClassName(storageClass)
                        .withVolumeName("pv-0")
                        .endSpec()
                        .build());
    }

    private void storageClass(String name, String provisioner) {
        client.resource(new StorageClassBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .withProvisioner(provisioner)
                        .build())
                .create();
    }

    @Test
    void readsARawBlockVolumeFromADevice() {
        CaptureRun run = run(null, 2);
        run.status().volumes.getFirst().volumeMode = VolumeMode.Block;
        var source = client.persistentVolumeClaims().inNamespace("shop").withName("v0");
        source.edit(c -> new PersistentVolumeClaimBuilder(c)
                .editSpec()
                .withVolumeMode("Block")
                .endSpec()
                .build());
        move.run(run, 1);

        assertThat(tasks)
                .anySatisfy(t -> assertThat(t)
                        .isInstanceOfSatisfying(
                                MoverTask.BackupDevice.class,
                                b -> assertThat(b.path()).isEqualTo("/v0")))
                .anySatisfy(t -> assertThat(t)
                        .isInstanceOfSatisfying(
                                MoverTask.Backup.class,
                                b -> assertThat(b.path()).isEqualTo("/volumes/v1")));
        assertThat(client.persistentVolumeClaims()
                        .inNamespace("shop")
                        .withLabel(Api.RUN)
                        .list()
                        .getItems())
                .extracting(c -> c.getSpec().getVolumeMode())
                .containsExactlyInAnyOrder("Block", null);
    }

    @Test
    void reportsQuotaExceededWhenTheGatewayRefusesAMover() {
        TestRegister.create(store, "west", "shop");
        store.write(TestRegister.of("west", "shop").prefix() + "data/a", new byte[100], Precondition.NONE);
        CaptureRun run = run(null, 1);
        failure = "exit 1: Fatal: unexpected HTTP response (403): 403 Forbidden";
        assertThatThrownBy(() -> move.run(run, 1))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.QuotaExceeded));
        failure = "exit 1: Fatal: something else";
        assertThatThrownBy(() -> move.run(run, 1))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.MoverFailed));
    }

    @ParameterizedTest
    @CsvSource({
        // owners of the repository, namespace of the location, cluster of succession, plan, continued
        "east/shop/lost/n1,                     sys,  lost, false, true",
        "east/shop/lost/n1 east/shop/new/n2,    sys,  lost, false, false",
        "east/shop/lost/n1,                     sys,  ,     false, false",
        "east/shop/lost/n1,                     shop, ,     false, true",
        "east/shop/lost/n1 east/shop/new/n2,    shop, ,     false, true",
        "east/shop/lost/n1 east/bank/new/n2,    shop, ,     false, false",
        "east/bank/lost/n1,                     shop, ,     false, false",
        "west/shop/lost/n1,                     shop, ,     false, false",
        "west/shop/lost/n1,                     sys,  ,     true,  false",
        "east/shop/lost/n1,                     sys,  ,     true,  true"
    })
    void continuesOnlyRepositoriesOfItsSiteWithAdoptedOwners(
            String owners, String namespace, String predecessor, boolean plan, boolean continued) {
        List<CapturedNamespace> before = Stream.of(owners.split(" "))
                .map(path -> CapturedNamespace.of(List.of(path.split("/"))).orElseThrow())
                .toList();
        OwnedRepository earlier = TestRegister.create(store, before.getFirst());
        before.stream().skip(1).forEach(owner -> TestRegister.addOwner(store, earlier, owner));
        MoveVolumesStep step = new MoveVolumesStep(
                client,
                new ReadySnapshots(),
                new ManualMovers(),
                quota,
                TestRegister.of(store),
                TestAdoption.rule(
                        PointKeys.identities("east"),
                        plan ? List.of(TestAdoption.plan("shop", "west", "east")) : List.of(),
                        () -> Optional.ofNullable(predecessor)));
        CapturedNamespace own = PointKeys.source("east", "shop");
        CaptureRun run = run(null, 1, own, namespace);

        step.run(run, 1);

        String used = TestRegister.of(store)
                .find(run.route().location(), own)
                .orElseThrow()
                .id();
        assertThat(used.equals(earlier.id())).isEqualTo(continued);
    }

    private CaptureRun run(MoverSettings settings, int volumes) {
        return run(settings, volumes, PointKeys.source("west", "shop"), null);
    }

    /** @param locationNamespace null for any */
    private CaptureRun run(MoverSettings settings, int volumes, CapturedNamespace source, String locationNamespace) {
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(new BackupPolicySpec());
        if (settings != null) {
            policy.getSpec().volumes = new BackupPolicySpec.Volumes();
            policy.getSpec().volumes.mover = settings;
        }
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("point");
        point.getMetadata().setUid("uid");
        point.setSpec(new RestorePointSpec());
        point.setStatus(new RestorePointStatus());
        point.getStatus().volumes =
                IntStream.range(0, volumes).mapToObj(i -> volume("v" + i)).toList();
        point = client.resource(point).create();
        BackupLocation location = TestQuotas.location("100");
        if (locationNamespace != null) {
            location.getMetadata().setNamespace(locationNamespace);
        }
        PointRoute route = new PointRoute(location, List.of(), 0, Optional.empty(), true);
        return new CaptureRun(point, source, new PlainStatusWriter(client), Clock.systemUTC(), () -> {})
                .follow(policy, route);
    }

    private VolumeStatus volume(String pvc) {
        client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName(pvc)
                        .withNamespace("shop")
                        .endMetadata()
                        .withNewSpec()
                        .withNewResources()
                        .addToRequests("storage", new Quantity("1Gi"))
                        .endResources()
                        .endSpec()
                        .build())
                .create();
        VolumeStatus v = new VolumeStatus();
        v.pvc = pvc;
        v.snapshot = "snapshot-" + pvc;
        return v;
    }

    /** Snapshots that are ready. */
    private static final class ReadySnapshots extends Snapshots {
        ReadySnapshots() {
            super(null);
        }

        @Override
        public Optional<State> state(String namespace, String name) {
            return Optional.of(new State(Instant.EPOCH, true, null, null));
        }
    }

    /** Movers that end when the test decides it. */
    private final class ManualMovers extends MoverJobs {
        ManualMovers() {
            super(null, null, null, null);
        }

        @Override
        public Optional<String> ensureRepository(
                String namespace, Repositories.Access access, MoverSettings settings, WorkUrgency urgency) {
            asked.add(settings);
            return Optional.empty();
        }

        @Override
        public Optional<String> reserve(Request request) {
            return Optional.ofNullable(queued);
        }

        @Override
        public void discard(Request request) {
            discarded.add(request.id());
        }

        @Override
        public Optional<MoverProgress> progress(Request request) {
            return Optional.of(new MoverProgress(3, 10, 2));
        }

        @Override
        public State poll(Request request) {
            tasks.add(request.task());
            String path = request.task() instanceof MoverTask.BackupDevice b
                    ? b.path()
                    : ((MoverTask.Backup) request.task()).path();
            String pvc = path.substring(path.lastIndexOf('/') + 1);
            asked.add(request.settings());
            if (failure != null) {
                return new State.Failed(failure);
            }
            if (!over.contains(pvc)) {
                running.add(pvc);
                return new State.Running("is read");
            }
            running.remove(pvc);
            return new State.Succeeded(JsonNodeFactory.instance
                    .objectNode()
                    .put("snapshot_id", reportedId == null ? Digests.sha256Hex(pvc) : reportedId)
                    .put("total_bytes_processed", 10));
        }
    }
}
