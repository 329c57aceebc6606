package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.breakwater.api.MoverSettings;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.VolumeDevice;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Job of a mover follows the settings of the policy. */
class MoverJobSpecTest {
    /** The capabilities that Pod Security {@code baseline} permits. */
    private static final List<String> BASELINE = List.of(
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT");

    private static final BreakwaterConfig CONFIG =
            TestConfig.of(Map.of("breakwater.site", "west", "breakwater.mover.image", "mover"));

    private static final MoverSurroundings SURROUNDINGS =
            new MoverSurroundings(MoverPodDefaults.of(CONFIG), true, NamespaceLimits.NONE, false);

    @Test
    void requestsFewResourcesByDefault() {
        Container mover = container(new MoverSettings());
        assertThat(mover.getResources().getRequests())
                .isEqualTo(Map.of(
                        "cpu", new Quantity("50m"),
                        "memory", new Quantity("128Mi"),
                        "ephemeral-storage", new Quantity("64Mi")));
        assertThat(mover.getResources().getLimits())
                .isEqualTo(Map.of("memory", new Quantity("1Gi"), "ephemeral-storage", new Quantity("11Gi")));
        assertThat(throttle(mover)).isNull();
        assertThat(pod(new MoverSettings()).getNodeSelector()).isNullOrEmpty();
    }

    /** Kubernetes replaces $(NAME) in arguments, and restores one dollar sign for two. */
    @Test
    void passesDollarSignsInNamesToTheProgram() {
        MoverTask task = new MoverTask.Files(
                "data", "/volumes/data", "ab".repeat(32), false, List.of("/$(RESTIC_PASSWORD_FILE)", "/5$", "/$$"));
        assertThat(pod(new MoverSettings(), task).getContainers().getFirst().getArgs())
                .contains("/volumes/data/$$(RESTIC_PASSWORD_FILE)", "/volumes/data/5$$", "/volumes/data/$$$$");
    }

    @Test
    void replacesTheDefaultResourcesAsAWhole() {
        MoverSettings settings = new MoverSettings();
        settings.resources = new MoverSettings.Resources();
        settings.resources.requests = new MoverSettings.Amounts();
        settings.resources.requests.memory = "2Gi"; // more than the default limit, which must therefore be absent
        Container mover = container(settings);
        assertThat(mover.getResources().getRequests())
                .isEqualTo(Map.of("memory", new Quantity("2Gi"), "ephemeral-storage", new Quantity("64Mi")));
        assertThat(mover.getResources().getLimits()).containsOnlyKeys("ephemeral-storage");
    }

    @Test
    void runsOnTheNodesThatThePolicyNames() {
        MoverSettings.Toleration toleration = new MoverSettings.Toleration();
        toleration.key = "batch";
        toleration.operator = MoverSettings.Operator.Exists;
        toleration.effect = MoverSettings.Effect.NoSchedule;
        MoverSettings settings = new MoverSettings();
        settings.nodeSelector = Map.of("pool", "batch");
        settings.tolerations = List.of(toleration);
        PodSpec pod = pod(settings);
        assertThat(pod.getNodeSelector()).isEqualTo(Map.of("pool", "batch"));
        assertThat(pod.getTolerations()).containsExactly(new Toleration("NoSchedule", "batch", "Exists", null, null));
    }

    @ParameterizedTest
    @CsvSource({"50Mi,51200", "1M,976", "1k,1", "3Gi,3145728"})
    void throttlesInTheUnitOfRestic(String throttle, String kibibytes) {
        MoverSettings settings = new MoverSettings();
        settings.throttle = throttle;
        assertThat(throttle(container(settings))).isEqualTo(kibibytes);
    }

    /** The mover exits with code 40 if restic reports a 403 of the gateway. */
    @Test
    void retriesNoMoverThatTheGatewayRefused() {
        assertThat(job(new MoverSettings(), new MoverTask.Prune("10G"))
                        .getSpec()
                        .getPodFailurePolicy()
                        .getRules())
                .singleElement()
                .satisfies(rule -> {
                    assertThat(rule.getAction()).isEqualTo("FailJob");
                    assertThat(rule.getOnExitCodes().getContainerName()).isEqualTo("mover");
                    assertThat(rule.getOnExitCodes().getOperator()).isEqualTo("In");
                    assertThat(rule.getOnExitCodes().getValues()).containsExactly(40, 41);
                });
    }

    /** The volume cannot be mounted on another node, so the node settings of the policy do not apply. */
    @Test
    void runsOnTheNodeThatUsesTheVolume() {
        MoverSettings settings = new MoverSettings();
        settings.nodeSelector = Map.of("pool", "batch");
        PodSpec pod = pod(settings, "node-7");

        assertThat(pod.getNodeSelector()).isNullOrEmpty();
        assertThat(pod.getAffinity()
                        .getNodeAffinity()
                        .getRequiredDuringSchedulingIgnoredDuringExecution()
                        .getNodeSelectorTerms())
                .singleElement()
                .satisfies(t -> assertThat(t.getMatchFields())
                        .containsExactly(new NodeSelectorRequirement("metadata.name", "In", List.of("node-7"))));
        assertThat(pod.getTolerations())
                .singleElement()
                .satisfies(t -> assertThat(t.getOperator()).isEqualTo("Exists"));
    }

    /** The status shows by this name from which master key a repository is. */
    @Test
    void namesTheHostAfterTheMasterKey() {
        assertThat(pod(new MoverSettings(), new MoverTask.Init("0123456789abcdef"))
                        .getHostname())
                .isEqualTo("breakwater-0123456789abcdef");
        assertThat(pod(new MoverSettings(), new MoverTask.Rekey("0123456789abcdef"))
                        .getContainers()
                        .getFirst()
                        .getArgs())
                .containsExactly("rekey", "0123456789abcdef");
    }

    @Test
    void attachesARawBlockVolumeAsADevice() {
        for (MoverTask task : List.of(
                new MoverTask.BackupDevice("claim", "/data", "west-shop", Map.of()),
                new MoverTask.FillDevice("claim", "/data", "ab".repeat(32)))) {
            PodSpec pod = pod(new MoverSettings(), task);
            Container mover = pod.getContainers().getFirst();
            assertThat(mover.getVolumeDevices()).containsExactly(new VolumeDevice(MoverTask.DEVICE, "data"));
            assertThat(mover.getVolumeMounts()).noneMatch(m -> m.getName().equals("data"));
            assertThat(mover.getArgs()).contains(MoverTask.DEVICE, "/data");
            assertThat(pod.getVolumes())
                    .anyMatch(v -> v.getName().equals("data")
                            && v.getPersistentVolumeClaim().getClaimName().equals("claim"));
        }
        assertThat(container(new MoverSettings()).getVolumeDevices()).isEmpty();
    }

    /** A capability that is added here needs a reason in {@link SecurityProfile}. */
    @Test
    void givesEachTaskTheLeastRights() {
        String id = "ab".repeat(32);
        Map<MoverTask, String> expected = new LinkedHashMap<>();
        expected.put(new MoverTask.Init("0123456789abcdef"), "65532 []");
        expected.put(new MoverTask.Rekey("0123456789abcdef"), "65532 []");
        expected.put(new MoverTask.Verify(List.of(id)), "65532 []");
        expected.put(new MoverTask.Prune("10G"), "65532 []");
        expected.put(new MoverTask.Mount("claim", false), "65532 []");
        expected.put(new MoverTask.Backup("claim", "/volumes/data", "h", Map.of(), null), "0 [DAC_OVERRIDE]");
        expected.put(new MoverTask.BackupDevice("claim", "/data", "h", Map.of()), "0 []");
        expected.put(new MoverTask.FillDevice("claim", "/data", id), "0 []");
        String restore = "0 [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP]";
        expected.put(new MoverTask.Fill("claim", "/volumes/data", id), restore);
        expected.put(new MoverTask.Files("claim", "/volumes/data", id, false, List.of("/a")), restore);
        assertThat(expected.keySet().stream().map(MoverTask::getClass))
                .hasSameSizeAs(MoverTask.class.getPermittedSubclasses());

        expected.forEach((task, rights) -> {
            PodSpec pod = pod(new MoverSettings(), task);
            Container mover = pod.getContainers().getFirst();
            SecurityContext context = mover.getSecurityContext();
            assertThat(pod.getSecurityContext().getRunAsUser() + " "
                            + context.getCapabilities().getAdd())
                    .as("%s", task)
                    .isEqualTo(rights);
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isEqualTo(rights.startsWith("65532"));
            assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
            assertThat(pod.getSecurityContext().getFsGroup()).isNull();
            assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
            assertThat(context.getAllowPrivilegeEscalation()).isFalse();
            assertThat(context.getReadOnlyRootFilesystem()).isTrue();
            assertThat(context.getPrivileged()).isNull();
            assertThat(BASELINE)
                    .as("Pod Security")
                    .containsAll(context.getCapabilities().getAdd());
            if (!rights.equals(restore)) {
                assertThat(mover.getVolumeMounts())
                        .filteredOn(m -> m.getName().equals("data"))
                        .allSatisfy(m -> assertThat(m.getReadOnly()).isTrue());
            }
            assertThat(pod.getAutomountServiceAccountToken()).isFalse();
        });
    }

    @Test
    void boundsTheStorageOfTheNode() {
        for (MoverTask task :
                List.of(new MoverTask.Prune("10G"), new MoverTask.Fill("claim", "/volumes/data", "ab".repeat(32)))) {
            assertThat(pod(new MoverSettings(), task).getVolumes())
                    .filteredOn(v -> v.getEmptyDir() != null)
                    .isNotEmpty()
                    .allSatisfy(v -> assertThat(v.getEmptyDir().getSizeLimit()).isNotNull());
        }
    }

    @Test
    void sizesResticByTheLimitsOfTheContainer() {
        Container mover = container(new MoverSettings());

        Map<String, String> limits = mover.getEnv().stream()
                .filter(e -> e.getValueFrom() != null && e.getValueFrom().getResourceFieldRef() != null)
                .collect(Collectors.toMap(
                        EnvVar::getName,
                        e -> e.getValueFrom().getResourceFieldRef().getResource()));
        assertThat(limits)
                .containsOnly(entry("BREAKWATER_MEMORY_LIMIT", "limits.memory"), entry("GOMAXPROCS", "limits.cpu"));
        assertThat(mover.getEnv())
                .filteredOn(e -> limits.containsKey(e.getName()))
                .allSatisfy(
                        e -> assertThat(e.getValueFrom().getResourceFieldRef().getContainerName())
                                .isEqualTo(mover.getName()));
    }

    private static String throttle(Container mover) {
        return mover.getEnv().stream()
                .filter(e -> e.getName().equals("BREAKWATER_UPLOAD_KIB"))
                .map(EnvVar::getValue)
                .findFirst()
                .orElse(null);
    }

    private static Container container(MoverSettings settings) {
        return pod(settings).getContainers().getFirst();
    }

    private static PodSpec pod(MoverSettings settings) {
        return pod(settings, (String) null);
    }

    private static PodSpec pod(MoverSettings settings, String node) {
        return pod(settings, new MoverTask.Backup("claim", "/volumes/data", "west-shop", Map.of(), node));
    }

    private static PodSpec pod(MoverSettings settings, MoverTask task) {
        return job(settings, task).getSpec().getTemplate().getSpec();
    }

    private static Job job(MoverSettings settings, MoverTask task) {
        MoverJobs.Request request = new MoverJobs.Request("shop", "run", "id", task, null, settings);
        return MoverJobSpec.build(CONFIG, SURROUNDINGS, request, "name", "https://gateway/");
    }
}
