package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.NamedRef;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.HandClock;
import io.breakwater.steps.RunNames;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The settings of a policy hold for the movers of all tasks. */
class MoverPlacementTest {
    private static final String ID = "ab".repeat(32);
    private static final String OPERATOR = "breakwater-system";
    private static final BreakwaterConfig CONFIG = TestConfig.of(Map.of(
            "breakwater.site",
            "east",
            "breakwater.mover.image",
            "mover",
            "breakwater.mover.pod-defaults",
            "{\"priorityClassName\":\"low\",\"pullSecrets\":[\"registry\"],\"labels\":{\"team\":\"x\"},"
                    + "\"nodeSelector\":{\"pool\":\"default\"}}"));
    private static final List<MoverTask> MAINTENANCE = List.of(
            new MoverTask.Init("0123456789abcdef"),
            new MoverTask.Rekey("0123456789abcdef"),
            new MoverTask.Verify(List.of(ID)),
            new MoverTask.Prune("10G"));
    private static final List<MoverTask> WRITING = List.of(
            new MoverTask.Fill("claim", "/volumes/data", ID),
            new MoverTask.FillDevice("claim", "/data", ID),
            new MoverTask.Files("claim", "/volumes/data", ID, false, List.of("/a")),
            new MoverTask.Mount("claim", false));

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final HandClock clock = new HandClock();
    private final MoverJobs movers =
            new MoverJobs(cluster.client(), CONFIG, TestRepositories.with(() -> List.of("current")), clock);

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Jobs of deletions, cleanups and rotations run in the namespace of the operator. */
    @Test
    void maintainsARepositoryWithTheSettingsOfItsOwner() {
        String uid = namespace("shop");
        policy("shop");
        for (MoverTask task : MAINTENANCE) {
            PodSpec pod = start(task, uid);
            assertThat(pod.getNodeSelector()).as("%s", task).isEqualTo(Map.of("pool", "backup"));
            assertThat(pod.getTolerations()).extracting(Toleration::getKey).containsExactly("batch");
            assertThat(pod.getContainers().getFirst().getResources().getLimits())
                    .containsEntry("cpu", new Quantity("1"));
            assertThat(pod.getPriorityClassName()).isEqualTo("low");
            assertThat(pod.getImagePullSecrets()).hasSize(1);
        }
    }

    @Test
    void maintainsTheRepositoryOfANamespaceThatIsGoneWithTheDefaults() {
        policy("shop");
        for (MoverTask task : MAINTENANCE) {
            PodSpec pod = start(task, "uid-of-shop");
            assertThat(pod.getNodeSelector()).as("%s", task).isEqualTo(Map.of("pool", "default"));
            assertThat(pod.getContainers().getFirst().getResources().getLimits())
                    .doesNotContainKey("cpu");
        }
    }

    /** A user who writes policies cannot prevent the rotation of a master key. */
    @Test
    void usesTheDefaultsAfterAMoverThatCouldNotStart() {
        String uid = namespace("shop");
        policy("shop");
        MoverTask task = MAINTENANCE.get(1);
        start(task, uid);
        MoverJobs.Request request = request(task, uid);

        clock.pass(CONFIG.mover().start().plusSeconds(1));
        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Failed.class);
        movers.delete(OPERATOR, request.run());

        assertThat(start(task, uid).getNodeSelector()).isEqualTo(Map.of("pool", "default"));
    }

    /** The volume may exist on other nodes only, so a rule that excludes them would prevent the restore. */
    @Test
    void prefersTheNodesOfThePolicyForAVolumeThatExists() {
        claim("pv-1");
        for (MoverTask task : WRITING) {
            PodSpec pod = restored(task);
            assertThat(pod.getNodeSelector()).as("%s", task).isNullOrEmpty();
            assertThat(preferred(pod.getAffinity()))
                    .containsExactly(new NodeSelectorRequirement("pool", "In", List.of("backup")));
            assertThat(pod.getTolerations()).extracting(Toleration::getKey).containsExactly("batch");
        }
    }

    /** The first pod of a claim decides where the volume is created, and the application must reach it. */
    @Test
    void createsAVolumeOnAnyNode() {
        claim(null);
        for (MoverTask task : WRITING) {
            PodSpec pod = restored(task);
            assertThat(pod.getNodeSelector()).as("%s", task).isNullOrEmpty();
            assertThat(pod.getAffinity()).isNull();
        }
    }

    private PodSpec restored(MoverTask task) {
        MoverJobs.Request request =
                new MoverJobs.Request("shop", "run", task.toString(), task, access("uid"), settings());
        movers.poll(request);
        return pod("shop", request);
    }

    private static List<NodeSelectorRequirement> preferred(Affinity affinity) {
        return affinity.getNodeAffinity().getPreferredDuringSchedulingIgnoredDuringExecution().stream()
                .flatMap(p -> p.getPreference().getMatchExpressions().stream())
                .toList();
    }

    private PodSpec start(MoverTask task, String uid) {
        MoverJobs.Request request = request(task, uid);
        movers.poll(request);
        return pod(OPERATOR, request);
    }

    private static MoverJobs.Request request(MoverTask task, String uid) {
        return new MoverJobs.Request(
                OPERATOR, "run-" + task.getClass().getSimpleName(), task.toString(), task, access(uid));
    }

    private static Repositories.Access access(String uid) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setName("disk");
        return new Repositories.Access(
                location,
                new OwnedRepository("0".repeat(32), new CapturedNamespace("east", "shop", "cluster", uid)),
                Repositories.Mode.MAINTAIN,
                Optional.empty());
    }

    private PodSpec pod(String namespace, MoverJobs.Request request) {
        Job job = cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withName(RunNames.of(request.id()))
                .get();
        return job.getSpec().getTemplate().getSpec();
    }

    private String namespace(String name) {
        return cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create()
                .getMetadata()
                .getUid();
    }

    private void claim(String volume) {
        cluster.add(new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("claim")
                .endMetadata()
                .withNewSpec()
                .withVolumeName(volume)
                .endSpec()
                .build());
    }

    private void policy(String namespace) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName("pol");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef("disk");
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        policy.getSpec().volumes.mover = settings();
        cluster.add(policy);
    }

    private static MoverSettings settings() {
        MoverSettings settings = new MoverSettings();
        settings.nodeSelector = Map.of("pool", "backup");
        MoverSettings.Toleration toleration = new MoverSettings.Toleration();
        toleration.key = "batch";
        toleration.operator = MoverSettings.Operator.Exists;
        settings.tolerations = List.of(toleration);
        settings.resources = new MoverSettings.Resources();
        settings.resources.limits = new MoverSettings.Amounts();
        settings.resources.limits.cpu = "1";
        return settings;
    }
}
