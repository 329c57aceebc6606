package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.QuotaAdvice;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.ServerMessage;
import io.breakwater.steps.RunNames;
import io.breakwater.volume.Snapshots;
import io.breakwater.volume.StorageClassSelector;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;

/** The claims that the movers of a capture read: created from snapshots, or the captured claims themselves. */
final class MoverClaims {
    private static final String ONCE = "ReadWriteOnce";

    private static final String NEEDED_ROOM =
            "; a capture needs room for the claim of at least one volume, and is faster with room for"
                    + " spec.volumes.mover.parallelism claims";

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final StorageClassSelector classes;

    MoverClaims(KubernetesClient client, Snapshots snapshots) {
        this.client = client;
        this.snapshots = snapshots;
        this.classes = new StorageClassSelector(client);
    }

    /**
     * Creates the claim that the mover reads. Returns what it waits for; empty when the claim exists.
     *
     * @param othersMove whether movers of the run work, whose claims are deleted when they end. Then the claim waits for the room
     *     that they leave in a quota
     */
    Optional<String> ensure(CaptureRun run, VolumeStatus v, boolean othersMove) {
        if (isLive(v)) {
            return Optional.empty();
        }
        Snapshots.State snapshot = snapshots
                .state(run.namespace(), v.snapshot)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.SnapshotFailed,
                        "VolumeSnapshot " + run.namespace() + "/" + v.snapshot + " of claim " + v.pvc
                                + " was deleted before its data was moved; create another RestorePoint"));
        if (!snapshot.ready()) {
            return Optional.of(waitReason(snapshot));
        }
        Optional<BreakwaterException> refusal = create(run, v, name(run, v), snapshot.restoreSize());
        if (refusal.isPresent()
                && !(othersMove && QuotaAdvice.isUsedUp(refusal.get().getMessage()))) {
            throw refusal.get();
        }
        return refusal.map(BreakwaterException::getMessage);
    }

    /** Deletes the claim of a volume that is in the repository: a quota counts it, and others may need its room. */
    void release(CaptureRun run, VolumeStatus v) {
        if (!isLive(v)) {
            client.persistentVolumeClaims()
                    .inNamespace(run.namespace())
                    .withName(name(run, v))
                    .delete();
        }
    }

    /** What a snapshot that is not ready waits for. */
    static String waitReason(Snapshots.State snapshot) {
        return snapshot.error() == null ? "its snapshot is not ready yet" : "its snapshot reports: " + snapshot.error();
    }

    /** Whether the volume itself is read, because it has no snapshot. */
    static boolean isLive(VolumeStatus v) {
        return Boolean.TRUE.equals(v.live);
    }

    /** Name of the claim that the mover reads. */
    static String name(CaptureRun run, VolumeStatus v) {
        return isLive(v) ? v.pvc : RunNames.of(run.uid() + "/claim/" + v.pvc);
    }

    /** Creates the claim unless it exists. Returns the refusal of the API server; empty without one. */
    private Optional<BreakwaterException> create(CaptureRun run, VolumeStatus v, String name, String restoreSize) {
        var claims = client.persistentVolumeClaims().inNamespace(run.namespace());
        if (claims.withName(name).get() != null) {
            return Optional.empty();
        }
        PersistentVolumeClaim source = source(run, v);
        PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(run.namespace())
                .addToLabels(Api.RUN, run.label())
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withNewSpec()
                .withAccessModes(accessMode(source))
                .withStorageClassName(storageClass(source, v))
                .withVolumeMode(source.getSpec().getVolumeMode())
                .withNewResources()
                .addToRequests("storage", size(source, restoreSize))
                .endResources()
                .withNewDataSource()
                .withApiGroup("snapshot.storage.k8s.io")
                .withKind("VolumeSnapshot")
                .withName(v.snapshot)
                .endDataSource()
                .endSpec()
                .build();
        try {
            claims.resource(claim).create();
            return Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return Optional.empty();
            }
            String message = ServerMessage.of(e);
            return Optional.of(BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    "could not create a claim from VolumeSnapshot " + run.namespace() + "/" + v.snapshot
                            + ", from which a mover reads volume " + v.pvc + ": " + message
                            + (QuotaAdvice.isUsedUp(message) ? NEEDED_ROOM : ""),
                    e));
        }
    }

    /**
     * The class of the temporary claim: that of the captured claim, if the driver of the snapshot creates its volumes. Otherwise
     * another class of this driver, since no other driver can read the snapshot.
     */
    private String storageClass(PersistentVolumeClaim source, VolumeStatus v) {
        String name = StorageClassSelector.nameOf(source);
        String driver = VolumePlanner.driver(client, source);
        Optional<StorageClass> wanted = classes.find(name);
        if (driver == null
                || wanted.filter(c -> driver.equals(c.getProvisioner())).isPresent()) {
            return name;
        }
        return classes.ofDriver(driver)
                .map(c -> c.getMetadata().getName())
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.SnapshotFailed,
                        "PersistentVolumeClaim " + source.getMetadata().getNamespace() + "/" + v.pvc
                                + " cannot be read: "
                                + (name == null || name.isEmpty()
                                        ? "it has no StorageClass"
                                        : "StorageClass " + name
                                                + (wanted.isPresent()
                                                        ? " has another driver"
                                                        : " does not exist any more"))
                                + ", and no StorageClass of driver " + driver + " exists for its snapshot; create a"
                                + " StorageClass with provisioner " + driver));
    }

    /** The captured claim. */
    PersistentVolumeClaim source(CaptureRun run, VolumeStatus v) {
        PersistentVolumeClaim source = client.persistentVolumeClaims()
                .inNamespace(run.namespace())
                .withName(v.pvc)
                .get();
        if (source == null) {
            throw BreakwaterException.permanent(
                    Reason.SnapshotFailed,
                    "PersistentVolumeClaim " + run.namespace() + "/" + v.pvc
                            + " was deleted during the capture; create another RestorePoint");
        }
        return source;
    }

    /** An access mode that the driver supports. One mover reads the claim, so ReadWriteOnce is enough where it is listed. */
    private static String accessMode(PersistentVolumeClaim source) {
        List<String> modes = source.getSpec().getAccessModes();
        return modes.isEmpty() || modes.contains(ONCE) ? ONCE : modes.getFirst();
    }

    private static Quantity size(PersistentVolumeClaim source, String restoreSize) {
        Quantity requested = VolumePlanner.sizeOf(source);
        if (restoreSize == null) {
            return requested;
        }
        Quantity least = new Quantity(restoreSize);
        return least.getNumericalAmount().compareTo(requested.getNumericalAmount()) > 0 ? least : requested;
    }
}
