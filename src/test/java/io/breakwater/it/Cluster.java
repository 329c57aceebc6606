package io.breakwater.it;

import com.github.dockerjava.api.command.InspectContainerResponse;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.testcontainers.containers.Network;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/** A Kubernetes cluster with one node in a container, which can be killed and started again. */
final class Cluster implements AutoCloseable {
    private static final int API_PORT = 6443;

    private final String name;
    private final K3sContainer node;
    private volatile KubernetesClient client;

    private Cluster(String name, K3sContainer node) {
        this.name = name;
        this.node = node;
    }

    /** Starts a cluster and waits until its node is ready. */
    static Cluster start(String name, Network network) {
        @SuppressWarnings("resource") // the Cluster closes it
        var node = new K3sContainer(DockerImageName.parse(Rig.environment("BREAKWATER_K3S_IMAGE"))
                        .asCompatibleSubstituteFor("rancher/k3s"))
                .withNetwork(network)
                .withLabels(Rig.labels("node"))
                .withStartupTimeout(Duration.ofMinutes(3));
        node.setCommand(
                "server",
                "--disable=traefik",
                "--disable=local-storage",
                "--disable=metrics-server",
                "--tls-san=" + node.getHost());
        var cluster = new Cluster(name, node);
        node.start();
        cluster.connect();
        return cluster;
    }

    String name() {
        return name;
    }

    KubernetesClient client() {
        return client;
    }

    /** Address of the node on the rig's network, for node ports. */
    String address() {
        return inspect()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress();
    }

    /** Kubeconfig for {@code kubectl} on this machine. The published port changes at every start of the node. */
    String kubeconfig() {
        return node.getKubeConfigYaml().replaceAll("server: .*", "server: \"" + server() + "\"");
    }

    private String server() {
        var binding = inspect().getNetworkSettings().getPorts().getBindings().entrySet().stream()
                .filter(e -> e.getKey().getPort() == API_PORT)
                .map(e -> e.getValue()[0])
                .findFirst()
                .orElseThrow();
        return "https://%s:%s".formatted(node.getHost(), binding.getHostPortSpec());
    }

    private InspectContainerResponse inspect() {
        return node.getDockerClient().inspectContainerCmd(node.getContainerId()).exec();
    }

    private void connect() {
        Config config = new ConfigBuilder(Config.fromKubeconfig(kubeconfig()))
                .withRequestTimeout(10_000)
                .withConnectionTimeout(3_000)
                .withRequestRetryBackoffLimit(0)
                .build();
        KubernetesClient old = client;
        client = new KubernetesClientBuilder().withConfig(config).build();
        if (old != null) {
            old.close();
        }
    }

    /** Kills the node like a power cut. */
    void kill() {
        node.getDockerClient().killContainerCmd(node.getContainerId()).exec();
    }

    /** Starts a killed node again and waits until its API server answers. */
    void revive(Progress progress) {
        node.getDockerClient().startContainerCmd(node.getContainerId()).exec();
        connect();
        progress.await(
                name + " answers again",
                Duration.ofMinutes(3),
                () -> "no answer from " + client.getMasterUrl(),
                () -> Optional.of(client.nodes().list().getItems().size() == 1));
    }

    /** Copies images from the container engine into the node. */
    void load(List<String> images) {
        var save = new ArrayList<>(List.of("docker", "save"));
        save.addAll(images);
        HostCommands.pipe(
                save,
                List.of("docker", "exec", "-i", node.getContainerId(), "ctr", "-n", "k8s.io", "images", "import", "-"));
    }

    /** Runs kubectl in the node, as administrator. */
    String kubectl(String... arguments) {
        return kubectlWith("", arguments);
    }

    /** Runs kubectl with an input, for {@code -f -}. */
    String kubectlWith(String input, String... arguments) {
        return HostCommands.run(
                input,
                Stream.concat(Stream.of("docker", "exec", "-i", node.getContainerId(), "kubectl"), Stream.of(arguments))
                        .toList());
    }

    /** Runs a script in the node with a POSIX shell, which ends at the first command that fails, and after ten minutes. */
    String shell(String directory, String script) {
        List<String> command = List.of("docker", "exec", "-i", "-w", directory, node.getContainerId());
        return HostCommands.run(
                "",
                Stream.concat(command.stream(), Stream.of("timeout", "600", "sh", "-eu", "-c", script))
                        .toList());
    }

    /** Writes a file in the node, and creates its directory. */
    void write(String directory, String name, String content) {
        HostCommands.run(
                content,
                List.of(
                        "docker",
                        "exec",
                        "-i",
                        node.getContainerId(),
                        "sh",
                        "-euc",
                        "mkdir -p " + directory + " && cat > " + directory + "/" + name));
    }

    /** Uid of the cluster: that of its namespace kube-system. */
    String uid() {
        return client.namespaces().withName("kube-system").get().getMetadata().getUid();
    }

    /** Applies manifests; those without a namespace use the given one. */
    void apply(String namespace, String manifests) {
        kubectlWith(
                manifests,
                "apply",
                "--server-side",
                "--force-conflicts",
                "--validate=strict",
                "-n",
                namespace,
                "-f",
                "-");
    }

    void createNamespace(String namespace) {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .serverSideApply();
    }

    /** Deletes a namespace and waits until it does not exist any more. */
    void deleteNamespace(String namespace, Progress progress) {
        client.namespaces().withName(namespace).delete();
        progress.await(
                "namespace %s is deleted on %s".formatted(namespace, name),
                Duration.ofMinutes(2),
                () -> quietly(
                        "get",
                        "namespace",
                        namespace,
                        "-o",
                        "jsonpath={.status.conditions[?(@.status=='True')].message}"),
                () -> Optional.of(client.namespaces().withName(namespace).get() == null));
    }

    /**
     * Information that may explain a failure: objects, events, and the last lines of the logs of pods, starting with
     * those of Breakwater.
     */
    String diagnosis(List<String> namespaces) {
        var text = new StringBuilder("cluster " + name + "\n");
        for (String namespace : namespaces) {
            text.append("--- namespace ").append(namespace).append('\n');
            text.append(quietly("get", "breakwater,pods,jobs,pvc,volumesnapshots", "-n", namespace, "-o", "wide"));
            text.append(quietly(
                    "get", "events", "-n", namespace, "--sort-by=.lastTimestamp", "--field-selector=type=Warning"));
            text.append(quietly(
                    "get",
                    "restorepoints,restores,failoverplans,backuppolicies,backuplocations",
                    "-n",
                    namespace,
                    "-o",
                    "jsonpath={range .items[*]}{.kind}/{.metadata.name}{range .status.conditions[*]}"
                            + " {.type}={.status}:{.reason}:{.message}{end}{'\\n"
                            + "'}{end}"));
        }
        text.append("--- pods of Breakwater\n");
        text.append(quietly(
                "logs",
                "-n",
                Rig.SYSTEM,
                "-l",
                "app.kubernetes.io/name=breakwater",
                "--tail=60",
                "--prefix",
                "--all-containers"));
        return text.toString();
    }

    private String quietly(String... arguments) {
        try {
            return kubectl(arguments);
        } catch (RuntimeException e) {
            return e.getMessage() + "\n";
        }
    }

    @Override
    public void close() {
        if (client != null) {
            client.close();
        }
        node.stop();
    }
}
