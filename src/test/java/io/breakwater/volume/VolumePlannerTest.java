package io.breakwater.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.volume.VolumePlanner.Planned;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A claim gets a snapshot, or a copy of the volume itself, or a refusal with a way out. */
class VolumePlannerTest {
    private static final String NAMESPACE = "shop";
    private static final String SNAPSHOTTER = "csi.example.com";

    private static final ResourceDefinitionContext CLASSES = new ResourceDefinitionContext.Builder()
            .withGroup("snapshot.storage.k8s.io")
            .withVersion("v1")
            .withKind("VolumeSnapshotClass")
            .withPlural("volumesnapshotclasses")
            .withNamespaced(false)
            .build();

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final FakeGroups groups = new FakeGroups();
    private final VolumePlanner planner = new VolumePlanner(client, groups);
    private final BackupPolicySpec policy = new BackupPolicySpec();

    @BeforeEach
    void snapshotClass() {
        policy.volumes = new BackupPolicySpec.Volumes();
        for (String name : List.of("zebra", "apple")) {
            client.genericKubernetesResources(CLASSES)
                    .resource(new GenericKubernetesResourceBuilder()
                            .withApiVersion("snapshot.storage.k8s.io/v1")
                            .withKind("VolumeSnapshotClass")
                            .withNewMetadata()
                            .withName(name)
                            .endMetadata()
                            .addToAdditionalProperties("driver", SNAPSHOTTER)
                            .build())
                    .create();
        }
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void snapshotsVolumesOfADriverWithAClass() {
        claim("data", SNAPSHOTTER, "Filesystem", "ReadWriteOnce");
        assertThat(plan()).extracting(Planned::snapshotClass).containsExactly("apple");

        policy.volumes.snapshotClassName = "zebra";
        policy.volumes.method = VolumeMethod.LiveCopy;
        assertThat(plan()).singleElement().satisfies(p -> {
            assertThat(p.snapshotClass()).isEqualTo("zebra");
            assertThat(p.live()).isFalse();
        });
    }

    @Test
    void skipsUnboundClaims() {
        claim("data", null, "Filesystem", "ReadWriteOnce");
        var claims = client.persistentVolumeClaims().inNamespace(NAMESPACE);
        claims.withName("data")
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .editSpec()
                        .withVolumeName(null)
                        .endSpec()
                        .build());
        assertThat(plan())
                .singleElement()
                .satisfies(p -> assertThat(p.skipped()).contains("not bound"));
    }

    @Test
    void skipsAClaimThatWaitsForTheVolumeItNames() {
        claim("data", SNAPSHOTTER, "Filesystem", "ReadWriteOnce");
        client.persistentVolumes().withName("pv-data").delete();
        phase("data", "Pending");
        assertThat(plan())
                .singleElement()
                .satisfies(p -> assertThat(p.skipped()).contains("not bound"));

        phase("data", "Lost");
        refused("its PersistentVolume pv-data does not exist");
    }

    private void phase(String claim, String phase) {
        client.persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName(claim)
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .withNewStatus()
                        .withPhase(phase)
                        .endStatus()
                        .build());
    }

    /** Kubernetes takes no snapshot of such a claim, but its pod still writes to it. */
    @Test
    void refusesAClaimThatIsBeingDeletedWhileAPodUsesIt() {
        deleted("data");
        pod("app", "data", "Running");
        refused("PersistentVolumeClaim data: it is being deleted while pod app uses it");
        policy.volumes.method = VolumeMethod.LiveCopy;
        refused("PersistentVolumeClaim data: it is being deleted while pod app uses it");
        policy.volumes.groupBy = "group";
        refused("copy the data of the claim that is being deleted to a new claim");

        policy.volumes.allowUnprotected = List.of("data");
        assertThat(plan())
                .singleElement()
                .satisfies(p -> assertThat(p.skipped()).contains("being deleted while pod app"));
    }

    @Test
    void skipsAClaimThatIsBeingDeletedAndUnused() {
        deleted("data");
        pod("over", "data", "Succeeded");
        assertThat(plan())
                .singleElement()
                .satisfies(p -> assertThat(p.skipped()).isEqualTo("the claim is being deleted, and no pod uses it"));
    }

    @Test
    void refusesAClaimWhosePersistentVolumeIsGone() {
        claim("data", SNAPSHOTTER, "Filesystem", "ReadWriteOnce");
        client.persistentVolumes().withName("pv-data").delete();
        refused("PersistentVolumeClaim data: its PersistentVolume pv-data does not exist; create the PersistentVolume"
                + " again, or delete the claim");
    }

    private void deleted(String name) {
        claim(name, SNAPSHOTTER, "Filesystem", "ReadWriteOnce");
        var claim = client.persistentVolumeClaims().inNamespace(NAMESPACE).withName(name);
        claim.edit(c -> new PersistentVolumeClaimBuilder(c)
                .editMetadata()
                .withFinalizers("kubernetes.io/pvc-protection")
                .endMetadata()
                .build());
        claim.delete();
        assertThat(claim.get().getMetadata().getDeletionTimestamp()).isNotNull();
    }

    @Test
    void refusesSkipsOrCopiesVolumesWithoutSnapshots() {
        claim("local", null, "Filesystem", "ReadWriteOnce");
        claim("other", "nfs.example.com", "Filesystem", "ReadWriteMany");
        refused("PersistentVolumeClaim local: its PersistentVolume is not from a CSI driver; PersistentVolumeClaim"
                + " other: no VolumeSnapshotClass for driver nfs.example.com");

        policy.volumes.allowUnprotected = List.of("local");
        refused("PersistentVolumeClaim other");

        policy.volumes.method = VolumeMethod.LiveCopy;
        assertThat(plan()).hasSize(2).allMatch(Planned::live);
    }

    @Test
    void readsBlockVolumesOnlyFromSnapshots() {
        claim("disk", SNAPSHOTTER, "Block", "ReadWriteOnce");
        assertThat(plan()).singleElement().satisfies(p -> {
            assertThat(p.snapshotClass()).isEqualTo("apple");
            assertThat(p.ofBlocks()).isTrue();
        });

        claim("other", "nfs.example.com", "Block", "ReadWriteOnce");
        policy.volumes.method = VolumeMethod.LiveCopy;
        refused("PersistentVolumeClaim other: it is a raw block volume, which Breakwater reads only from a snapshot; no"
                + " VolumeSnapshotClass for driver nfs.example.com");

        policy.volumes.allowUnprotected = List.of("other");
        assertThat(plan()).element(1).satisfies(p -> assertThat(p.skipped()).contains("raw block"));
    }

    @Test
    void refusesToReadFilesOfARunningDatabase() {
        policy.volumes.method = VolumeMethod.LiveCopy;
        BackupPolicySpec.Database database = new BackupPolicySpec.Database();
        database.name = "orders";
        database.postgresql = new BackupPolicySpec.Postgresql();
        database.postgresql.podSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "db").build();
        policy.databases = List.of(database);
        claim("data", null, "Filesystem", "ReadWriteOnce");
        pod("db", "data", "Running");
        refused("database orders");

        client.pods().inNamespace(NAMESPACE).withName("db").delete();
        pod("done", "data", "Succeeded");
        assertThat(plan()).as("without a running database").allMatch(Planned::live);
    }

    @Test
    void refusesLiveCopiesOfASinglePodVolumeInUse() {
        policy.volumes.method = VolumeMethod.LiveCopy;
        claim("data", null, "Filesystem", "ReadWriteOncePod");
        assertThat(plan()).allMatch(Planned::live);

        pod("web", "data", "Running");
        refused("ReadWriteOncePod");
    }

    @Test
    void readsASingleNodeVolumeOnItsNode() {
        var once = claim("once", null, "Filesystem", "ReadWriteOnce");
        var many = claim("many", null, "Filesystem", "ReadWriteMany");
        pod("web", "once", "Running");
        pod("app", "many", "Running");

        assertThat(ClaimUsers.node(client, once)).contains("node-1");
        assertThat(ClaimUsers.node(client, many)).isEmpty();
        client.pods().inNamespace(NAMESPACE).withName("web").delete();
        assertThat(ClaimUsers.node(client, once)).isEmpty();
    }

    @Test
    void groupsClaimsByLabel() {
        policy.volumes.groupBy = "example.com/app";
        claim("alone", SNAPSHOTTER, "Filesystem", "ReadWriteOnce");
        member("data", SNAPSHOTTER, "shop");
        member("files", SNAPSHOTTER, "shop");
        member("logs", SNAPSHOTTER, "audit");
        groups.serve("v1beta2", "zebras", "apples");

        assertThat(plan())
                .extracting(p -> p.claim().getMetadata().getName(), Planned::group, Planned::snapshotClass)
                .containsExactly(
                        tuple("alone", null, "apple"),
                        tuple("data", "shop", "apples"),
                        tuple("files", "shop", "apples"),
                        tuple("logs", "audit", "apples"));

        policy.volumes.groupBy = null;
        assertThat(plan()).allMatch(p -> p.group() == null && p.snapshotClass().equals("apple"));
    }

    @Test
    void refusesGroupsThatCannotBeSnapshotted() {
        policy.volumes.groupBy = "example.com/app";
        member("data", SNAPSHOTTER, "shop");
        refused("PersistentVolumeClaim data: no snapshot with its group example.com/app=shop is possible: the API"
                + " server does not serve groupsnapshot.storage.k8s.io");

        groups.serve("v1");
        refused("no VolumeGroupSnapshotClass for driver " + SNAPSHOTTER);
        policy.volumes.method = VolumeMethod.LiveCopy;
        refused("spec.volumes.groupBy");

        policy.volumes.allowUnprotected = List.of("data");
        assertThat(plan())
                .singleElement()
                .satisfies(p -> assertThat(p.skipped()).contains("no VolumeGroupSnapshotClass"));
    }

    @Test
    void refusesGroupsOfSeveralDrivers() {
        policy.volumes.groupBy = "example.com/app";
        groups.serve("v1", "apples");
        member("data", SNAPSHOTTER, "shop");
        member("local", null, "shop");
        refused("PersistentVolumeClaim data: no snapshot with its group example.com/app=shop is possible: a group"
                + " snapshot needs volumes of one driver, but the group has several: [" + SNAPSHOTTER + ", none]");
    }

    private void member(String name, String driver, String group) {
        claim(name, driver, "Filesystem", "ReadWriteOnce");
        client.persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName(name)
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .editMetadata()
                        .addToLabels("example.com/app", group)
                        .endMetadata()
                        .build());
    }

    /** An API of group snapshots with classes of {@link #SNAPSHOTTER}, served after {@link #serve}. */
    private final class FakeGroups extends GroupSnapshots {
        private String version;
        private List<GenericKubernetesResource> classes = List.of();

        FakeGroups() {
            super(VolumePlannerTest.this.client);
        }

        void serve(String served, String... names) {
            version = served;
            classes = Stream.of(names)
                    .map(name -> new GenericKubernetesResourceBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .endMetadata()
                            .addToAdditionalProperties("driver", SNAPSHOTTER)
                            .build())
                    .toList();
        }

        @Override
        public Optional<String> version() {
            return Optional.ofNullable(version);
        }

        @Override
        List<GenericKubernetesResource> classes(String asked) {
            assertThat(asked).isEqualTo(version);
            return classes;
        }
    }

    private List<Planned> plan() {
        return planner.plan(NAMESPACE, policy, c -> true);
    }

    private void refused(String message) {
        assertThatThrownBy(this::plan)
                .hasMessageContaining(message)
                .hasMessageContaining("spec.volumes.allowUnprotected")
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.VolumeUnprotectable));
    }

    private PersistentVolumeClaim claim(String name, String driver, String mode, String access) {
        var volume = new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName("pv-" + name)
                .endMetadata()
                .withNewSpec()
                .endSpec();
        client.resource((driver == null
                                ? volume.editSpec()
                                        .withNewHostPath("/data", null)
                                        .endSpec()
                                : volume.editSpec()
                                        .withNewCsi()
                                        .withDriver(driver)
                                        .endCsi()
                                        .endSpec())
                        .build())
                .create();
        return client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .withNewSpec()
                        .withVolumeName("pv-" + name)
                        .withVolumeMode(mode)
                        .withAccessModes(access)
                        .withNewResources()
                        .addToRequests("storage", new Quantity("1Gi"))
                        .endResources()
                        .endSpec()
                        .build())
                .create();
    }

    private void pod(String name, String claim, String phase) {
        client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NAMESPACE)
                        .withLabels(Map.of("app", name.equals("done") ? "db" : name))
                        .endMetadata()
                        .withNewSpec()
                        .withNodeName("node-1")
                        .addNewVolume()
                        .withName("data")
                        .withNewPersistentVolumeClaim(claim, false)
                        .endVolume()
                        .endSpec()
                        .withNewStatus()
                        .withPhase(phase)
                        .endStatus()
                        .build())
                .create();
    }
}
