package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.PointDocument;
import io.breakwater.volume.StorageClassSelector;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Decides how a captured claim is created again, and checks that a claim fits the volume that is restored to it. */
final class ClaimResolver {
    private final StorageClassSelector classes;
    private final ClaimClassRules rules;

    /** @param planned classes that exist before the claims do */
    ClaimResolver(KubernetesClient client, PlannedClasses planned) {
        this.classes = new StorageClassSelector(client, planned.storage());
        this.rules = new ClaimClassRules(client, planned);
    }

    /**
     * The claim as it was captured, created from the retained snapshot if there is one.
     *
     * @param filled whether the run fills the claim
     * @param warnings receives deviations from the captured claim
     * @throws BreakwaterException Conflict, when the StorageClass has another driver than the snapshot
     */
    PersistentVolumeClaim resolve(
            RestoreRun run,
            PersistentVolumeClaim captured,
            PointDocument.Volume volume,
            boolean filled,
            List<String> warnings) {
        PersistentVolumeClaim claim = claim(captured, volume, filled, run.target(), warnings);
        if (filled && volume.kept() != null) {
            checkDriver(run, claim, volume.kept().driver());
            claim.getSpec()
                    .setDataSource(new TypedLocalObjectReference(
                            "snapshot.storage.k8s.io",
                            "VolumeSnapshot",
                            ImportSnapshotsStep.snapshot(run, volume.pvc())));
        }
        return claim;
    }

    /** Only the driver that has a snapshot can create a volume from it. */
    private void checkDriver(RestoreRun run, PersistentVolumeClaim claim, String driver) {
        String name = claim.getSpec().getStorageClassName();
        StorageClass wanted = classes.find(name).orElse(null);
        if (wanted != null && !driver.equals(wanted.getProvisioner())) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + claim.getMetadata().getName() + " has StorageClass " + name + " of driver "
                            + wanted.getProvisioner() + ", but its data is a snapshot of driver " + driver
                            + "; map the claim to a class of that driver in spec.transforms, or back it up with"
                            + " spec.volumes.method: SnapshotAndMove");
        }
    }

    /** The claim as it was captured: not bound, and large enough for its data. */
    private PersistentVolumeClaim claim(
            PersistentVolumeClaim captured,
            PointDocument.Volume volume,
            boolean filled,
            String namespace,
            List<String> warnings) {
        ObjectMeta meta = captured.getMetadata();
        PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(meta.getName())
                .withNamespace(namespace)
                .withLabels(withoutCut(meta.getLabels()))
                .withAnnotations(wanted(meta.getAnnotations()))
                .endMetadata()
                .withNewSpecLike(captured.getSpec())
                .withVolumeName(null)
                .withDataSource(null)
                .withDataSourceRef(null)
                .endSpec()
                .build();
        if (volume != null && volume.size() != null) {
            Quantity requested = claim.getSpec().getResources().getRequests().get("storage");
            Quantity needed = neededSize(volume);
            if (needed.getNumericalAmount().compareTo(requested.getNumericalAmount()) > 0) {
                claim.getSpec().getResources().getRequests().put("storage", needed);
            }
        }
        String driver =
                volume == null || volume.kept() == null ? null : volume.kept().driver();
        claim.getSpec().setStorageClassName(StorageClassSelector.nameOf(captured));
        rules.apply(claim, filled, driver).forEach(w -> warnings.add("claim " + meta.getName() + ": " + w));
        return claim;
    }

    /** The size that a claim needs. A device is filled completely, and may have been larger than its claim. */
    private static Quantity neededSize(PointDocument.Volume volume) {
        Quantity size = new Quantity(volume.size());
        return volume.ofBlocks()
                        && volume.logicalBytes() > size.getNumericalAmount().longValue()
                ? new Quantity(Long.toString(volume.logicalBytes()))
                : size;
    }

    /** Without labels of a group snapshot that was taken while the claim was captured: a later one would include the claim. */
    private static Map<String, String> withoutCut(Map<String, String> labels) {
        Map<String, String> wanted = new TreeMap<>(labels == null ? Map.of() : labels);
        wanted.keySet().removeIf(k -> k.startsWith(Api.CUT));
        return wanted;
    }

    private static Map<String, String> wanted(Map<String, String> annotations) {
        Map<String, String> wanted = new TreeMap<>(annotations == null ? Map.of() : annotations);
        wanted.keySet()
                .removeIf(k -> k.startsWith("pv.kubernetes.io/")
                        || k.startsWith("volume.kubernetes.io/")
                        || k.startsWith("volume.beta.kubernetes.io/")
                        || k.startsWith(Api.GROUP + "/")
                        || k.equals("kubectl.kubernetes.io/last-applied-configuration"));
        return wanted;
    }

    /** Data of a device can be restored only to a device, and files only to a file system. A transform may have changed the claim. */
    static void checkMode(RestoreRun run, PersistentVolumeClaim claim, PointDocument.Volume volume) {
        if (volume != null && volume.ofBlocks() != VolumePlanner.isBlock(claim)) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + claim.getMetadata().getName() + " has volumeMode " + mode(VolumePlanner.isBlock(claim))
                            + ", but the volume of the point has volumeMode " + mode(volume.ofBlocks())
                            + "; delete the claim or restore into another namespace, and do not change its volumeMode");
        }
    }

    private static String mode(boolean block) {
        return block ? "Block" : "Filesystem";
    }

    static void checkSize(RestoreRun run, PersistentVolumeClaim present, PointDocument.Volume volume) {
        checkMode(run, present, volume);
        Quantity size = VolumePlanner.sizeOf(present);
        if (volume.logicalBytes() > size.getNumericalAmount().longValue()) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + present.getMetadata().getName() + " has room for " + size
                            + ", but the volume of the point has " + volume.logicalBytes()
                            + " bytes; enlarge spec.resources.requests.storage of the claim");
        }
    }
}
