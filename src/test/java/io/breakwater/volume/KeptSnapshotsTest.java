package io.breakwater.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.volume.KeptSnapshots.Handle;
import io.breakwater.volume.KeptSnapshots.Kept;
import io.breakwater.volume.KeptSnapshots.Owner;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records of retained snapshots and of their points in the cluster. */
class KeptSnapshotsTest {
    private static final ResourceDefinitionContext CONTENT =
            Snapshots.context(Snapshots.GROUP, "v1", "VolumeSnapshotContent", false);
    private static final ResourceDefinitionContext SNAPSHOT =
            Snapshots.context(Snapshots.GROUP, "v1", "VolumeSnapshot", true);
    private static final String POINT = "west/shop/monday";
    private static final Owner OWNER = new Owner("restorepoint.1", POINT, "ops/blob");
    private static final Handle HANDLE = new Handle("dir.example.com", "s-1");

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Snapshots snapshots = new Snapshots(client);
    private final KeptSnapshots kept = new KeptSnapshots(client, snapshots);

    @BeforeEach
    void cut() {
        create(SNAPSHOT, "shop", """
            apiVersion: snapshot.storage.k8s.io/v1
            kind: VolumeSnapshot
            metadata: {name: cut, namespace: shop, labels: {breakwater.io/run: restorepoint.1}}
            status: {boundVolumeSnapshotContentName: content, readyToUse: true}
            """);
        create(CONTENT, null, content("shop"));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void retainsTheSnapshotContentOfAPoint() {
        assertThat(kept.keep("shop", "cut", OWNER)).contains(HANDLE);
        kept.sealed(OWNER.run());

        assertThat(Snapshots.map(content().get("spec")).get("deletionPolicy")).isEqualTo("Retain");
        assertThat(kept.of("ops/blob")).singleElement().satisfies(k -> {
            assertThat(k.point()).isEqualTo(POINT);
            assertThat(k.sealed()).isTrue();
            assertThat(k.removedAt()).isNull();
        });
        assertThat(kept.of("ops/other")).isEmpty();
        assertThat(kept.isThere(POINT, HANDLE)).isTrue();
        assertThat(kept.isThere("west/shop/tuesday", HANDLE)).isFalse();
        assertThat(kept.isThere(POINT, new Handle("dir.example.com", "s-2"))).isFalse();
    }

    @Test
    void retainsNoContentOfAnotherNamespace() {
        client.genericKubernetesResources(CONTENT).withName("content").delete();
        create(CONTENT, null, content("victim"));

        assertThat(kept.keep("shop", "cut", OWNER)).isEmpty();
        assertThat(Snapshots.map(content().get("spec")).get("deletionPolicy")).isEqualTo("Delete");
    }

    @Test
    void recordsADeletionOnceAndRevertsIt() {
        kept.keep("shop", "cut", OWNER);
        Instant first = Instant.parse("2026-01-02T03:04:05Z");
        kept.markDeleted(POINT, first);
        kept.markDeleted(POINT, first.plusSeconds(60));
        Kept buried = kept.of("ops/blob").getFirst();
        assertThat(buried.removedAt()).isEqualTo(first);

        kept.unmarkDeleted(buried);
        Kept revived = kept.of("ops/blob").getFirst();
        assertThat(revived.removedAt()).isNull();
        assertThat(revived.sealed()).isTrue();
    }

    @Test
    void deletesTheImportedContentButNotTheSnapshot() {
        kept.keep("shop", "cut", OWNER);
        kept.importInto(POINT, HANDLE, "copy", "imported", "restore.7");
        kept.importInto(POINT, HANDLE, "copy", "imported", "restore.7");
        GenericKubernetesResource imported =
                client.genericKubernetesResources(CONTENT).withName("imported").get();
        assertThat(Snapshots.map(imported.get("spec")).get("deletionPolicy")).isEqualTo("Retain");
        assertThat(Snapshots.map(Snapshots.map(imported.get("spec")).get("source"))
                        .get("snapshotHandle"))
                .isEqualTo("s-1");
        assertThat(imported.getMetadata().getAnnotations())
                .isEqualTo(Map.of("snapshot.storage.kubernetes.io/deletion-secret-name", "secret"));
        assertThat(snapshots.state("copy", "imported")).isPresent();

        kept.removeImports("copy", "restore.7");
        assertThat(client.genericKubernetesResources(CONTENT)
                        .withName("imported")
                        .get())
                .isNull();
        assertThat(snapshots.state("copy", "imported")).isEmpty();
        assertThat(content()).isNotNull();
    }

    @Test
    void marksADroppedSnapshotForDeletionByTheDriver() {
        kept.keep("shop", "cut", OWNER);
        client.genericKubernetesResources(CONTENT).withName("content").edit(c -> {
            c.getMetadata().setFinalizers(List.of("test/hold"));
            return c;
        });

        kept.delete("content");
        assertThat(content().getMetadata().getDeletionTimestamp()).isNotNull();
        assertThat(Snapshots.map(content().get("spec")).get("deletionPolicy")).isEqualTo("Delete");
        assertThat(content().getMetadata().getAnnotations())
                .containsEntry("snapshot.storage.kubernetes.io/volumesnapshot-being-deleted", "yes");
        assertThat(kept.of("ops/blob")).isEmpty();
    }

    private GenericKubernetesResource content() {
        return client.genericKubernetesResources(CONTENT).withName("content").get();
    }

    private static String content(String namespace) {
        return """
            apiVersion: snapshot.storage.k8s.io/v1
            kind: VolumeSnapshotContent
            metadata:
              name: content
              annotations: {snapshot.storage.kubernetes.io/deletion-secret-name: secret}
            spec:
              deletionPolicy: Delete
              driver: dir.example.com
              volumeSnapshotRef: {namespace: NAMESPACE, name: cut}
            status: {snapshotHandle: s-1, readyToUse: true}
            """.replace("NAMESPACE", namespace);
    }

    private void create(ResourceDefinitionContext kind, String namespace, String yaml) {
        GenericKubernetesResource object =
                client.getKubernetesSerialization().unmarshal(yaml, GenericKubernetesResource.class);
        if (namespace == null) {
            client.genericKubernetesResources(kind).resource(object).create();
        } else {
            client.genericKubernetesResources(kind)
                    .inNamespace(namespace)
                    .resource(object)
                    .create();
        }
    }
}
