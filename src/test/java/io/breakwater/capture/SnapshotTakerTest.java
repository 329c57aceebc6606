package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.capture.SnapshotTaker.Prepared;
import io.breakwater.capture.SnapshotTaker.TakenSnapshot;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.trust.PointKeys;
import io.breakwater.volume.GroupSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The snapshots that are created, and the labels on the claims of a group, which are removed afterwards. */
class SnapshotTakerTest {
    private static final String NAMESPACE = "shop";
    private static final Instant MOMENT = Instant.parse("2026-01-02T03:04:05Z");
    private static final ResourceDefinitionContext SNAPSHOT = new ResourceDefinitionContext.Builder()
            .withGroup("snapshot.storage.k8s.io")
            .withVersion("v1")
            .withKind("VolumeSnapshot")
            .withPlural("volumesnapshots")
            .withNamespaced(true)
            .build();
    private static final ResourceDefinitionContext GROUP = new ResourceDefinitionContext.Builder()
            .withGroup("groupsnapshot.storage.k8s.io")
            .withVersion("v1beta1")
            .withKind("VolumeGroupSnapshot")
            .withPlural("volumegroupsnapshots")
            .withNamespaced(true)
            .build();

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Set<String> omitted = new HashSet<>();
    private final SnapshotTaker taker = new SnapshotTaker(new CutSnapshots(), new Controller(), Duration.ofMillis(200));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void takesOneSnapshotPerGroupAndOnePerOtherVolume() {
        CaptureRun run = run(volume("alone", null), volume("data", "shop"), volume("files", "shop"));
        claim("stranger");

        Prepared prepared = taker.prepare(run);
        assertThat(marked()).containsExactlyInAnyOrder("data", "files");
        assertThat(snapshots())
                .as("no snapshot is created before the application is quiesced")
                .isEmpty();

        Map<String, TakenSnapshot> taken = taker.resolve(run, prepared, taker.take(run, prepared));
        assertThat(groups()).hasSize(1);
        String group = groups().getFirst().getMetadata().getName();
        assertThat(taken.get("data")).isEqualTo(new TakenSnapshot("of-data", MOMENT, group));
        assertThat(taken.get("files")).isEqualTo(new TakenSnapshot("of-files", MOMENT, group));
        assertThat(taken.get("alone").group()).isNull();
        assertThat(taken).hasSize(3);
        assertThat(marked()).isEmpty();
    }

    @Test
    void deletesGroupsAndLabelsOfAnInterruptedAttempt() {
        CaptureRun run = run(volume("data", "shop"), volume("files", "shop"));
        Prepared lost = taker.prepare(run);
        taker.take(run, lost); // and here the process died

        taker.discard(run);
        assertThat(groups()).isEmpty();
        assertThat(marked()).isEmpty();
    }

    @Test
    void failsWhenAGroupSnapshotLacksAMember() {
        CaptureRun run = run(volume("data", "shop"), volume("files", "shop"));
        omitted.add("files");
        Prepared prepared = taker.prepare(run);
        Map<String, Instant> moments = taker.take(run, prepared);
        failed(() -> taker.resolve(run, prepared, moments), "no member for claims files");
    }

    @Test
    void failsWhenAGroupSnapshotContainsAnotherClaim() {
        CaptureRun run = run(volume("data", "shop"));
        Prepared prepared = taker.prepare(run);
        claim("intruder");
        String label = Api.CUT + run.uid();
        String value = get("data").getMetadata().getLabels().get(label);
        client.persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName("intruder")
                .edit(c -> new PersistentVolumeClaimBuilder(c)
                        .editMetadata()
                        .addToLabels(label, value)
                        .endMetadata()
                        .build());
        Map<String, Instant> moments = taker.take(run, prepared);
        failed(() -> taker.resolve(run, prepared, moments), "intruder");
    }

    private static void failed(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call).hasMessageContaining(message).isInstanceOfSatisfying(BreakwaterException.class, e -> {
            assertThat(e.reason()).isEqualTo(Reason.SnapshotFailed);
            assertThat(e.isRetryable()).isTrue();
        });
    }

    private List<String> marked() {
        return client.persistentVolumeClaims().inNamespace(NAMESPACE).list().getItems().stream()
                .map(PersistentVolumeClaim::getMetadata)
                .filter(m ->
                        m.getLabels() != null && m.getLabels().keySet().stream().anyMatch(k -> k.startsWith(Api.CUT)))
                .map(m -> m.getName())
                .toList();
    }

    private List<GenericKubernetesResource> groups() {
        return client.genericKubernetesResources(GROUP)
                .inNamespace(NAMESPACE)
                .list()
                .getItems();
    }

    private List<GenericKubernetesResource> snapshots() {
        return client.genericKubernetesResources(SNAPSHOT)
                .inNamespace(NAMESPACE)
                .list()
                .getItems();
    }

    private PersistentVolumeClaim get(String name) {
        return client.persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .withName(name)
                .get();
    }

    private void claim(String name) {
        client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NAMESPACE)
                        .addToLabels("app", name)
                        .endMetadata()
                        .build())
                .create();
    }

    private VolumeStatus volume(String pvc, String group) {
        claim(pvc);
        VolumeStatus v = new VolumeStatus();
        v.pvc = pvc;
        v.group = group;
        v.snapshotClass = group == null ? "single" : "together";
        return v;
    }

    private CaptureRun run(VolumeStatus... volumes) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(NAMESPACE);
        point.getMetadata().setName("point");
        point.getMetadata().setUid("uid");
        point.getMetadata().setCreationTimestamp("2026-01-01T00:00:00Z");
        point.setSpec(new RestorePointSpec());
        point.setStatus(new RestorePointStatus());
        point.getStatus().volumes = new ArrayList<>(List.of(volumes));
        return new CaptureRun(
                        point,
                        PointKeys.source("west", NAMESPACE),
                        new PlainStatusWriter(client),
                        Clock.systemUTC(),
                        () -> {})
                .follow(new BackupPolicy(), null);
    }

    /** Snapshots that are taken at once. */
    private final class CutSnapshots extends Snapshots {
        CutSnapshots() {
            super(SnapshotTakerTest.this.client);
        }

        @Override
        public Optional<State> state(String namespace, String name) {
            return super.state(namespace, name).map(s -> new State(MOMENT.plusSeconds(1), true, null, null));
        }
    }

    /** The snapshot controller: it creates a member for each claim that the selector of the group finds. */
    private final class Controller extends GroupSnapshots {
        Controller() {
            super(SnapshotTakerTest.this.client);
        }

        @Override
        public Optional<String> version() {
            return Optional.of("v1beta1");
        }

        @Override
        public void create(
                String version,
                String namespace,
                String uid,
                String name,
                String groupClass,
                Map<String, String> labels) {
            assertThat(groupClass).isEqualTo("together");
            super.create(version, namespace, uid, name, groupClass, labels);
            GenericKubernetesResource group = groups().getFirst();
            Map<String, String> selector = group.get("spec", "source", "selector", "matchLabels");
            client.persistentVolumeClaims().inNamespace(namespace).withLabels(selector).list().getItems().stream()
                    .map(c -> c.getMetadata().getName())
                    .filter(claim -> !omitted.contains(claim))
                    .forEach(claim -> client.genericKubernetesResources(SNAPSHOT)
                            .inNamespace(namespace)
                            .resource(new GenericKubernetesResourceBuilder()
                                    .withApiVersion("snapshot.storage.k8s.io/v1")
                                    .withKind("VolumeSnapshot")
                                    .withNewMetadata()
                                    .withName("of-" + claim)
                                    .withNamespace(namespace)
                                    .addNewOwnerReference()
                                    .withKind("VolumeGroupSnapshot")
                                    .withName(name)
                                    .endOwnerReference()
                                    .endMetadata()
                                    .addToAdditionalProperties(
                                            "spec", Map.of("source", Map.of("persistentVolumeClaimName", claim)))
                                    .build())
                            .create());
        }

        @Override
        public Optional<State> state(String version, String namespace, String name) {
            return super.state(version, namespace, name).map(s -> new State(MOMENT, null));
        }
    }
}
