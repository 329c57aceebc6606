package io.breakwater.capture;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;

/** Deletes the claims that a capture made from snapshots, together with their volumes, also if their class has the reclaimPolicy Retain. */
final class TemporaryClaims {
    private static final String BOUND = "Bound";
    private static final String DELETE = "Delete";
    private static final String PROVISIONER = "pv.kubernetes.io/provisioned-by";

    private final KubernetesClient client;

    TemporaryClaims(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Deletes the claims of a run.
     *
     * @param label value of the label {@link Api#RUN}
     * @param since start of the capture
     * @return whether the snapshots can be deleted too. A driver that may still create a volume from a snapshot holds the snapshot, and
     *     the snapshot controller looks at it again only after minutes.
     */
    boolean delete(String namespace, String label, Instant since) {
        var claims = client.persistentVolumeClaims().inNamespace(namespace);
        for (PersistentVolumeClaim claim :
                claims.withLabel(Api.RUN, label).list().getItems()) {
            if (claim.getSpec().getVolumeName() != null && claim.getSpec().getDataSource() != null) {
                reclaim(claim, since);
            }
            claims.resource(claim).delete();
        }
        return claims.withLabel(Api.RUN, label).list().getItems().stream().noneMatch(TemporaryClaims::isPending);
    }

    private static boolean isPending(PersistentVolumeClaim claim) {
        return claim.getSpec().getDataSource() != null
                && (claim.getStatus() == null || !BOUND.equals(claim.getStatus().getPhase()));
    }

    /** A tenant can write the label, but not a PersistentVolume. So older volumes, and those of an administrator, stay as they are. */
    private void reclaim(PersistentVolumeClaim claim, Instant since) {
        var resource = client.persistentVolumes().withName(claim.getSpec().getVolumeName());
        PersistentVolume volume = resource.get();
        if (volume != null
                && !DELETE.equals(volume.getSpec().getPersistentVolumeReclaimPolicy())
                && volume.getSpec().getClaimRef() != null
                && claim.getMetadata()
                        .getUid()
                        .equals(volume.getSpec().getClaimRef().getUid())
                && volume.getMetadata().getAnnotations() != null
                && volume.getMetadata().getAnnotations().containsKey(PROVISIONER)
                && !Instant.parse(volume.getMetadata().getCreationTimestamp()).isBefore(since)) {
            resource.patch(
                    PatchContext.of(PatchType.JSON_MERGE),
                    "{\"spec\":{\"persistentVolumeReclaimPolicy\":\"" + DELETE + "\"}}");
        }
    }
}
