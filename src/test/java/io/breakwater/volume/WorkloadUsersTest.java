package io.breakwater.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.WorkloadUser;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The user and the groups of the workload that uses a claim. */
class WorkloadUsersTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void takesTheUserOfThePodWithTheClaim() {
        cluster.add(pod("app", "Running", spec("data", 1000L, 3000L, 2000L, null)));
        cluster.add(pod("other", "Running", spec("cache", 7L, 7L, 7L, null)));

        WorkloadUser user = of("data").orElseThrow();
        assertThat(user.runAsUser).isEqualTo(1000);
        assertThat(user.runAsGroup).isEqualTo(3000);
        assertThat(user.fsGroup).isEqualTo(2000);
        assertThat(of("logs")).isEmpty();
    }

    @Test
    void prefersTheUserOfTheContainerThatWrites() {
        PodSpec spec = spec("data", 1000L, null, null, 5L);
        spec.getContainers()
                .add(
                        0,
                        new ContainerBuilder()
                                .withName("reader")
                                .addNewVolumeMount()
                                .withName("vol")
                                .withReadOnly(true)
                                .endVolumeMount()
                                .withNewSecurityContext()
                                .withRunAsUser(6L)
                                .endSecurityContext()
                                .build());
        spec.getContainers()
                .add(
                        0,
                        new ContainerBuilder()
                                .withName("sidecar")
                                .withNewSecurityContext()
                                .withRunAsUser(1337L)
                                .endSecurityContext()
                                .build());
        cluster.add(pod("app", "Running", spec));

        assertThat(of("data").orElseThrow().runAsUser).isEqualTo(5);
    }

    /** An image names its user, and only the status of a pod that runs has it. */
    @Test
    void takesTheUserOfTheImageFromARunningPod() {
        cluster.add(new PodBuilder(pod("app", "Running", spec("data", null, null, 2000L, null)))
                .editStatus()
                .addNewContainerStatus()
                .withName("main")
                .withNewUser()
                .withNewLinux()
                .withUid(999L)
                .withGid(998L)
                .endLinux()
                .endUser()
                .endContainerStatus()
                .endStatus()
                .build());

        WorkloadUser user = of("data").orElseThrow();
        assertThat(user.runAsUser).isEqualTo(999);
        assertThat(user.runAsGroup).isEqualTo(998);
        assertThat(user.fsGroup).isEqualTo(2000);
    }

    @Test
    void addsTheGroupsOfOtherWorkloadsThatShareTheClaim() {
        cluster.add(pod("a", "Running", spec("data", 1000L, 3000L, null, null)));
        cluster.add(pod("b", "Running", spec("data", 2000L, 4000L, 5000L, null)));

        WorkloadUser user = of("data").orElseThrow();
        assertThat(user.runAsUser).isEqualTo(1000);
        assertThat(user.groups()).contains(3000L, 4000L, 5000L);
    }

    /** A pod that runs has what admission added; a failed one may be older than the workload is now. */
    @Test
    void prefersAPodThatRuns() {
        cluster.add(pod("a", "Failed", spec("data", 1L, null, null, null)));
        cluster.add(pod("b", "Running", spec("data", 2L, null, null, null)));

        assertThat(of("data").orElseThrow().runAsUser).isEqualTo(2);
    }

    /** A mover has a user of Breakwater, which is not that of the workload. */
    @Test
    void ignoresMovers() {
        cluster.add(new PodBuilder(pod("mover", "Running", spec("data", 65532L, 65532L, 65532L, null)))
                .editMetadata()
                .addToLabels(Api.COMPONENT, "mover")
                .endMetadata()
                .build());
        assertThat(of("data")).isEmpty();
    }

    @Test
    void takesTheUserOfATemplateWithoutPods() {
        cluster.add(new DeploymentBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("app")
                .endMetadata()
                .withNewSpec()
                .withNewTemplate()
                .withSpec(spec("data", 1000L, null, null, null))
                .endTemplate()
                .endSpec()
                .build());
        assertThat(of("data").orElseThrow().runAsUser).isEqualTo(1000);
    }

    @Test
    void findsTheClaimsOfAStatefulSetByTheirNames() {
        cluster.add(new StatefulSetBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("db")
                .endMetadata()
                .withNewSpec()
                .withNewTemplate()
                .withSpec(spec(null, 70L, null, null, null))
                .endTemplate()
                .addNewVolumeClaimTemplate()
                .withNewMetadata()
                .withName("vol")
                .endMetadata()
                .endVolumeClaimTemplate()
                .endSpec()
                .build());
        assertThat(of("vol-db-12").orElseThrow().runAsUser).isEqualTo(70);
        assertThat(of("vol-db-other-0")).as("of another StatefulSet").isEmpty();
        assertThat(of("vol-db-")).isEmpty();
    }

    private Optional<WorkloadUser> of(String claim) {
        return new WorkloadUsers(cluster.client(), "shop").of(claim);
    }

    private static Pod pod(String name, String phase, PodSpec spec) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .endMetadata()
                .withSpec(spec)
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }

    /** A pod with one container that mounts the claim as volume {@code vol}. */
    private static PodSpec spec(String claim, Long uid, Long gid, Long fsGroup, Long container) {
        var builder = new PodBuilder()
                .withNewSpec()
                .withNewSecurityContext()
                .withRunAsUser(uid)
                .withRunAsGroup(gid)
                .withFsGroup(fsGroup)
                .endSecurityContext()
                .addNewContainer()
                .withName("main")
                .addNewVolumeMount()
                .withName("vol")
                .endVolumeMount()
                .withNewSecurityContext()
                .withRunAsUser(container)
                .endSecurityContext()
                .endContainer();
        return (claim == null
                        ? builder
                        : builder.addNewVolume()
                                .withName("vol")
                                .withNewPersistentVolumeClaim(claim, false)
                                .endVolume())
                .endSpec()
                .build()
                .getSpec();
    }
}
