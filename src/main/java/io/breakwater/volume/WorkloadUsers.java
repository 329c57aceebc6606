package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.WorkloadUser;
import io.breakwater.resource.PodTemplate;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.LinuxContainerUser;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The users of the workloads of a namespace, by the claims that they use. A pod that runs is the best source: its spec has what
 * admission added, and its status has the user of the image. Without pods, the templates of workloads name the user.
 */
public final class WorkloadUsers {
    private final KubernetesClient client;
    private final String namespace;
    private List<PodView> pods;
    private List<PodView> templates;

    public WorkloadUsers(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /**
     * A pod, or the template of one.
     *
     * @param status null for a template
     * @param statefulSet whose claim templates the pod uses; null for other workloads
     */
    private record PodView(PodSpec spec, PodStatus status, StatefulSet statefulSet) {}

    /** The user of the first workload that uses the claim, with the groups of all others. Empty if it is unknown. */
    public Optional<WorkloadUser> of(String claim) {
        if (pods == null) {
            pods = pods();
        }
        return user(pods, claim).or(() -> {
            if (templates == null) {
                templates = templates();
            }
            return user(templates, claim);
        });
    }

    private static Optional<WorkloadUser> user(List<PodView> views, String claim) {
        return views.stream()
                .flatMap(view -> volume(view, claim).map(name -> user(view, name)).stream())
                .filter(user -> !user.hasNoField())
                .reduce(WorkloadUser::withGroupsOf);
    }

    /** Name of the volume of the pod that has the claim. */
    private static Optional<String> volume(PodView view, String claim) {
        Optional<String> named = view.spec.getVolumes().stream()
                .filter(v -> v.getPersistentVolumeClaim() != null
                        && claim.equals(v.getPersistentVolumeClaim().getClaimName()))
                .map(Volume::getName)
                .findFirst();
        return named.isPresent() || view.statefulSet == null
                ? named
                : PodTemplate.claimTemplate(view.statefulSet, claim);
    }

    private static WorkloadUser user(PodView view, String volume) {
        WorkloadUser user = new WorkloadUser();
        PodSecurityContext pod = view.spec.getSecurityContext();
        if (pod != null) {
            user.runAsUser = pod.getRunAsUser();
            user.runAsGroup = pod.getRunAsGroup();
            user.fsGroup = pod.getFsGroup();
            user.supplementalGroups = pod.getSupplementalGroups() == null
                            || pod.getSupplementalGroups().isEmpty()
                    ? null
                    : List.copyOf(pod.getSupplementalGroups());
        }
        Optional<Container> container = container(view.spec, volume);
        container.map(Container::getSecurityContext).ifPresent(c -> override(user, c));
        container.flatMap(c -> running(view.status, c.getName())).ifPresent(running -> {
            user.runAsUser = user.runAsUser == null ? running.getUid() : user.runAsUser;
            user.runAsGroup = user.runAsGroup == null ? running.getGid() : user.runAsGroup;
        });
        return user;
    }

    private static void override(WorkloadUser user, SecurityContext container) {
        user.runAsUser = container.getRunAsUser() == null ? user.runAsUser : container.getRunAsUser();
        user.runAsGroup = container.getRunAsGroup() == null ? user.runAsGroup : container.getRunAsGroup();
    }

    /** The container with the volume; one that may write to it comes first. */
    private static Optional<Container> container(PodSpec spec, String volume) {
        return spec.getContainers().stream()
                .filter(c -> access(c, volume).findAny().isPresent())
                .min(Comparator.comparing(c -> access(c, volume).noneMatch(writes -> writes)));
    }

    /** For each use of the volume by the container: whether it may write. */
    private static Stream<Boolean> access(Container container, String volume) {
        return Stream.concat(
                container.getVolumeMounts().stream()
                        .filter(m -> volume.equals(m.getName()))
                        .map(m -> !Boolean.TRUE.equals(m.getReadOnly())),
                container.getVolumeDevices().stream()
                        .filter(d -> volume.equals(d.getName()))
                        .map(_ -> true));
    }

    private static Optional<LinuxContainerUser> running(PodStatus status, String container) {
        return status == null
                ? Optional.empty()
                : status.getContainerStatuses().stream()
                        .filter(s -> container.equals(s.getName()))
                        .map(ContainerStatus::getUser)
                        .filter(Objects::nonNull)
                        .map(u -> u.getLinux())
                        .filter(Objects::nonNull)
                        .findFirst();
    }

    private List<PodView> pods() {
        return client.pods().inNamespace(namespace).withoutLabel(Api.COMPONENT, "mover").list().getItems().stream()
                .sorted(Comparator.comparing((Pod p) -> !isRunning(p))
                        .thenComparing(p -> p.getMetadata().getName()))
                .map(p -> new PodView(p.getSpec(), p.getStatus(), null))
                .toList();
    }

    private static boolean isRunning(Pod pod) {
        return pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase());
    }

    private List<PodView> templates() {
        return PodTemplate.of(client, namespace).stream()
                .map(t -> new PodView(t.spec(), null, t.statefulSet()))
                .toList();
    }
}
