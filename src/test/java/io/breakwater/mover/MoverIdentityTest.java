package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.WorkloadUser;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who decides about root, and which user a mover without root has. */
class MoverIdentityTest {
    private static final MoverTask FILL = new MoverTask.Fill("claim", "/volumes/data", "ab".repeat(32));
    private static final MoverTask READ = new MoverTask.Backup("claim", "/volumes/data", "h", Map.of(), null);
    private static final MoverTask PRUNE = new MoverTask.Prune("10G");

    @Test
    void hasRootOnlyForAVolumeInANamespaceThatPermitsIt() {
        assertThat(identity(FILL, null, null, true).isWithoutRoot()).isFalse();
        assertThat(identity(FILL, null, null, true).pod().getRunAsUser()).isZero();
        assertThat(identity(FILL, null, null, true)
                        .container()
                        .getCapabilities()
                        .getAdd())
                .contains("CHOWN");
        assertThat(identity(FILL, null, null, false).isWithoutRoot()).isTrue();
        assertThat(identity(FILL, null, null, false)
                        .container()
                        .getCapabilities()
                        .getAdd())
                .isNullOrEmpty();
        assertThat(identity(PRUNE, null, null, true).pod().getRunAsUser()).isEqualTo(65532);
    }

    @Test
    void prefersTheUserOfThePolicyAndCompletesItWithTheWorkload() {
        MoverIdentity both = identity(READ, user(7L, null, null), user(1000L, 3000L, 2000L), true);
        assertThat(both.isWithoutRoot()).isTrue();
        assertThat(both.pod().getRunAsUser()).isEqualTo(7);
        assertThat(both.pod().getRunAsGroup()).isEqualTo(3000);
        assertThat(both.pod().getSupplementalGroups()).containsExactly(2000L);
        assertThat(identity(PRUNE, user(7L, null, null), null, true).isWithoutRoot())
                .as("a task without a volume has no user of a workload")
                .isFalse();
    }

    /** A new volume belongs to root, and a restore must be able to write to it; a read must not change the volume. */
    @ParameterizedTest
    @CsvSource({
        // user, group, fsGroup of the workload; user, group, fsGroup of the mover
        "1000, 3000, 2000,   1000, 3000, 2000",
        "1000, 3000,     ,   1000, 3000, 3000",
        "1000,    0,     ,   1000,    0, 1000",
        "1000,     ,     ,   1000,     , 1000",
        "   0,    0,     ,  65532,    0, 65532",
        "    ,     , 2000,  65532, 65532, 2000",
        "    ,     ,     ,  65532, 65532, 65532"
    })
    void fillsAVolumeWithAGroupThatOwnsIt(Long uid, Long gid, Long fsGroup, Long user, Long group, Long owner) {
        var filling = identity(FILL, null, user(uid, gid, fsGroup), false).pod();
        assertThat(filling.getRunAsUser()).isEqualTo(user);
        assertThat(filling.getRunAsGroup()).isEqualTo(group);
        assertThat(filling.getFsGroup()).isEqualTo(owner);
        assertThat(filling.getRunAsNonRoot()).isTrue();
        var reading = identity(READ, null, user(uid, gid, fsGroup), false).pod();
        assertThat(reading.getFsGroup()).isNull();
        if (fsGroup != null) {
            assertThat(reading.getSupplementalGroups()).containsExactly(fsGroup);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // level of Pod Security, annotation, default of the installation, whether movers have root
        "          ,      , true,  true",
        "privileged,      , true,  true",
        "baseline,        , true,  true",
        "restricted,      , true,  false",
        "restricted,  true, true,  true",
        "baseline,   false, true,  false",
        "baseline,  'TRUE ', true, false",
        "baseline,        , false, false",
        "baseline,    true, false, true",
        "restricted,      , false, false"
    })
    void asksTheNamespaceAndThenTheInstallation(String level, String annotation, boolean usual, boolean root) {
        Namespace namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .withLabels(level == null ? null : Map.of("pod-security.kubernetes.io/enforce", level))
                .withAnnotations(annotation == null ? null : Map.of(Api.PRIVILEGED_MOVERS, annotation))
                .endMetadata()
                .build();
        MoverPodDefaults defaults = MoverPodDefaults.of(
                TestConfig.of(Map.of("breakwater.mover.pod-defaults", "{\"privileged\":" + usual + "}")));

        assertThat(SurroundingsReader.isPrivileged(namespace, defaults)).isEqualTo(root);
        assertThat(SurroundingsReader.isPrivileged(null, defaults)).isEqualTo(usual);
    }

    private static MoverIdentity identity(
            MoverTask task, WorkloadUser policy, WorkloadUser workload, boolean privileged) {
        MoverSettings settings = new MoverSettings();
        settings.securityContext = policy;
        return MoverIdentity.of(
                new MoverJobs.Request("shop", "run", "id", task, null, settings).as(workload), privileged);
    }

    private static WorkloadUser user(Long uid, Long gid, Long fsGroup) {
        WorkloadUser user = new WorkloadUser();
        user.runAsUser = uid;
        user.runAsGroup = gid;
        user.fsGroup = fsGroup;
        return user;
    }
}
