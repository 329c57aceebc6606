package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.WorkloadUser;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LimitRange;
import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Movers in namespaces with Pod Security {@code restricted}, quotas and limits. */
class RestrictedMoverTest {
    private static final String ID = "ab".repeat(32);
    private static final BreakwaterConfig CONFIG = TestConfig.of(Map.of("breakwater.mover.image", "mover"));
    private static final MoverPodDefaults DEFAULTS = MoverPodDefaults.of(CONFIG);
    private static final List<MoverTask> TASKS = List.of(
            new MoverTask.Init("0123456789abcdef"),
            new MoverTask.Rekey("0123456789abcdef"),
            new MoverTask.Verify(List.of(ID)),
            new MoverTask.Prune("10G"),
            new MoverTask.Mount("claim", false),
            new MoverTask.Backup("claim", "/volumes/data", "h", Map.of(), null),
            new MoverTask.BackupDevice("claim", "/data", "h", Map.of()),
            new MoverTask.FillDevice("claim", "/data", ID),
            new MoverTask.Fill("claim", "/volumes/data", ID),
            new MoverTask.Files("claim", "/volumes/data", ID, false, List.of("/a")));

    @Test
    void runsEveryTaskWithoutRootUnderRestricted() {
        assertThat(TASKS.stream().map(MoverTask::getClass)).hasSameSizeAs(MoverTask.class.getPermittedSubclasses());
        for (MoverTask task : TASKS) {
            PodSpec pod = pod(task, null, null, NamespaceLimits.NONE, false);
            Container mover = pod.getContainers().getFirst();
            assertThat(pod.getSecurityContext().getRunAsNonRoot())
                    .as("%s", task)
                    .isTrue();
            assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
            assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
            assertThat(mover.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
            assertThat(mover.getSecurityContext().getCapabilities().getAdd()).isNullOrEmpty();
            assertThat(mover.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        }
    }

    /** The kubelet would give the files of the volume to an fsGroup, and the point would have another group. */
    @Test
    void readsAVolumeWithTheGroupsOfTheWorkloadAndWithoutAnFsGroup() {
        var context =
                pod(TASKS.get(5), workload(), null, NamespaceLimits.NONE, false).getSecurityContext();
        assertThat(context.getRunAsUser()).isEqualTo(1000);
        assertThat(context.getRunAsGroup()).isEqualTo(3000);
        assertThat(context.getFsGroup()).isNull();
        assertThat(context.getSupplementalGroups()).containsExactly(2000L, 4000L);
    }

    @Test
    void fillsAVolumeAsTheWorkload() {
        var context =
                pod(TASKS.get(8), workload(), null, NamespaceLimits.NONE, false).getSecurityContext();
        assertThat(context.getRunAsUser()).isEqualTo(1000);
        assertThat(context.getFsGroup()).isEqualTo(2000);
        assertThat(context.getFsGroupChangePolicy()).isEqualTo("OnRootMismatch");
        assertThat(context.getSupplementalGroups()).containsExactly(4000L);
    }

    @Test
    void neverRunsAsTheRootUserOfAWorkload() {
        WorkloadUser root = new WorkloadUser();
        root.runAsUser = 0L;
        assertThat(pod(TASKS.get(8), root, null, NamespaceLimits.NONE, false)
                        .getSecurityContext()
                        .getRunAsUser())
                .isEqualTo(65532);
    }

    /** The user of the policy is a decision for this user, in namespaces that permit root too. */
    @Test
    void runsAsTheUserOfThePolicyInEveryNamespace() {
        MoverSettings settings = new MoverSettings();
        settings.securityContext = new WorkloadUser();
        settings.securityContext.runAsUser = 1234L;
        var context = pod(TASKS.get(5), workload(), settings, NamespaceLimits.NONE, true)
                .getSecurityContext();
        assertThat(context.getRunAsUser()).isEqualTo(1234);
        assertThat(context.getRunAsGroup()).isEqualTo(3000);
    }

    @Test
    void asksTheNamespaceOnlyForRoot() {
        assertThat(SurroundingsReader.isPrivileged(namespace("baseline", null), DEFAULTS))
                .isTrue();
        assertThat(SurroundingsReader.isPrivileged(namespace("restricted", null), DEFAULTS))
                .isFalse();
        assertThat(SurroundingsReader.isPrivileged(namespace("restricted", "true"), DEFAULTS))
                .isTrue();
        assertThat(SurroundingsReader.isPrivileged(namespace("baseline", "false"), DEFAULTS))
                .isFalse();
    }

    @Test
    void setsWhatAQuotaDemands() {
        ResourceRequirements resources = resources(
                null,
                limits(quota(
                        Map.of("limits.cpu", "4", "requests.cpu", "1", "limits.memory", "512Mi", "pods", "5"),
                        Map.of())));
        assertThat(resources.getLimits().get("cpu")).isEqualTo(new Quantity("1"));
        assertThat(resources.getRequests().get("cpu")).isEqualTo(new Quantity("50m"));
        assertThat(resources.getLimits().get("memory").getNumericalAmount())
                .isEqualTo(new Quantity("512Mi").getNumericalAmount());
    }

    /** A limit below the floor is not useful: the pod waits. */
    @Test
    void staysWithinWhatIsFree() {
        assertThat(memory(quota(Map.of("limits.memory", "2Gi"), Map.of("limits.memory", "1536Mi"))))
                .isEqualTo(new Quantity("512Mi"));
        assertThat(memory(quota(Map.of("limits.memory", "2Gi"), Map.of("limits.memory", "2Gi"))))
                .isEqualTo(new Quantity("256Mi"));
    }

    private static Quantity memory(ResourceQuota quota) {
        Quantity limit = resources(null, limits(quota)).getLimits().get("memory");
        return new Quantity(limit.getNumericalAmount().longValue() / (1 << 20) + "Mi");
    }

    @Test
    void fitsALimitRange() {
        LimitRange range = new LimitRangeBuilder()
                .withNewSpec()
                .addNewLimit()
                .withType("Container")
                .addToMax("cpu", new Quantity("500m"))
                .addToMax("memory", new Quantity("512Mi"))
                .addToMin("cpu", new Quantity("100m"))
                .addToMaxLimitRequestRatio("memory", new Quantity("2"))
                .endLimit()
                .endSpec()
                .build();
        ResourceRequirements resources = resources(null, new NamespaceLimits(List.of(), List.of(range)));
        assertThat(resources.getLimits().get("cpu")).isEqualTo(new Quantity("500m"));
        assertThat(resources.getRequests().get("cpu")).isEqualTo(new Quantity("100m"));
        assertThat(resources.getRequests().get("memory").getNumericalAmount())
                .isEqualTo(new Quantity("256Mi").getNumericalAmount());
    }

    /** The amounts of the policy are those of the user; the quota demands more of them. */
    @Test
    void addsOnlyWhatThePolicyDoesNotHave() {
        MoverSettings settings = new MoverSettings();
        settings.resources = new MoverSettings.Resources();
        settings.resources.limits = new MoverSettings.Amounts();
        settings.resources.limits.cpu = "3";
        ResourceRequirements resources =
                resources(settings, limits(quota(Map.of("limits.cpu", "2", "limits.memory", "4Gi"), Map.of())));
        assertThat(resources.getLimits().get("cpu")).isEqualTo(new Quantity("3"));
        assertThat(resources.getLimits().get("memory")).isEqualTo(new Quantity("1Gi"));
    }

    @Test
    void takesPropertiesOfTheInstallation() {
        BreakwaterConfig config =
                TestConfig.of(Map.of("breakwater.namespace", "backup", "breakwater.mover.pod-defaults", """
                {"priorityClassName":"low","pullSecrets":["registry"],"copyPullSecrets":true,"labels":{"team":"x"},\
                "nodeSelector":{"pool":"batch"},"networkPolicy":{"enabled":true,"dns":[{"ipBlock":{"cidr":"10.0.0.1/32"}}]}}"""));
        MoverPodDefaults defaults = MoverPodDefaults.of(config);
        Job job = job(config, TASKS.get(3), null, null, NamespaceLimits.NONE, false);
        PodSpec pod = job.getSpec().getTemplate().getSpec();
        assertThat(pod.getPriorityClassName()).isEqualTo("low");
        assertThat(pod.getNodeSelector()).containsEntry("pool", "batch");
        assertThat(pod.getImagePullSecrets())
                .singleElement()
                .satisfies(s -> assertThat(s.getName()).isEqualTo("name-pull-0"));
        var metadata = job.getSpec().getTemplate().getMetadata();
        assertThat(metadata.getLabels())
                .containsEntry("team", "x")
                .containsEntry("sidecar.istio.io/inject", "false")
                .containsEntry(Api.COMPONENT, "mover");
        assertThat(metadata.getAnnotations())
                .containsEntry("linkerd.io/inject", "disabled")
                .containsEntry("consul.hashicorp.com/connect-inject", "false");

        var policy =
                MoverNetworkPolicy.of(config, defaults.networkPolicy(), job).orElseThrow();
        assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                .containsEntry("batch.kubernetes.io/job-name", "name");
        assertThat(policy.getMetadata().getOwnerReferences()).hasSize(1);
        assertThat(policy.getSpec().getEgress()).hasSize(2);
        assertThat(policy.getSpec()
                        .getEgress()
                        .getFirst()
                        .getTo()
                        .getFirst()
                        .getNamespaceSelector()
                        .getMatchLabels())
                .containsEntry("kubernetes.io/metadata.name", "backup");
    }

    private static WorkloadUser workload() {
        WorkloadUser user = new WorkloadUser();
        user.runAsUser = 1000L;
        user.runAsGroup = 3000L;
        user.fsGroup = 2000L;
        user.supplementalGroups = List.of(4000L);
        return user;
    }

    private static Namespace namespace(String level, String privileged) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("pod-security.kubernetes.io/enforce", level)
                .addToAnnotations(privileged == null ? Map.of() : Map.of(Api.PRIVILEGED_MOVERS, privileged))
                .endMetadata()
                .build();
    }

    private static ResourceQuota quota(Map<String, String> hard, Map<String, String> used) {
        ResourceQuotaBuilder quota = new ResourceQuotaBuilder();
        hard.forEach((name, amount) ->
                quota.editOrNewSpec().addToHard(name, new Quantity(amount)).endSpec());
        used.forEach((name, amount) ->
                quota.editOrNewStatus().addToUsed(name, new Quantity(amount)).endStatus());
        return quota.build();
    }

    private static NamespaceLimits limits(ResourceQuota quota) {
        return new NamespaceLimits(List.of(quota), List.of());
    }

    private static ResourceRequirements resources(MoverSettings settings, NamespaceLimits limits) {
        return pod(TASKS.getFirst(), null, settings, limits, true)
                .getContainers()
                .getFirst()
                .getResources();
    }

    private static PodSpec pod(
            MoverTask task, WorkloadUser user, MoverSettings settings, NamespaceLimits limits, boolean privileged) {
        return job(CONFIG, task, user, settings, limits, privileged)
                .getSpec()
                .getTemplate()
                .getSpec();
    }

    private static Job job(
            BreakwaterConfig config,
            MoverTask task,
            WorkloadUser user,
            MoverSettings settings,
            NamespaceLimits limits,
            boolean privileged) {
        MoverJobs.Request request = new MoverJobs.Request(
                        "shop", "run", "id", task, null, settings == null ? new MoverSettings() : settings)
                .as(user);
        return MoverJobSpec.build(
                config,
                new MoverSurroundings(MoverPodDefaults.of(config), privileged, limits, false),
                request,
                "name",
                "https://gateway/");
    }
}
