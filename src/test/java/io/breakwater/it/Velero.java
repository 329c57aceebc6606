package io.breakwater.it;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The real Velero 1.18.3, installed by its own command line; only its plugin for the rig's store belongs to the rig. It
 * has no limits of a container, so that it runs at full speed.
 */
final class Velero {
    static final String NAMESPACE = "velero";

    private static final Duration RUN = Duration.ofMinutes(15);
    private static final Set<String> ENDS = Set.of("Completed", "PartiallyFailed", "Failed", "FailedValidation");

    private final Rig rig;
    private final Site site;

    private Velero(Rig rig, Site site) {
        this.rig = rig;
        this.site = site;
    }

    /** Installs it and waits until it runs; {@code flags} are additional flags of its server. */
    static Velero install(Rig rig, Site site, String... flags) {
        String image = Rig.environment("BREAKWATER_VELERO_IMAGE");
        site.cluster().load(List.of(image));
        String manifests = HostCommands.run(
                "",
                List.of(
                        "docker",
                        "run",
                        "--rm",
                        "--entrypoint",
                        "/velero",
                        image,
                        "install",
                        "--kubeconfig=/no-cluster.yaml",
                        "--dry-run",
                        "--output=yaml",
                        "--image=" + image,
                        "--plugins=" + image,
                        "--no-default-backup-location",
                        "--no-secret",
                        "--use-volume-snapshots=false",
                        "--velero-pod-cpu-limit=0",
                        "--velero-pod-mem-limit=0"));
        site.cluster().kubectlWith(manifests, "apply", "--server-side", "-f", "-");
        if (flags.length > 0) {
            site.cluster()
                    .kubectl(
                            "patch",
                            "deployment/velero",
                            "-n",
                            NAMESPACE,
                            "--type=json",
                            "-p",
                            List.of(flags).stream()
                                    .map(
                                            "{\"op\":\"add\",\"path\":\"/spec/template/spec/containers/0/args/-\",\"value\":\"%s\"}"
                                                    ::formatted)
                                    .toList()
                                    .toString());
        }
        site.cluster().kubectl("rollout", "status", "deployment/velero", "-n", NAMESPACE, "--timeout=180s");
        rig.progress().print("Velero runs on %s", site.cluster().name());
        return new Velero(rig, site);
    }

    /** Creates a BackupStorageLocation for a region's container and waits until Velero can read it. */
    void location(String name, String region, String prefix, String accessMode) {
        site.cluster().apply(NAMESPACE, """
            apiVersion: velero.io/v1
            kind: BackupStorageLocation
            metadata: {name: %s}
            spec:
              provider: breakwater.io/blob
              accessMode: %s
              backupSyncPeriod: 5s
              validationFrequency: 5s
              objectStorage: {bucket: %s, prefix: %s}
              config: {endpoint: "%s", account: %s, key: "%s"}
            """.formatted(
                        name,
                        accessMode,
                        rig.location(region).getSpec().azureBlob.container,
                        prefix,
                        rig.location(region).getSpec().azureBlob.endpoint,
                        region,
                        rig.accountKey(region)));
        await("BackupStorageLocation", name, Duration.ofMinutes(1), l -> "Available".equals(phase(l)));
        // Velero looks for backups of others at its start, and then once a minute.
        site.cluster().kubectl("rollout", "restart", "deployment/velero", "-n", NAMESPACE);
        site.cluster().kubectl("rollout", "status", "deployment/velero", "-n", NAMESPACE, "--timeout=120s");
    }

    /** Backs up a namespace into a location, without the data of its volumes; waits for the end. */
    GenericKubernetesResource backup(String name, String namespace, String location) {
        site.cluster().apply(NAMESPACE, """
            apiVersion: velero.io/v1
            kind: Backup
            metadata: {name: %s}
            spec: {includedNamespaces: [%s], storageLocation: %s, snapshotVolumes: false}
            """.formatted(name, namespace, location));
        return awaitEnd("Backup", name);
    }

    /** Restores a backup's namespace into another one; waits for the end. */
    GenericKubernetesResource restore(String name, String backup, String from, String to) {
        site.cluster().apply(NAMESPACE, """
            apiVersion: velero.io/v1
            kind: Restore
            metadata: {name: %s}
            spec: {backupName: %s, includedNamespaces: [%s], namespaceMapping: {%s: %s}, restorePVs: false}
            """.formatted(name, backup, from, from, to));
        return awaitEnd("Restore", name);
    }

    /** Waits until Velero lists a backup that another program wrote into a location. */
    GenericKubernetesResource awaitSynced(String backup) {
        return await("Backup", backup, Duration.ofMinutes(1), b -> "Completed".equals(phase(b)));
    }

    private GenericKubernetesResource awaitEnd(String kind, String name) {
        return await(kind, name, RUN, o -> ENDS.contains(phase(o)));
    }

    private GenericKubernetesResource await(
            String kind, String name, Duration limit, java.util.function.Predicate<GenericKubernetesResource> test) {
        return rig.progress()
                .awaitValue(
                        "Velero's %s %s".formatted(kind, name),
                        limit,
                        () -> get(kind, name).map(Velero::brief).orElse("it does not exist"),
                        () -> get(kind, name).filter(test));
    }

    private Optional<GenericKubernetesResource> get(String kind, String name) {
        var context = new ResourceDefinitionContext.Builder()
                .withGroup("velero.io")
                .withVersion("v1")
                .withKind(kind)
                .withPlural(kind.toLowerCase(java.util.Locale.ROOT) + "s")
                .withNamespaced(true)
                .build();
        return Optional.ofNullable(site.client()
                .genericKubernetesResources(context)
                .inNamespace(NAMESPACE)
                .withName(name)
                .get());
    }

    /**
     * Items per second of a finished backup or restore, by Velero's own clock; single items may have failed.
     *
     * @param items {@code itemsBackedUp} or {@code itemsRestored}
     */
    static double rate(GenericKubernetesResource run, String items) {
        if (!Set.of("Completed", "PartiallyFailed").contains(phase(run))) {
            throw new AssertionError(run.toString());
        }
        String start = run.get("status", "startTimestamp");
        String end = run.get("status", "completionTimestamp");
        Integer done = run.get("status", "progress", items);
        long seconds =
                Duration.between(Instant.parse(start), Instant.parse(end)).toSeconds();
        return done / (double) Math.max(1, seconds);
    }

    private static String brief(GenericKubernetesResource object) {
        return String.valueOf((Object) object.get("status"));
    }

    /** The phase of one of Velero's objects; empty before it has one. */
    static String phase(GenericKubernetesResource object) {
        String phase = object.get("status", "phase");
        return phase == null ? "" : phase;
    }
}
