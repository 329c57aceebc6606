package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests over TLS, as the API server sends them. */
class AdmissionServerTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.webhook.port", "0", "breakwater.gateway.url", "https://127.0.0.1:8443"));
    private final ServingCertificate certificate = new ServingCertificate(cluster.client(), config, Clock.systemUTC());
    private final AdmissionServer server = new AdmissionServer(cluster.client(), config, certificate);
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
                HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static SSLContext trusting(String pem) throws Exception {
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
