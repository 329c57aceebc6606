package io.breakwater.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.volume.KeptSnapshots.Owner;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** After a capture no snapshot is left in the storage, whatever the deletionPolicy of the class. */
class ContentDeletionTest {
    private static final String RUN = "restorepoint.1";
    private static final Instant BEFORE = Instant.now().minus(Duration.ofHours(1));

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Snapshots snapshots = new Snapshots(client);

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesTheContentsOfARetainingClass() {
        content("bound", snapshot("bound"), "source: {volumeHandle: v-1}", "");
        snapshot("early", "{}");
        content("early", "early", "source: {volumeHandle: v-2}", "");

        snapshots.deleteWithContents("shop", RUN, BEFORE);

        assertThat(policy("bound")).isEqualTo("Delete");
        assertThat(policy("early")).as("its snapshot does not name it yet").isEqualTo("Delete");
        assertThat(snapshots.state("shop", "bound")).isEmpty();
    }

    @Test
    void leavesRetainedSnapshotsOfPoints() {
        content("content", snapshot("cut"), "source: {volumeHandle: v-1}", "status: {snapshotHandle: s-1}");
        KeptSnapshots kept = new KeptSnapshots(client, snapshots);
        assertThat(kept.keep("shop", "cut", new Owner(RUN, "west/shop/monday", "ops/blob")))
                .isPresent();

        snapshots.deleteWithContents("shop", RUN, BEFORE);
        assertThat(policy("content")).isEqualTo("Retain");
    }

    /** A tenant can give a label and a status to a VolumeSnapshot. */
    @Test
    void leavesWhatTheCaptureDidNotMake() {
        content("static", snapshot("static"), "source: {snapshotHandle: s-1}", "");
        content("other", snapshot("mine"), "source: {volumeHandle: v-1}", "");
        client.genericKubernetesResources(Snapshots.SNAPSHOT)
                .inNamespace("shop")
                .withName("mine")
                .delete();
        snapshot("mine"); // with another uid

        snapshots.deleteWithContents("shop", RUN, BEFORE);
        assertThat(policy("static")).as("made by an administrator").isEqualTo("Retain");
        assertThat(policy("other")).as("of another snapshot").isEqualTo("Retain");

        content("oldest", snapshot("oldest"), "source: {volumeHandle: v-1}", "");
        snapshots.deleteWithContents("shop", RUN, Instant.now().plusSeconds(5));
        assertThat(policy("oldest")).as("older than the capture").isEqualTo("Retain");
    }

    @Test
    void deletesGroupsWithTheirMembers() {
        create(GROUP, """
            apiVersion: groupsnapshot.storage.k8s.io/v1
            kind: VolumeGroupSnapshot
            metadata: {name: all, namespace: shop, labels: {breakwater.io/run: restorepoint.1}}
            status: {boundVolumeGroupSnapshotContentName: group}
            """, "shop");
        String uid = client.genericKubernetesResources(GROUP)
                .inNamespace("shop")
                .withName("all")
                .get()
                .getMetadata()
                .getUid();
        create(GROUP_CONTENT, """
            apiVersion: groupsnapshot.storage.k8s.io/v1
            kind: VolumeGroupSnapshotContent
            metadata: {name: group}
            spec:
              deletionPolicy: Retain
              driver: dir.example.com
              source: {volumeHandles: [v-1, v-2]}
              volumeGroupSnapshotRef: {namespace: shop, name: all, uid: %s}
            status: {volumeGroupSnapshotHandle: g-1}
            """.formatted(uid), null);
        content("member", "any", "source: {volumeHandle: v-1}", "status: {volumeGroupSnapshotHandle: g-1}");
        content("stranger", "any", "source: {volumeHandle: v-1}", "status: {volumeGroupSnapshotHandle: g-2}");

        new Served(client).delete("shop", RUN, "uid", BEFORE);

        assertThat(policy(GROUP_CONTENT, "group")).isEqualTo("Delete");
        assertThat(policy("member")).isEqualTo("Delete");
        assertThat(policy("stranger")).isEqualTo("Retain");
        assertThat(client.genericKubernetesResources(GROUP)
                        .inNamespace("shop")
                        .list()
                        .getItems())
                .isEmpty();
    }

    private static final ResourceDefinitionContext CONTENT =
            Snapshots.context(Snapshots.GROUP, "v1", "VolumeSnapshotContent", false);
    private static final ResourceDefinitionContext GROUP =
            Snapshots.context(GroupSnapshots.GROUP, "v1", "VolumeGroupSnapshot", true);
    private static final ResourceDefinitionContext GROUP_CONTENT =
            Snapshots.context(GroupSnapshots.GROUP, "v1", "VolumeGroupSnapshotContent", false);

    private static final class Served extends GroupSnapshots {
        Served(KubernetesClient client) {
            super(client);
        }

        @Override
        public Optional<String> version() {
            return Optional.of("v1");
        }
    }

    /** A snapshot that is bound to the content with its name, or to "content" for the name "cut". */
    private String snapshot(String name) {
        snapshot(name, "{boundVolumeSnapshotContentName: " + (name.equals("cut") ? "content" : bound(name)) + "}");
        return name;
    }

    private static String bound(String name) {
        return name.equals("mine") ? "other" : name;
    }

    private void snapshot(String name, String status) {
        create(Snapshots.SNAPSHOT, """
            apiVersion: snapshot.storage.k8s.io/v1
            kind: VolumeSnapshot
            metadata: {name: %s, namespace: shop, labels: {breakwater.io/run: restorepoint.1}}
            status: %s
            """.formatted(name, status), "shop");
    }

    private void content(String name, String snapshot, String source, String status) {
        GenericKubernetesResource of = client.genericKubernetesResources(Snapshots.SNAPSHOT)
                .inNamespace("shop")
                .withName(snapshot)
                .get();
        create(
                CONTENT,
                """
            apiVersion: snapshot.storage.k8s.io/v1
            kind: VolumeSnapshotContent
            metadata: {name: %s}
            spec:
              deletionPolicy: Retain
              driver: dir.example.com
              %s
              volumeSnapshotRef: {namespace: shop, name: %s, uid: %s}
            %s
            """.formatted(
                                name,
                                source,
                                snapshot,
                                of == null ? "none" : of.getMetadata().getUid(),
                                status),
                null);
    }

    private Object policy(String name) {
        return policy(CONTENT, name);
    }

    private Object policy(ResourceDefinitionContext kind, String name) {
        GenericKubernetesResource content =
                client.genericKubernetesResources(kind).withName(name).get();
        return Snapshots.map(content.get("spec")).get("deletionPolicy");
    }

    private void create(ResourceDefinitionContext kind, String yaml, String namespace) {
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
