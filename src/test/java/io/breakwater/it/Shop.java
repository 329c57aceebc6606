package io.breakwater.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.it.AcknowledgedOrders.Entry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The application of the examples in a namespace of a cluster, and the HTTP interface for its customers.
 *
 * @param namespace of the application
 */
record Shop(Cluster cluster, String namespace) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    /** Deploys the application; the claims are empty, or have their existing content. */
    void deploy() {
        cluster.createNamespace(namespace);
        cluster.apply(namespace, Examples.shop());
    }

    /** Waits until the shop and its database answer. */
    void awaitOpen(Progress progress, Duration limit) {
        progress.await(
                "the shop in %s on %s is open".formatted(namespace, cluster.name()),
                limit,
                this::pods,
                () -> Optional.of(isOpen(url())));
    }

    /** Whether the shop at this address, and its database, answer. */
    static boolean isOpen(URI url) throws InterruptedException {
        try {
            return send(HttpRequest.newBuilder(url.resolve("/readyz")).GET()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** Address for customers: the node's address and the node port. */
    URI url() {
        var service = cluster.client()
                .services()
                .inNamespace(namespace)
                .withName("shop")
                .get();
        if (service == null) {
            throw new IllegalStateException(
                    "no Service shop in namespace %s of %s".formatted(namespace, cluster.name()));
        }
        return URI.create("http://%s:%d"
                .formatted(
                        cluster.address(),
                        service.getSpec().getPorts().getFirst().getNodePort()));
    }

    /** Sends an order; true if the shop acknowledges it. */
    static boolean order(URI url, Entry order) throws IOException, InterruptedException {
        String body = "{\"id\":\"%s\",\"item\":\"%s\",\"quantity\":1}".formatted(order.id(), order.content());
        return send(HttpRequest.newBuilder(url.resolve("/orders")).POST(BodyPublishers.ofString(body)))
                        .statusCode()
                == 201;
    }

    /** Uploads a file; true if the shop acknowledges it. */
    static boolean upload(URI url, String name, byte[] content) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(url.resolve("/files/" + name)).PUT(BodyPublishers.ofByteArray(content)))
                        .statusCode()
                == 201;
    }

    /** All orders in the database. */
    List<Entry> orders() {
        var orders = new ArrayList<Entry>();
        for (String line : get("/orders").lines().toList()) {
            JsonNode order = parse(line);
            orders.add(new Entry(order.get("id").asText(), order.get("item").asText()));
        }
        return orders;
    }

    /** All files, with the SHA-256 of their content in the volume. */
    List<Entry> files() {
        var files = new ArrayList<Entry>();
        for (JsonNode file : parse(get("/files"))) {
            files.add(new Entry(file.get("name").asText(), file.get("sha256").asText()));
        }
        return files;
    }

    /** An operating error. */
    void dropOrders() {
        cluster.kubectl(
                "exec",
                "-n",
                namespace,
                "shop-db-0",
                "-c",
                "postgresql",
                "--",
                "psql",
                "-U",
                "postgres",
                "-d",
                "shop",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                "DROP TABLE orders");
    }

    /** Another operating error. */
    void deleteDeployment() {
        cluster.kubectl("delete", "deployment", "shop", "-n", namespace, "--wait=true");
    }

    /** Running pods of the shop, without gated ones. */
    List<String> running() {
        return cluster
                .client()
                .pods()
                .inNamespace(namespace)
                .withLabel("app.kubernetes.io/part-of", "shop")
                .list()
                .getItems()
                .stream()
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .map(p -> p.getMetadata().getName())
                .toList();
    }

    /** The pods in one line, for messages. */
    String pods() {
        return cluster.client().pods().inNamespace(namespace).list().getItems().stream()
                .map(p -> p.getMetadata().getName() + " " + p.getStatus().getPhase())
                .toList()
                .toString();
    }

    private String get(String path) {
        try {
            HttpResponse<String> response =
                    send(HttpRequest.newBuilder(url().resolve(path)).GET());
            if (response.statusCode() != 200) {
                throw new IllegalStateException("GET %s: %d %s"
                        .formatted(path, response.statusCode(), response.body().strip()));
            }
            return response.body();
        } catch (IOException e) {
            throw new IllegalStateException("GET " + path + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return HTTP.send(request.timeout(Duration.ofSeconds(12)).build(), BodyHandlers.ofString());
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new IllegalStateException("the answer of the shop is not valid JSON: " + json, e);
        }
    }
}
