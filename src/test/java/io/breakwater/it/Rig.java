package io.breakwater.it;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.NamedRef;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Stream;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;

/**
 * The environment of a run: two clusters, a store with a region near each and a third one for the lease, and Breakwater
 * on both clusters. All containers have labels, so that {@code dev/down} finds those of a killed run.
 */
final class Rig implements AutoCloseable {
    /** Namespace of the operator. */
    static final String SYSTEM = "breakwater-system";

    static final String EAST = "east";
    static final String WEST = "west";
    static final List<String> REGIONS = List.of(EAST, WEST, "north");

    private static final String LABEL = "io.breakwater.dev";
    private static final Path MANIFESTS = Path.of("dev/cluster/manifests");
    private static final Path CHART = Path.of("deploy/helm/breakwater");

    private final Progress progress;
    private final Network network;
    private Azurite azurite;
    private Cluster east;
    private Cluster west;
    private boolean located;

    private Rig(Progress progress, Network network) {
        this.progress = progress;
        this.network = network;
    }

    /** The reason why no rig can run here; empty if one can. */
    static Optional<String> obstacle() {
        return Stream.of(
                        "BREAKWATER_K3S_IMAGE", "BREAKWATER_AZURITE_IMAGE", "BREAKWATER_SHOP_IMAGE", "BREAKWATER_IMAGE")
                .filter(name -> System.getenv(name) == null)
                .findFirst()
                .map(name -> name + " is not set: run dev/test, or eval \"$(dev/env)\" first");
    }

    /** A value of {@code dev/env}. */
    static String environment(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(
                    name + " is not set: run dev/demo or dev/test, or eval \"$(dev/env)\" first");
        }
        return value;
    }

    /**
     * {@code dev/down} uses these labels to find the rig's containers, and to detect whether their run is still alive.
     */
    static Map<String, String> labels(String kind) {
        return Map.of(
                LABEL,
                kind,
                LABEL + ".run",
                Optional.ofNullable(System.getenv("BREAKWATER_RUN")).orElse("keep"));
    }

    /** Starts clusters and stores, and prepares each cluster: images, storage, snapshots. */
    static Rig start(Progress progress) {
        Network network = Network.builder()
                .createNetworkCmdModifier(create -> create.withLabels(labels("network")))
                .build();
        var rig = new Rig(progress, network);
        try {
            inParallel(
                    () -> rig.azurite = Azurite.start(network, REGIONS),
                    () -> rig.east = rig.startCluster(EAST),
                    () -> rig.west = rig.startCluster(WEST));
            return rig;
        } catch (RuntimeException | Error e) {
            rig.close();
            throw e;
        }
    }

    /** Starts a cluster with storage, and without Breakwater. The caller removes those that are not east or west. */
    Cluster startCluster(String name) {
        Cluster cluster = Cluster.start(name, network);
        progress.print("cluster %s runs at %s", name, cluster.address());
        try {
            prepare(cluster);
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    private void prepare(Cluster cluster) {
        cluster.load(Stream.of(
                        "BREAKWATER_CSIDIR_IMAGE",
                        "BREAKWATER_SHOP_IMAGE",
                        "BREAKWATER_MOVER_IMAGE",
                        "BREAKWATER_IMAGE")
                .map(System::getenv)
                .filter(image -> image != null)
                .toList());
        progress.print("cluster %s has its images", cluster.name());
        installStorage(cluster);
    }

    /** CRDs first: objects that need them are refused until they are established. */
    private void installStorage(Cluster cluster) {
        try (Stream<Path> crds = Files.list(MANIFESTS.resolve("crds"))) {
            for (Path crd : crds.sorted().toList()) {
                cluster.apply("default", Files.readString(crd));
            }
            cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
            cluster.apply(
                    "kube-system",
                    Files.readString(MANIFESTS.resolve("storage.yaml"))
                            .replace("breakwater-dev/csidir:dev", environment("BREAKWATER_CSIDIR_IMAGE")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (String driver : List.of("csidir", "csidir-nosnap")) {
            cluster.kubectl("rollout", "status", "daemonset/" + driver, "-n", "kube-system", "--timeout=120s");
        }
        progress.print("cluster %s has storage with snapshots", cluster.name());
    }

    Site east() {
        return new Site(east, progress);
    }

    Site west() {
        return new Site(west, progress);
    }

    List<Site> sites() {
        return List.of(east(), west());
    }

    Progress progress() {
        return progress;
    }

    /** Installs Breakwater on both clusters with Helm. */
    void install() {
        inParallel(() -> install(east), () -> install(west));
    }

    /** Installs Breakwater on a cluster, or changes its installation; {@code values} as in {@code --set}. */
    void install(Cluster cluster, String... values) {
        List<String> all = Stream.of(
                        Stream.of(
                                "site.name=" + cluster.name(),
                                "image.repository=" + image("BREAKWATER_IMAGE")[0],
                                "image.tag=" + image("BREAKWATER_IMAGE")[1],
                                "mover.image.repository=" + image("BREAKWATER_MOVER_IMAGE")[0],
                                "mover.image.tag=" + image("BREAKWATER_MOVER_IMAGE")[1],
                                // Tests wait for scheduled points.
                                "policy.shortestInterval=1M",
                                "coverage.interval=20S",
                                // The stores of the tests have addresses of the clusters' network, and no certificate.
                                "store.allowedEndpoints[0]=" + azurite.network()),
                        operatorHeap(),
                        Stream.of(values))
                .flatMap(Function.identity())
                .toList();
        Path kubeconfig = privateFile("breakwater-" + cluster.name(), cluster.kubeconfig());
        try {
            HelmClient.install(kubeconfig, "breakwater", CHART, SYSTEM, all);
        } catch (HostCommands.Failed e) {
            progress.quote(cluster.diagnosis(List.of(SYSTEM)));
            throw e;
        } finally {
            delete(kubeconfig);
        }
        progress.print("Breakwater is installed on %s %s", cluster.name(), String.join(" ", values));
    }

    /** The heap of the operator that a run of the tests asks for, such as {@code BREAKWATER_OPERATOR_HEAP=128m}. */
    private static Stream<String> operatorHeap() {
        return Optional.ofNullable(System.getenv("BREAKWATER_OPERATOR_HEAP")).stream()
                .flatMap(heap -> Stream.of(
                        "operator.extraEnv[0].name=JAVA_TOOL_OPTIONS", "operator.extraEnv[0].value=-Xmx" + heap));
    }

    /** Repository and tag of an image that the build made. */
    static String[] image(String variable) {
        String reference = environment(variable);
        int colon = reference.lastIndexOf(':');
        return new String[] {reference.substring(0, colon), reference.substring(colon + 1)};
    }

    /** Uninstalls Breakwater from a cluster with Helm, without the hooks. */
    void uninstall(Cluster cluster) {
        Path kubeconfig = privateFile("breakwater-" + cluster.name(), cluster.kubeconfig());
        try {
            HelmClient.uninstall(kubeconfig, "breakwater", SYSTEM);
        } finally {
            delete(kubeconfig);
        }
    }

    /**
     * Applies the three locations on both clusters, once. East's operator generates the master key, which is then
     * copied to west, as a user would do it.
     */
    synchronized void locate() {
        if (located) {
            return;
        }
        applyLocations(east());
        Secret key = east.client()
                .secrets()
                .inNamespace(SYSTEM)
                .withName("breakwater-master-key")
                .get();
        west.client()
                .resource(new SecretBuilder(key)
                        .withMetadata(new ObjectMetaBuilder()
                                .withName(key.getMetadata().getName())
                                .withNamespace(SYSTEM)
                                .build())
                        .build())
                .serverSideApply();
        applyLocations(west());
        located = true;
    }

    private void applyLocations(Site site) {
        REGIONS.forEach(region -> {
            site.client()
                    .resource(credentials("blob-" + region, azurite.key(region)))
                    .serverSideApply();
            site.client().resource(location(region)).serverSideApply();
        });
        REGIONS.forEach(region -> site.awaitLocation(SYSTEM, "blob-" + region));
    }

    /** A Secret with the key of an account, for locations of the operator's namespace. */
    static Secret credentials(String name, String accountKey) {
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace(SYSTEM)
                .withName(name)
                .addToLabels(Api.LOCATION_CREDENTIALS, "true")
                .endMetadata()
                .addToStringData("accountKey", accountKey)
                .build();
    }

    /** The location of the examples, in one of the rig's regions. */
    BackupLocation location(String region) {
        BackupLocation location = Examples.read("backuplocation-azure.yaml", BackupLocation.class);
        location.getMetadata().setNamespace(SYSTEM);
        location.getMetadata().setName("blob-" + region);
        location.getSpec().azureBlob.account = region;
        location.getSpec().azureBlob.endpoint = azurite.endpoint(region);
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("blob-" + region);
        return location;
    }

    /** The key of a region's account, for other programs that read its container. */
    String accountKey(String region) {
        return azurite.key(region);
    }

    /** Endpoint of a region's account, for this process. */
    String reachedFromHere(String region) {
        return azurite.reachedFromHere(region);
    }

    /** The objects in a region's location, to read and to alter. */
    ObjectStore store(String region) {
        BackupLocationSpec.AzureBlob spec = location(region).getSpec().azureBlob;
        spec.endpoint = azurite.reachedFromHere(region);
        return TestStores.azure(spec, azurite.key(region));
    }

    /** Starts a store with versions and locks, in a network with both clusters. */
    ObjectLockServer vault() {
        return ObjectLockServer.start(network);
    }

    /** Address of a container in the network of the clusters. */
    static String address(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress();
    }

    /** Prints information that may explain a failure. */
    void explain(String... namespaces) {
        List<String> all =
                Stream.concat(Stream.of(SYSTEM), Stream.of(namespaces)).toList();
        sites().stream()
                .filter(site -> site.cluster() != null)
                .forEach(site -> progress.quote(site.cluster().diagnosis(all)));
    }

    /** Writes the kubeconfigs of both clusters to the place from which {@code dev/down} removes them. */
    List<Path> writeKubeconfigs() {
        Path directory = Path.of(environment("BREAKWATER_CACHE"), "kubeconfig");
        return sites().stream()
                .map(site -> {
                    try {
                        Files.createDirectories(directory);
                        Path file = directory.resolve(site.cluster().name());
                        Files.deleteIfExists(file);
                        return Files.move(
                                privateFile("kubeconfig", site.cluster().kubeconfig()), file);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .toList();
    }

    /** A file that only its owner can read, because it contains an administrator's certificate. */
    private static Path privateFile(String name, String content) {
        try {
            Path file = Files.createTempFile(
                    name, ".yaml", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs all of them at the same time; throws the first failure after all have ended. */
    static void inParallel(Runnable... tasks) {
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> futures =
                    Stream.of(tasks).<Future<?>>map(executor::submit).toList();
            for (Future<?> future : futures) {
                future.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        Stream.of(Optional.ofNullable(east), Optional.ofNullable(west), Optional.ofNullable(azurite))
                .flatMap(Optional::stream)
                .map(Rig::closing)
                .forEach(Runnable::run);
        network.close();
    }

    private static Runnable closing(AutoCloseable resource) {
        return () -> {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException("cannot remove " + resource, e);
            }
        };
    }

    /** Maximum time for the start of a workload on a cold cluster. */
    static Duration startup() {
        return Duration.ofMinutes(2);
    }
}
