package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetainedQuotaTest {
    private static final ResourceDefinitionContext CONTENT = new ResourceDefinitionContext.Builder()
            .withGroup("snapshot.storage.k8s.io")
            .withVersion("v1")
            .withKind("VolumeSnapshotContent")
            .withPlural("volumesnapshotcontents")
            .withNamespaced(false)
            .build();

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final RetainedQuota quota =
            new RetainedQuota(new KeptSnapshots(cluster.client(), new Snapshots(cluster.client())));
    private final BackupLocation location = new BackupLocation();

    @BeforeEach
    void retain() {
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("disk");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().quota = new Quota();
        content("a", "west/shop/p1", "ops/disk", 100);
        content("b", "west/shop/p2", "ops/disk", 100);
        content("of-another-namespace", "west/web/p1", "ops/disk", 1000);
        content("of-another-location", "west/shop/p1", "ops/other", 1000);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void countsTheSnapshotsOfTheNamespaceInTheLocation() {
        location.getSpec().quota.keptSnapshots = 4;

        assertThatCode(() -> quota.requireRoom(location, "shop", 2)).doesNotThrowAnyException();
        refuses(3, "uses 2 snapshots in the storage and needs 3 more, of 4 (spec.quota.keptSnapshots)");
    }

    @Test
    void countsTheirBytes() {
        location.getSpec().quota.keptBytes = "201";
        assertThatCode(() -> quota.requireRoom(location, "shop", 1)).doesNotThrowAnyException();

        location.getSpec().quota.keptBytes = "200";
        refuses(1, "200 of 200 bytes in snapshots in the storage");
    }

    @Test
    void hasNoLimitWithoutAQuota() {
        assertThatCode(() -> quota.requireRoom(location, "shop", 1000)).doesNotThrowAnyException();
    }

    @Test
    void permitsACaptureWithoutSnapshots() {
        location.getSpec().quota.keptSnapshots = 0;

        assertThatCode(() -> quota.requireRoom(location, "shop", 0)).doesNotThrowAnyException();
    }

    private void refuses(int snapshots, String words) {
        assertThatThrownBy(() -> quota.requireRoom(location, "shop", snapshots))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.QuotaExceeded);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining(words);
    }

    private void content(String name, String point, String of, int size) {
        cluster.client()
                .genericKubernetesResources(CONTENT)
                .resource(
                        Serialization.unmarshal("""
                        apiVersion: snapshot.storage.k8s.io/v1
                        kind: VolumeSnapshotContent
                        metadata:
                          name: %s
                          labels: {breakwater.io/kept-for: x}
                          annotations: {breakwater.io/point: %s, breakwater.io/location: %s}
                        spec: {deletionPolicy: Retain}
                        status: {restoreSize: %d}
                        """.formatted(name, point, of, size), GenericKubernetesResource.class))
                .create();
    }
}
