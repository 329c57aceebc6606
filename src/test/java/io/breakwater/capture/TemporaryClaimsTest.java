package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A class with reclaimPolicy Retain also applies to the claims that a capture makes from snapshots. */
class TemporaryClaimsTest {
    private static final String RUN = "restorepoint.1";
    private static final String PROVISIONER = "pv.kubernetes.io/provisioned-by";
    private static final Instant BEFORE = Instant.now().minusSeconds(3600);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final TemporaryClaims claims = new TemporaryClaims(cluster.client());

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesTheVolumesOfARetainingClass() {
        volume("pv-a", claim("a", RUN, true), PROVISIONER);
        volume("pv-b", claim("b", "restorepoint.2", true), PROVISIONER);

        claims.delete("shop", RUN, BEFORE);

        assertThat(policy("pv-a")).isEqualTo("Delete");
        assertThat(policy("pv-b")).as("of another run").isEqualTo("Retain");
        assertThat(cluster.client()
                        .persistentVolumeClaims()
                        .inNamespace("shop")
                        .list()
                        .getItems())
                .extracting(c -> c.getMetadata().getName())
                .containsExactly("b");
    }

    /** The driver may still create a volume: until the claim is gone, its snapshot cannot be deleted. */
    @Test
    void holdsSnapshotsOfClaimsThatAreNotBound() {
        PersistentVolumeClaim pending = claim("a", RUN, true);
        keepAfterDeletion(pending, "Pending");
        assertThat(claims.delete("shop", RUN, BEFORE)).isFalse();

        keepAfterDeletion(pending, "Bound");
        assertThat(claims.delete("shop", RUN, BEFORE)).isTrue();

        named(pending).edit(c -> {
            c.getMetadata().setFinalizers(null);
            return c;
        });
        assertThat(claims.delete("shop", RUN, BEFORE)).isTrue();
    }

    private void keepAfterDeletion(PersistentVolumeClaim claim, String phase) {
        named(claim)
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .editMetadata()
                        .withFinalizers("kubernetes.io/pvc-protection")
                        .endMetadata()
                        .withNewStatus()
                        .withPhase(phase)
                        .endStatus()
                        .build());
    }

    private Resource<PersistentVolumeClaim> named(PersistentVolumeClaim claim) {
        return cluster.client()
                .persistentVolumeClaims()
                .inNamespace("shop")
                .withName(claim.getMetadata().getName());
    }

    /** A tenant can write the label. */
    @Test
    void leavesVolumesThatTheCaptureDidNotMake() {
        volume("pv-a", claim("a", RUN, true), "example.com/made-by-hand");
        volume("pv-b", claim("b", RUN, false), PROVISIONER);
        PersistentVolumeClaim other = claim("c", RUN, true);
        other.getMetadata().setUid("another");
        volume("pv-c", other, PROVISIONER);
        claims.delete("shop", RUN, BEFORE);

        volume("pv-d", claim("d", RUN, true), PROVISIONER);
        claims.delete("shop", RUN, Instant.now().plusSeconds(5));

        for (String name : new String[] {"pv-a", "pv-b", "pv-c", "pv-d"}) {
            assertThat(policy(name)).as(name).isEqualTo("Retain");
        }
    }

    private String policy(String name) {
        return cluster.client()
                .persistentVolumes()
                .withName(name)
                .get()
                .getSpec()
                .getPersistentVolumeReclaimPolicy();
    }

    private PersistentVolumeClaim claim(String name, String run, boolean fromSnapshot) {
        var spec = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .addToLabels(Api.RUN, run)
                .endMetadata()
                .withNewSpec()
                .withVolumeName("pv-" + name);
        return cluster.client()
                .resource((fromSnapshot
                                ? spec.withNewDataSource("snapshot.storage.k8s.io", "VolumeSnapshot", "cut")
                                : spec)
                        .endSpec()
                        .build())
                .create();
    }

    private void volume(String name, PersistentVolumeClaim claim, String annotation) {
        cluster.add(new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToAnnotations(annotation, "dir.example.com")
                .endMetadata()
                .withNewSpec()
                .withPersistentVolumeReclaimPolicy("Retain")
                .withNewClaimRef()
                .withUid(claim.getMetadata().getUid())
                .endClaimRef()
                .endSpec()
                .build());
    }
}
