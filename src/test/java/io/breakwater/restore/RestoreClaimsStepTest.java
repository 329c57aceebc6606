package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.PointDocument.Kept;
import io.breakwater.config.TestConfig;
import io.breakwater.location.TestRegister;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.resource.ApiServer;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TypedObjectReference;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The claims that a volume of the point can be restored to. */
class RestoreClaimsStepTest {
    private static final long GIB = 1 << 30;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void requestsStorageForEveryByteOfADevice() {
        restore(
                claim("Block", "1Gi"),
                new PointDocument.Volume("disk", "csi", "1Gi", "/disk", "s", GIB + 512, 1, VolumeMode.Block, null));
        assertThat(created().getSpec().getVolumeMode()).isEqualTo("Block");
        assertThat(created()
                        .getSpec()
                        .getResources()
                        .getRequests()
                        .get("storage")
                        .getNumericalAmount()
                        .longValue())
                .isEqualTo(GIB + 512);
    }

    @Test
    void requestsTheOriginalVolumeSizeForFiles() {
        restore(
                claim("Filesystem", "1Gi"),
                new PointDocument.Volume(
                        "disk", "csi", "2Gi", "/volumes/disk", "s", 7, 1, VolumeMode.Filesystem, null));
        assertThat(created().getSpec().getResources().getRequests().get("storage"))
                .isEqualTo(new Quantity("2Gi"));
    }

    @Test
    void refusesADeviceThatIsTooSmall() {
        client.resource(claim("Block", "1Gi")).create();
        refused(
                claim("Block", "1Gi"),
                new PointDocument.Volume("disk", "csi", "1Gi", "/disk", "s", GIB + 512, 1, VolumeMode.Block, null),
                "has room for 1Gi, but the volume of the point has 1073742336 bytes");
    }

    @Test
    void refusesADifferentVolumeMode() {
        var files = new PointDocument.Volume(
                "disk", "csi", "1Gi", "/volumes/disk", "s", 7, 1); // written by an earlier version
        var device = new PointDocument.Volume("disk", "csi", "1Gi", "/disk", "s", 7, 1, VolumeMode.Block, null);
        refused(
                claim("Block", "1Gi"),
                files,
                "claim disk has volumeMode Block, but the volume of the point has volumeMode Filesystem");

        client.resource(claim("Filesystem", "1Gi")).create();
        refused(claim("Block", "1Gi"), device, "claim disk has volumeMode Filesystem");
    }

    @Test
    void createsClaimsFromRetainedSnapshots() {
        client.resource(storageClass("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("fast");

        restore(captured, kept("dir.example.com"));

        assertThat(created().getSpec().getDataSource().getKind()).isEqualTo("VolumeSnapshot");
        assertThat(created().getSpec().getDataSource().getName()).startsWith("breakwater-");
    }

    @Test
    void refusesSnapshotsOfAnotherDriver() {
        client.resource(storageClass("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("fast");

        refused(captured, kept("other.example.com"), "claim disk has StorageClass fast of driver dir.example.com");
    }

    /** A claim that was itself restored before carries all of them. */
    @Test
    void createsAClaimWithoutTracesOfItsFormerVolume() {
        PersistentVolumeClaim captured = new PersistentVolumeClaimBuilder(claim("Filesystem", "1Gi"))
                .editMetadata()
                .withLabels(Map.of("app", "db", "cut.breakwater.io/uid-1", "group"))
                .withAnnotations(Map.of(
                        "team", "shop",
                        "pv.kubernetes.io/bind-completed", "yes",
                        "volume.kubernetes.io/selected-node", "node-1",
                        "volume.beta.kubernetes.io/storage-provisioner", "old.example.com",
                        "volume.kubernetes.io/storage-resizer", "old.example.com"))
                .withFinalizers(
                        "kubernetes.io/pvc-protection", "snapshot.storage.kubernetes.io/pvc-as-source-protection")
                .withUid("old")
                .withResourceVersion("7")
                .addNewOwnerReference()
                .withUid("owner")
                .endOwnerReference()
                .endMetadata()
                .editSpec()
                .withVolumeName("pv-old")
                .withNewDataSource("snapshot.storage.k8s.io", "VolumeSnapshot", "gone")
                .withNewDataSourceRef("snapshot.storage.k8s.io", "VolumeSnapshot", "gone", "shop")
                .endSpec()
                .build();

        restore(captured, files());

        assertThat(created().getMetadata()).satisfies(meta -> {
            assertThat(meta.getLabels()).containsExactly(Map.entry("app", "db"));
            assertThat(meta.getAnnotations()).containsExactly(Map.entry("team", "shop"));
            assertThat(meta.getFinalizers()).isEmpty();
            assertThat(meta.getOwnerReferences()).isEmpty();
            assertThat(meta.getUid()).isNotEqualTo("old");
        });
        assertThat(created().getSpec()).satisfies(spec -> {
            assertThat(spec.getVolumeName()).isNull();
            assertThat(spec.getDataSource()).isNull();
            assertThat(spec.getDataSourceRef()).isNull();
        });
    }

    @Test
    void readsTheClassFromTheFormerAnnotation() {
        client.resource(storageClass("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getMetadata().setAnnotations(Map.of("volume.beta.kubernetes.io/storage-class", "fast"));

        restore(captured, files());

        assertThat(created().getSpec().getStorageClassName()).isEqualTo("fast");
        assertThat(created().getMetadata().getAnnotations()).isNullOrEmpty();
    }

    @Test
    void createsASnapshotClaimWithoutTheSourceOfTheFormerClaim() {
        client.resource(storageClass("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("fast");
        captured.getSpec()
                .setDataSourceRef(new TypedObjectReference("snapshot.storage.k8s.io", "VolumeSnapshot", "gone", null));

        restore(captured, kept("dir.example.com"));

        assertThat(created().getSpec().getDataSource().getName()).startsWith("breakwater-");
        assertThat(created().getSpec().getDataSourceRef())
                .as("the API server requires both to be equal")
                .isNull();
    }

    @Test
    void removesTheSelectorOfAClaimOnTheDefaultClass() {
        client.resource(standard("dir.example.com")).create();
        RestoreRun run = restore(selecting("manual"), files());
        assertThat(created().getSpec().getStorageClassName()).isNull();
        assertThat(created().getSpec().getSelector()).isNull();
        assertThat(run.status().warnings)
                .anyMatch(w -> w.contains("StorageClass manual does not exist"))
                .anyMatch(w -> w.contains("spec.selector was removed"));
    }

    @Test
    void leavesTheSelectorOfAClassWithVolumesMadeByHand() {
        client.resource(storageClass("kubernetes.io/no-provisioner")).create();
        restore(selecting("fast"), files());
        assertThat(created().getSpec().getStorageClassName()).isEqualTo("fast");
        assertThat(created().getSpec().getSelector()).isNotNull();
    }

    @Test
    void putsAFilledClaimWithoutClassOnTheDefaultClass() {
        client.resource(standard("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("");
        restore(captured, files());
        assertThat(created().getSpec().getStorageClassName()).isNull();
    }

    @Test
    void usesAClassOfTheDriverForASnapshotWhoseClassIsGone() {
        client.resource(standard("other.example.com")).create();
        client.resource(storageClass("dir.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("gone");
        restore(captured, kept("dir.example.com"));
        assertThat(created().getSpec().getStorageClassName()).isEqualTo("fast");
    }

    /** The class and the attributes do not exist yet; a dry run creates neither. */
    @Test
    void knowsTheClassesOfThePointInADryRun() {
        client.resource(standard("other.example.com")).create();
        PersistentVolumeClaim captured = claim("Filesystem", "1Gi");
        captured.getSpec().setStorageClassName("fast");
        captured.getSpec().setVolumeAttributesClassName("gold");
        RestoreRun run = run(files());
        client.resource(run.restore()).create();
        PlannedClasses planned =
                new PlannedClasses(List.of(storageClass("dir.example.com")), Map.of("gold", "dir.example.com"));

        assertThat(new RestoreClaimsStep(client, archives(captured, planned)).dryRun(run, true))
                .singleElement()
                .satisfies(line -> assertThat(line.detail()).doesNotContain("does not exist"));
        assertThat(new RestoreClaimsStep(client, archives(captured, PlannedClasses.NONE)).dryRun(run, true))
                .singleElement()
                .satisfies(line -> assertThat(line.detail())
                        .contains("StorageClass fast does not exist", "VolumeAttributesClass gold does not exist"));
    }

    private static PersistentVolumeClaim selecting(String storageClass) {
        PersistentVolumeClaim claim = claim("Filesystem", "1Gi");
        claim.getSpec().setStorageClassName(storageClass);
        claim.getSpec().setSelector(new LabelSelector(List.of(), Map.of("pool", "a")));
        return claim;
    }

    private static StorageClass standard(String driver) {
        StorageClass c = storageClass(driver);
        c.getMetadata().setName("standard");
        c.getMetadata().setAnnotations(Map.of("storageclass.kubernetes.io/is-default-class", "true"));
        return c;
    }

    private static PointDocument.Volume files() {
        return new PointDocument.Volume("disk", "csi", "1Gi", "/volumes/disk", "s", 7, 1, VolumeMode.Filesystem, null);
    }

    private static PointDocument.Volume kept(String driver) {
        return new PointDocument.Volume(
                "disk", "fast", "1Gi", "/volumes/disk", null, 0, 0, VolumeMode.Filesystem, new Kept(driver, "s-1"));
    }

    private static StorageClass storageClass(String driver) {
        return new StorageClassBuilder()
                .withNewMetadata()
                .withName("fast")
                .endMetadata()
                .withProvisioner(driver)
                .build();
    }

    private void refused(PersistentVolumeClaim captured, PointDocument.Volume volume, String message) {
        assertThatThrownBy(() -> restore(captured, volume))
                .hasMessageContaining(message)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Conflict));
    }

    private RestoreRun restore(PersistentVolumeClaim captured, PointDocument.Volume volume) {
        RestoreRun run = run(volume);
        client.resource(run.restore()).createOr(NonDeletingOperation::update);
        new RestoreClaimsStep(client, archives(captured, PlannedClasses.NONE)).run(run, 1);
        return run;
    }

    private PointArchive archives(PersistentVolumeClaim captured, PlannedClasses planned) {
        return new PointArchive(client, TestConfig.of(Map.of()), null, null) {
            @Override
            PlannedClasses plannedClasses(RestoreRun run) {
                return planned;
            }

            @Override
            List<PersistentVolumeClaim> claims(RestoreRun run) {
                return List.of(captured);
            }

            @Override
            ApiServer claimWriter(RestoreRun run) {
                return new ApiServer(client);
            }

            @Override
            JsonNode marked(RestoreRun run, PersistentVolumeClaim claim) {
                return ApiServer.JSON.valueToTree(claim);
            }
        };
    }

    private RestoreRun run(PointDocument.Volume volume) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("undo");
        restore.setSpec(new RestoreSpec());
        restore.setStatus(new RestoreStatus());
        VolumeFill fill = new VolumeFill();
        fill.pvc = volume.pvc();
        restore.getStatus().volumes = new ArrayList<>(List.of(fill));
        PointDocument document = PointDocument.builder(PointKeys.of("east", "shop", "p"), "uid")
                .repository(TestRegister.of(PointKeys.of("east", "shop", "p")).id())
                .policy("shop")
                .capturedAt("2026-01-02T03:04:05Z")
                .consistency(Consistency.Crash)
                .volumes(List.of(volume))
                .archive("archive", 1)
                .build();
        return new RestoreRun(
                restore,
                new PlainStatusWriter(client),
                Clock.systemUTC(),
                () -> new RestoreRun.Source(new BackupLocation(), document, "digest"),
                () -> {});
    }

    private PersistentVolumeClaim created() {
        return client.persistentVolumeClaims()
                .inNamespace("shop")
                .withName("disk")
                .get();
    }

    private static PersistentVolumeClaim claim(String mode, String size) {
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("disk")
                .endMetadata()
                .withNewSpec()
                .withVolumeMode(mode)
                .withNewResources()
                .addToRequests("storage", new Quantity(size))
                .endResources()
                .endSpec()
                .build();
    }
}
