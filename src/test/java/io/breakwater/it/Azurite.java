package io.breakwater.it;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** The object stores: one server with an account for each region. No account can read another one's data. */
final class Azurite implements AutoCloseable {
    private static final int PORT = 10000;

    private final GenericContainer<?> server;
    private final Map<String, String> keys;

    private Azurite(GenericContainer<?> server, Map<String, String> keys) {
        this.server = server;
        this.keys = keys;
    }

    @SuppressWarnings("resource") // the Azurite closes it
    static Azurite start(Network network, List<String> accounts) {
        Map<String, String> keys = accounts.stream().collect(Collectors.toMap(a -> a, a -> newKey()));
        var server = new GenericContainer<>(DockerImageName.parse(Rig.environment("BREAKWATER_AZURITE_IMAGE")))
                .withNetwork(network)
                .withLabels(Rig.labels("azurite"))
                .withEnv(
                        "AZURITE_ACCOUNTS",
                        keys.entrySet().stream()
                                .map(e -> e.getKey() + ":" + e.getValue())
                                .collect(Collectors.joining(";")))
                .withCommand(
                        "azurite-blob", "-l", "/data", "--blobHost", "0.0.0.0", "--skipApiVersionCheck", "--silent")
                .withExposedPorts(PORT)
                .waitingFor(Wait.forListeningPorts(PORT).withStartupTimeout(Duration.ofMinutes(1)));
        server.start();
        return new Azurite(server, keys);
    }

    private static String newKey() {
        byte[] key = new byte[64];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** URL of an account for pods of both clusters; by address, because pods cannot resolve names of this network. */
    String endpoint(String account) {
        return "http://%s:%d/%s".formatted(Rig.address(server), PORT, account);
    }

    /** Addresses of the network of the clusters; bridge networks have 16 bits of their own. */
    String network() {
        return Rig.address(server) + "/16";
    }

    /** URL of an account for this machine. */
    String reachedFromHere(String account) {
        return "http://%s:%d/%s".formatted(server.getHost(), server.getMappedPort(PORT), account);
    }

    String key(String account) {
        return keys.get(account);
    }

    @Override
    public void close() {
        server.stop();
    }
}
