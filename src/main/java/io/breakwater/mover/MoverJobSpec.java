package io.breakwater.mover;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.RepositoryKeys;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeDevice;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Builds the Job of a mover, suspended: its volumes, its rights and its deadline. */
final class MoverJobSpec {
    private static final String CREDENTIALS = "/var/run/breakwater/credentials";
    private static final String TOKEN = "/var/run/breakwater/token";

    /** Exit code of a mover that the gateway refused. The gateway would refuse another pod too. */
    private static final int REFUSED = 40;

    /** Exit code of a mover that cannot reach the gateway. A new pod would not reach it either, and would delay the failure. */
    private static final int UNREACHABLE = 41;

    private MoverJobSpec() {}

    /** @param repository URL; null for a task that reads none */
    static Job build(
            BreakwaterConfig config,
            MoverSurroundings surroundings,
            MoverJobs.Request request,
            String name,
            String repository) {
        Map<String, String> labels = Map.of(
                Api.RUN, request.run(),
                Api.COMPONENT, "mover",
                Api.EXCLUDE, "true");
        return new JobBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(request.namespace())
                .withLabels(labels)
                .endMetadata()
                .withNewSpec()
                .withSuspend(true)
                .withBackoffLimit(2)
                .withActiveDeadlineSeconds(config.mover().deadline().toSeconds())
                .withNewPodFailurePolicy()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withContainerName(MoverPods.CONTAINER)
                .withOperator("In")
                .withValues(REFUSED, UNREACHABLE)
                .endOnExitCodes()
                .endRule()
                .endPodFailurePolicy()
                .withNewTemplate()
                .withNewMetadata()
                .withLabels(SidecarOptOut.labels(surroundings.defaults().labels()))
                .addToLabels(labels)
                .withAnnotations(
                        SidecarOptOut.annotations(surroundings.defaults().annotations()))
                .endMetadata()
                .withSpec(pod(config, surroundings, request, name, repository).build())
                .endTemplate()
                .endSpec()
                .build();
    }

    private static PodSpecBuilder pod(
            BreakwaterConfig config,
            MoverSurroundings surroundings,
            MoverJobs.Request request,
            String name,
            String repository) {
        MoverPlacement placement = MoverPlacement.of(request.task(), request.settings(), surroundings);
        MoverPodDefaults defaults = surroundings.defaults();
        MoverIdentity identity = MoverIdentity.of(request, surroundings.privileged());
        return new PodSpecBuilder()
                .withRestartPolicy("Never")
                // restic writes the host name into the key of a repository that it creates.
                .withHostname(request.task() instanceof MoverTask.Init i ? RepositoryKeys.mark(i.keyId()) : null)
                .withServiceAccountName(MoverJobs.SERVICE_ACCOUNT)
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withTerminationGracePeriodSeconds(10L)
                .withNodeSelector(placement.nodeSelector())
                .withAffinity(placement.affinity())
                .withTolerations(placement.tolerations())
                .withPriorityClassName(defaults.priorityClassName())
                .withImagePullSecrets(PullSecrets.references(defaults, name))
                .withSecurityContext(identity.pod())
                .addNewContainer()
                .withName(MoverPods.CONTAINER)
                .withImage(config.mover().image())
                .withImagePullPolicy(config.mover().imagePullPolicy())
                .withCommand("/usr/local/bin/mover")
                .withArgs(request.task().arguments().stream()
                        .map(MoverJobSpec::literal)
                        .toList())
                .withEnv(environment(name, repository, request.settings().throttle, identity.isWithoutRoot()))
                .withVolumeMounts(mounts(request.task()))
                .withVolumeDevices(devices(request.task()))
                .withResources(MoverResources.of(
                        request.settings().resources,
                        config.mover().tmp(),
                        defaults.resources(),
                        surroundings.limits()))
                .withSecurityContext(identity.container())
                .endContainer()
                .withVolumes(volumes(name, config.mover().tmp(), request.task()));
    }

    /** Kubernetes replaces $(NAME) in arguments by a variable of the container; two dollar signs are one. */
    private static String literal(String argument) {
        return argument.replace("$", "$$");
    }

    /** @param repository null for a task that reads none */
    private static List<EnvVar> environment(String secret, String repository, String throttle, boolean withoutRoot) {
        if (repository == null) {
            return List.of();
        }
        List<EnvVar> environment = new ArrayList<>(List.of(
                new EnvVarBuilder()
                        .withName("RESTIC_REST_USERNAME")
                        .withNewValueFrom()
                        .withNewSecretKeyRef("ticket", secret, false)
                        .endValueFrom()
                        .build(),
                new EnvVar("RESTIC_REPOSITORY", "rest:" + repository, null),
                new EnvVar("RESTIC_PASSWORD_FILE", CREDENTIALS + "/password", null),
                new EnvVar("RESTIC_CACERT", CREDENTIALS + "/ca.crt", null),
                new EnvVar("BREAKWATER_TOKEN_FILE", TOKEN + "/token", null),
                // Without these, restic sizes itself by the node, and its collector of garbage knows no limit of
                // memory.
                limit("BREAKWATER_MEMORY_LIMIT", "limits.memory"),
                limit("GOMAXPROCS", "limits.cpu")));
        if (throttle != null) {
            environment.add(new EnvVar("BREAKWATER_UPLOAD_KIB", Long.toString(kibibytes(throttle)), null));
        }
        if (withoutRoot) {
            environment.add(new EnvVar("BREAKWATER_WITHOUT_ROOT", "true", null));
        }
        return environment;
    }

    /** A variable with a limit of the container that the API server admitted; without a limit, what the node has. */
    private static EnvVar limit(String name, String resource) {
        return new EnvVarBuilder()
                .withName(name)
                .withNewValueFrom()
                .withNewResourceFieldRef()
                .withContainerName(MoverPods.CONTAINER)
                .withResource(resource)
                .endResourceFieldRef()
                .endValueFrom()
                .build();
    }

    /** A quantity of bytes in KiB, rounded down, at least 1: restic takes 0 as no limit. */
    private static long kibibytes(String bytes) {
        return Math.max(1, new Quantity(bytes).getNumericalAmount().longValue() / 1024);
    }

    private static List<VolumeMount> mounts(MoverTask task) {
        List<VolumeMount> mounts = new ArrayList<>(List.of(
                mount("credentials", CREDENTIALS, true), mount("token", TOKEN, true), mount("tmp", "/tmp", false)));
        switch (task) {
            case MoverTask.Backup b -> mounts.add(mount("data", b.path(), true));
            case MoverTask.Fill f -> writable(f.path(), mounts);
            case MoverTask.Files f -> writable(f.path(), mounts);
            case MoverTask.BackupDevice b -> {}
            case MoverTask.FillDevice f -> {}
            case MoverTask.Mount m when m.block() -> {}
            case MoverTask.Mount m -> mounts.add(mount("data", "/volumes/" + m.claim(), true));
            case MoverTask.Init i -> {}
            case MoverTask.Rekey r -> {}
            case MoverTask.Verify v -> {}
            case MoverTask.Prune p -> {}
        }
        return mounts;
    }

    private static List<VolumeDevice> devices(MoverTask task) {
        return switch (task) {
            case MoverTask.BackupDevice b -> List.of(new VolumeDevice(MoverTask.DEVICE, "data"));
            case MoverTask.FillDevice f -> List.of(new VolumeDevice(MoverTask.DEVICE, "data"));
            case MoverTask.Mount m when m.block() -> List.of(new VolumeDevice(MoverTask.DEVICE, "data"));
            case MoverTask.Backup _,
                    MoverTask.Fill _,
                    MoverTask.Files _,
                    MoverTask.Mount _,
                    MoverTask.Init _,
                    MoverTask.Rekey _,
                    MoverTask.Verify _,
                    MoverTask.Prune _ -> List.of();
        };
    }

    /** restic sets owner and mode of each directory of the path, so the parent must be writable too. */
    private static void writable(String path, List<VolumeMount> mounts) {
        mounts.add(mount("parent", path.substring(0, path.lastIndexOf('/')), false));
        mounts.add(mount("data", path, false));
    }

    private static List<Volume> volumes(String secret, String tmp, MoverTask task) {
        List<Volume> volumes = new ArrayList<>(List.of(
                new VolumeBuilder()
                        .withName("credentials")
                        .withNewSecret()
                        .withSecretName(secret)
                        .withDefaultMode(0444) // the only container runs as one user, which depends on the task
                        .endSecret()
                        .build(),
                new VolumeBuilder()
                        .withName("token")
                        .withNewProjected()
                        .addNewSource()
                        .withNewServiceAccountToken()
                        .withAudience("breakwater-gateway")
                        .withExpirationSeconds(86_400L)
                        .withPath("token")
                        .endServiceAccountToken()
                        .endSource()
                        .endProjected()
                        .build(),
                emptyDir("tmp", tmp)));
        switch (task) {
            case MoverTask.Backup b -> volumes.add(claim(b.claim()));
            case MoverTask.Fill f -> target(f.claim(), volumes);
            case MoverTask.Files f -> target(f.claim(), volumes);
            case MoverTask.BackupDevice b -> volumes.add(claim(b.claim()));
            case MoverTask.FillDevice f -> volumes.add(claim(f.claim()));
            case MoverTask.Mount m -> volumes.add(claim(m.claim()));
            case MoverTask.Init i -> {}
            case MoverTask.Rekey r -> {}
            case MoverTask.Verify v -> {}
            case MoverTask.Prune p -> {}
        }
        return volumes;
    }

    private static void target(String claim, List<Volume> volumes) {
        volumes.add(emptyDir("parent", "1Mi")); // it contains a mount point only
        volumes.add(claim(claim));
    }

    private static Volume emptyDir(String name, String limit) {
        return new VolumeBuilder()
                .withName(name)
                .withNewEmptyDir()
                .withSizeLimit(new Quantity(limit))
                .endEmptyDir()
                .build();
    }

    private static Volume claim(String name) {
        return new VolumeBuilder()
                .withName("data")
                .withNewPersistentVolumeClaim(name, false)
                .build();
    }

    private static VolumeMount mount(String volume, String path, boolean readOnly) {
        return new VolumeMountBuilder()
                .withName(volume)
                .withMountPath(path)
                .withReadOnly(readOnly)
                .build();
    }
}
