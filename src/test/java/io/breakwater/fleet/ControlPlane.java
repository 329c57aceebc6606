package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * etcd and kube-apiserver as processes of this machine, without a node and without controllers. Objects are written straight into
 * etcd, so that a fleet exists within a minute.
 */
final class ControlPlane implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration START = Duration.ofMinutes(3);
    private static final Duration CALL = Duration.ofMinutes(2);
    private static final int BATCH = 200;
    private static final String TOKEN = "fleet";
    private static final Pattern REQUESTS = Pattern.compile("(?m)^apiserver_request_total\\{(.*)} (\\S+)$");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"([^\"]*)\"");

    private final Path directory;
    private final Path program;
    private final HttpClient plain = HttpClient.newHttpClient();
    private final HttpClient trusting = AnyServerTrust.client();
    private final int etcdPort = freePort();
    private final int port = freePort();
    private final ArrayNode batch = JSON.createArrayNode();
    private final Process etcd;
    private Process server;

    /**
     * Starts etcd.
     *
     * @param directory for data, logs and keys
     * @param program the program of {@code dev/cluster}, which contains all components
     */
    ControlPlane(Path directory, Path program) throws IOException {
        this.directory = directory;
        this.program = program;
        String clients = "http://127.0.0.1:" + etcdPort;
        String peers = "http://127.0.0.1:" + freePort();
        this.etcd = run(
                "etcd",
                List.of(
                        "--data-dir=" + directory.resolve("etcd-data"),
                        "--unsafe-no-fsync",
                        "--log-level=warn",
                        "--quota-backend-bytes=8589934592",
                        "--max-txn-ops=" + 2 * BATCH,
                        "--max-request-bytes=16777216",
                        "--listen-client-urls=" + clients,
                        "--advertise-client-urls=" + clients,
                        "--listen-peer-urls=" + peers,
                        "--initial-advertise-peer-urls=" + peers,
                        "--initial-cluster=default=" + peers));
        await("etcd", () -> post("/v3/kv/range", JSON.createObjectNode().put("key", base64("/"))));
    }

    /** Writes an object of any kind into etcd, in a transaction with others. The API server is not asked, and checks nothing. */
    void put(String key, byte[] json) throws IOException {
        ObjectNode operation = batch.addObject().putObject("requestPut");
        operation.put("key", base64("/registry/" + key));
        operation.put("value", Base64.getEncoder().encodeToString(json));
        if (batch.size() >= BATCH) {
            flush();
        }
    }

    /** Writes what {@link #put} has gathered. */
    void flush() throws IOException {
        if (!batch.isEmpty()) {
            post("/v3/kv/txn", JSON.createObjectNode().set("success", batch));
            batch.removeAll();
        }
    }

    private JsonNode post(String path, JsonNode body) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + etcdPort + path))
                .timeout(CALL)
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        return send(plain, request);
    }

    /** Starts the API server. */
    void startServer() throws IOException {
        flush();
        Files.writeString(directory.resolve("tokens.csv"), TOKEN + ",admin,admin,\"system:masters\"\n");
        Path key = directory.resolve("accounts.key");
        Files.writeString(key, accountKey());
        server = run(
                "kube-apiserver",
                List.of(
                        "--etcd-servers=http://127.0.0.1:" + etcdPort,
                        "--secure-port=" + port,
                        "--bind-address=127.0.0.1",
                        "--cert-dir=" + directory.resolve("pki"),
                        "--token-auth-file=" + directory.resolve("tokens.csv"),
                        "--service-account-issuer=https://kubernetes.default.svc",
                        "--service-account-key-file=" + key,
                        "--service-account-signing-key-file=" + key,
                        "--authorization-mode=RBAC",
                        "--service-cluster-ip-range=10.43.0.0/16",
                        "--endpoint-reconciler-type=none",
                        "--profiling=false"));
        await("kube-apiserver", () -> get("/readyz"));
    }

    private static String accountKey() throws IOException {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            byte[] der = generator.generateKeyPair().getPrivate().getEncoded();
            return "-----BEGIN PRIVATE KEY-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                    + "\n-----END PRIVATE KEY-----\n";
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** A file with which clients reach the API server as an administrator. */
    Path kubeconfig() throws IOException {
        return Files.writeString(directory.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                clusters: [{name: fleet, cluster: {server: "https://127.0.0.1:%d", insecure-skip-tls-verify: true}}]
                contexts: [{name: fleet, context: {cluster: fleet, user: admin}}]
                current-context: fleet
                users: [{name: admin, user: {token: %s}}]
                """.formatted(port, TOKEN));
    }

    /** Creates an object by a request. */
    JsonNode create(String path, String json) throws IOException {
        HttpRequest request = request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        return send(trusting, request);
    }

    /** The body of an answer. */
    String get(String path) throws IOException {
        return body(trusting, request(path).build());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path))
                .timeout(CALL)
                .header("Authorization", "Bearer " + TOKEN);
    }

    /** Requests of the API server so far, by verb and resource. */
    Map<String, Long> requests() throws IOException {
        Map<String, Long> requests = new TreeMap<>();
        Matcher line = REQUESTS.matcher(get("/metrics"));
        while (line.find()) {
            Map<String, String> labels = new TreeMap<>();
            Matcher label = LABEL.matcher(line.group(1));
            while (label.find()) {
                labels.put(label.group(1), label.group(2));
            }
            String resource = labels.get("resource");
            if (!resource.isEmpty()) {
                String part = labels.get("subresource").isEmpty() ? "" : "/" + labels.get("subresource");
                long count = (long) Double.parseDouble(line.group(2));
                requests.merge(labels.get("verb") + " " + resource + part, count, Long::sum);
            }
        }
        return requests;
    }

    long serverPid() {
        return server.pid();
    }

    long etcdPid() {
        return etcd.pid();
    }

    private Process run(String name, List<String> arguments) throws IOException {
        Path link = directory.resolve(name); // the program acts as the component of its name
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, program.toAbsolutePath());
        List<String> command = new ArrayList<>(List.of(link.toString()));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start();
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private void await(String what, Attempt attempt) throws IOException {
        long end = System.nanoTime() + START.toNanos();
        while (true) {
            try {
                attempt.run();
                return;
            } catch (IOException e) {
                if (System.nanoTime() > end) {
                    throw new IOException(what + " does not answer; its log is in " + directory, e);
                }
                pause();
            }
        }
    }

    static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode send(HttpClient client, HttpRequest request) throws IOException {
        return JSON.readTree(body(client, request));
    }

    private static String body(HttpClient client, HttpRequest request) throws IOException {
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() / 100 != 2) {
                throw new IOException(
                        request.uri() + " was answered with " + answer.statusCode() + ": " + answer.body());
            }
            return answer.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (server != null) {
            server.destroyForcibly();
        }
        etcd.destroyForcibly();
    }
}
