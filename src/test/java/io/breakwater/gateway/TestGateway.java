package io.breakwater.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.Digests;
import io.breakwater.api.NamedRef;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.location.Quotas;
import io.breakwater.location.Stores;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.observe.Meters;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.store.s3.S3Server;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A gateway as movers see it: real TLS, real HTTP, real stores. Only the API server is simulated. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
final class TestGateway implements AutoCloseable {
    static final String HOLDER = "system:serviceaccount:shop:breakwater-mover";

    final TicketSigner tickets;
    final HttpClient http;
    private final SSLContext trust;
    final String caPem;
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final Stores stores;
    private final GatewayServer server;
    final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Job job;
    private final Pod pod;

    /**
     * Starts a gateway without locations.
     *
     * @param root directory of filesystem locations
     * @param settings settings that differ from the defaults
     */
    TestGateway(Path root, Map<String, String> settings) throws Exception {
        Map<String, String> all = new HashMap<>(Map.of(
                "breakwater.namespace", "sys",
                "breakwater.gateway.port", "0",
                "breakwater.gateway.url", "https://localhost:8443",
                "breakwater.gateway.filesystem-root", root.toString()));
        all.putAll(settings);
        all.put("breakwater.store.allowed-endpoints", "127.0.0.1");
        BreakwaterConfig config = TestConfig.of(all);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("sys")
                        .endMetadata()
                        .build())
                .create();
        job = client.resource(new JobBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("mover")
                        .endMetadata()
                        .withNewSpec()
                        .endSpec()
                        .build())
                .create();
        pod = client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("mover-x")
                        .addNewOwnerReference()
                        .withApiVersion("batch/v1")
                        .withKind("Job")
                        .withName("mover")
                        .withUid(job.getMetadata().getUid())
                        .withController(true)
                        .endOwnerReference()
                        .endMetadata()
                        .build())
                .create();
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("sys")
                        .withName("breakwater-master-key")
                        .endMetadata()
                        .withData(TestKeys.data(new byte[32]))
                        .build())
                .create();
        stores = TestStores.of(client, config);
        tickets = new TicketSigner(client, config, Clock.systemUTC());
        var tokens = new TokenReviewer(client) {
            @Override
            Optional<Caller> caller(String token) {
                return switch (token) {
                    case "good" ->
                        Optional.of(
                                new Caller(HOLDER, "mover-x", pod.getMetadata().getUid()));
                    case "stray" -> Optional.of(new Caller(HOLDER, "stray", "another uid"));
                    default -> Optional.empty();
                };
            }
        };
        var certificate = new ServingCertificate(client, config, Clock.systemUTC());
        server = new GatewayServer(
                config,
                certificate,
                new TicketVerifier(client, config, Clock.systemUTC()),
                tokens,
                new TicketOwnerCheck(client),
                new GatewayBackend(
                        TestLocations.of(client, config),
                        stores,
                        new EpochGuard(stores),
                        new Quotas(stores, TestRegister.of(stores), config)),
                new Meters(metrics, Clock.systemUTC()));
        server.start();
        caPem = certificate.caPem();
        trust = trusting(caPem);
        http = HttpClient.newBuilder().sslContext(trust).build();
    }

    @Override
    public void close() {
        server.stop();
        http.close();
        cluster.close();
    }

    /** A location in the root. */
    BackupLocation directory(String name) {
        BackupLocationSpec spec = new BackupLocationSpec();
        spec.filesystem = new BackupLocationSpec.Filesystem();
        spec.filesystem.path = name;
        return location(name, spec);
    }

    /** A location in a bucket of the S3 server for tests. */
    BackupLocation bucket(String name, S3 s3) {
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("sys")
                        .withName(name)
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToData("accessKeyId", encoded(S3Server.ID))
                        .addToData("secretAccessKey", encoded(S3Server.SECRET))
                        .build())
                .create();
        BackupLocationSpec spec = new BackupLocationSpec();
        spec.s3 = s3;
        spec.s3.credentialsSecretRef = new NamedRef(name);
        return location(name, spec);
    }

    BackupLocation location(String name, BackupLocationSpec spec) {
        BackupLocation location = new BackupLocation();
        location.setMetadata(new ObjectMetaBuilder()
                .withNamespace("sys")
                .withName(name)
                .withUid(name)
                .withGeneration(1L)
                .build());
        location.setSpec(spec);
        return client.resource(location).create();
    }

    /** A location as it is now. */
    BackupLocation location(String name) {
        return client.resources(BackupLocation.class)
                .inNamespace("sys")
                .withName(name)
                .get();
    }

    void update(BackupLocation location) {
        client.resource(location).update();
    }

    Stores stores() {
        return stores;
    }

    ObjectStore store(BackupLocation location) {
        return stores.open(location);
    }

    /** A connection on which a test sends what it likes. */
    Socket connect() throws IOException {
        return trust.getSocketFactory().createSocket("localhost", port());
    }

    int port() {
        return server.port();
    }

    URI uri(String path) {
        return URI.create("https://localhost:" + port() + path);
    }

    /** A ticket for the repository of namespace shop of site east. */
    String ticket(String location, Mode mode, Ticket.Fence fence) {
        return tickets.sign(draft(location, mode).fence(fence).build());
    }

    /** A ticket of {@link #HOLDER} for ten minutes. */
    Ticket.Draft draft(String location, Mode mode) {
        return draft(location, mode, owner());
    }

    /** The Job that every mover belongs to. */
    Ticket.Owner owner() {
        return new Ticket.Owner(
                Ticket.Owner.JOB, "shop", "mover", job.getMetadata().getUid());
    }

    /** Deletes that Job. */
    void deleteJob() {
        client.resource(job).delete();
    }

    static Ticket.Draft draft(String location, Mode mode, Ticket.Owner owner) {
        return new Ticket.Draft()
                .location("sys", location)
                .repository(TestRegister.of("east", "shop"))
                .mode(mode)
                .holder(HOLDER)
                .owner(owner)
                .expires(Instant.now().plusSeconds(600));
    }

    static String authorization(String ticket, String token) {
        return "Basic " + encoded(ticket + ":" + token);
    }

    HttpRequest.Builder request(String location, String ticket, String path) {
        return HttpRequest.newBuilder(uri("/sys/" + location + "/"
                        + TestRegister.of("east", "shop").id() + "/" + path))
                .header("Accept", ResticProtocol.V2)
                .header("Authorization", authorization(ticket, "good"));
    }

    HttpResponse<String> get(String location, Mode mode, String path) throws IOException, InterruptedException {
        return send(request(location, ticket(location, mode, null), path));
    }

    HttpResponse<String> post(String location, Mode mode, String path, byte[] content)
            throws IOException, InterruptedException {
        return send(request(location, ticket(location, mode, null), path).POST(BodyPublishers.ofByteArray(content)));
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    static String sha(byte[] content) {
        return Digests.sha256Hex(content);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    private static SSLContext trusting(String pem) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null);
        trusted.setCertificateEntry(
                "ca",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(pem.getBytes(UTF_8))));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
