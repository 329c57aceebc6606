package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.TestEvents;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests over TLS, as the API server sends them. */
class AdmissionServerTest {
    /** No answer, because the server closed the connection before it had read the rest of a refused body. */
    private static final int CLOSED = 0;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.webhook.port", "0", "breakwater.gateway.url", "https://127.0.0.1:8443"));
    private final ServingCertificate certificate = new ServingCertificate(cluster.client(), config, Clock.systemUTC());
    private final AdmissionServer server = new AdmissionServer(
            cluster.client(),
            config,
            certificate,
            TestEvents.audit(Clock.systemUTC()),
            StampFixture.stamps(),
            StampFixture.secret());
    private HttpClient http;

    @BeforeEach
    void start() throws Exception {
        cluster.add(new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("breakwater.io/standby", "true")
                .endMetadata()
                .build());
        server.start();
        http = HttpClient.newBuilder().sslContext(trusting(certificate.caPem())).build();
    }

    @AfterEach
    void stop() {
        http.close();
        server.stop();
        cluster.close();
    }

    @Test
    void returnsAPodPatchWithTheReviewId() throws Exception {
        JsonNode answer = post(AdmissionServer.HOLD_BACK, review("{kind: Pod, metadata: {namespace: shop}, spec: {}}"));
        assertThat(answer.path("kind").asText()).isEqualTo("AdmissionReview");
        assertThat(answer.at("/response/uid").asText()).isEqualTo("705ab4f5-6393-11e8-b7cc-42010a800002");
        assertThat(answer.at("/response/allowed").asBoolean()).isTrue();
        assertThat(answer.at("/response/patchType").asText()).isEqualTo("JSONPatch");
    }

    @Test
    void aRefusalCarriesItsReason() throws Exception {
        JsonNode answer = post(
                AdmissionServer.KINDS,
                review("{kind: BackupPolicy, apiVersion: breakwater.io/v1alpha1, metadata: {namespace: shop, name: p},"
                        + " spec: {schedule: {cron: 'x x x x x'}, locationRef: {name: l}}}"));
        assertThat(answer.at("/response/allowed").asBoolean(true)).isFalse();
        assertThat(answer.at("/response/status/message").asText()).startsWith("spec.schedule.cron: ");
    }

    @Test
    void answersInvalidReviewsWithBadRequest() throws Exception {
        assertThat(send(AdmissionServer.KINDS, "{}").statusCode()).isEqualTo(400);
        assertThat(send(AdmissionServer.KINDS, "nonsense").statusCode()).isEqualTo(400);
    }

    @Test
    void namesNoPartOfAnInvalidBody() throws Exception {
        HttpResponse<String> answer = send(AdmissionServer.KINDS, "stranger\n{}");
        assertThat(answer.body()).contains("line 1").doesNotContain("stranger");
    }

    @Test
    void answersOnlyPostsWithALengthAtKnownPaths() throws Exception {
        assertThat(send(AdmissionServer.KINDS + "/more", "{}").statusCode()).isEqualTo(404);
        for (String guess : List.of(AdmissionServer.KINDS, AdmissionServer.AUTHOR, "/0000" + AdmissionServer.AUTHOR)) {
            HttpRequest stranger = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + guess))
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .build();
            assertThat(http.send(stranger, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .as("only the API server knows the paths")
                    .isEqualTo(404);
        }
        assertThat(http.send(request(AdmissionServer.KINDS).build(), HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(405);
        HttpRequest chunked = request(AdmissionServer.KINDS)
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[10])))
                .build();
        assertThat(http.send(chunked, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(411);
    }

    @Test
    void refusesABodyThatIsTooLarge() throws Exception {
        try {
            assertThat(send(AdmissionServer.KINDS, bomb(8_000_000)).statusCode())
                    .isEqualTo(413);
        } catch (IOException e) {
            // The server closes the connection while the client still sends, so the answer may be lost.
            assertThat(e).hasMessageContaining("received no bytes");
        }
        assertAnswersReviews();
    }

    @Test
    void refusesABodyWithTooManyTokens() throws Exception {
        HttpResponse<String> answer = send(AdmissionServer.KINDS, bomb(3_000_000));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("at most 100000 JSON tokens");
        assertAnswersReviews();
    }

    @Test
    void boundsTheHeapForManyLargeBodies() throws Exception {
        byte[] large = bomb(8_000_000).getBytes(StandardCharsets.US_ASCII);
        byte[] small = bomb(3_000_000).getBytes(StandardCharsets.US_ASCII);
        List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool ->
                        pool.getName().contains("Tenured") || pool.getName().contains("Old"))
                .toList();
        assertThat(pools).isNotEmpty();
        System.gc();
        pools.forEach(MemoryPoolMXBean::resetPeakUsage);
        long before =
                pools.stream().mapToLong(pool -> pool.getUsage().getUsed()).sum();

        List<CompletableFuture<Integer>> answers = IntStream.range(0, 8)
                .mapToObj(i -> http.sendAsync(
                                request(AdmissionServer.KINDS)
                                        .POST(HttpRequest.BodyPublishers.ofByteArray(i % 2 == 0 ? large : small))
                                        .build(),
                                HttpResponse.BodyHandlers.discarding())
                        .handle((response, e) -> e == null ? response.statusCode() : CLOSED))
                .toList();
        for (CompletableFuture<Integer> answer : answers) {
            assertThat(answer.get(60, TimeUnit.SECONDS)).isIn(400, 413, 503, CLOSED);
        }

        System.gc();
        long peak =
                pools.stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum();
        assertThat(peak - before).as("growth of the heap in bytes").isLessThan(100L << 20);
        assertAnswersReviews();
    }

    @Test
    void acceptsTheLargestObjectOfTheApiServer() throws Exception {
        String restore = "{kind: Restore, apiVersion: breakwater.io/v1alpha1, metadata: {namespace: shop, name: r,"
                + " annotations: {note: " + "n".repeat(1_400_000) + "}}, spec: {restorePointRef: {name: p}}}";
        String update = Reviews.document("UPDATE", "jane", Reviews.yaml(restore), Reviews.yaml(restore))
                .toString();
        assertThat(update.length()).isGreaterThan(2_800_000);
        assertThat(post(AdmissionServer.KINDS, update).at("/response/allowed").asBoolean())
                .isTrue();
    }

    private void assertAnswersReviews() throws Exception {
        JsonNode answer = post(AdmissionServer.HOLD_BACK, review("{kind: Pod, metadata: {namespace: shop}, spec: {}}"));
        assertThat(answer.at("/response/allowed").asBoolean()).isTrue();
    }

    /** A list of empty objects: three bytes each in JSON, and about 80 in memory. */
    private static String bomb(int bytes) {
        return "[" + "{},".repeat(bytes / 3 - 1) + "{}]";
    }

    private static String review(String yaml) {
        return Reviews.document("CREATE", "jane", Reviews.yaml(yaml), null).toString();
    }

    private JsonNode post(String path, String body) throws Exception {
        HttpResponse<String> response = send(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new ObjectMapper().readTree(response.body());
    }

    private HttpResponse<String> send(String path, String body) throws Exception {
        return http.send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(
                "https://127.0.0.1:" + server.port() + StampFixture.secret().path(path)));
    }

    static SSLContext trusting(String pem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
                "ca",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
