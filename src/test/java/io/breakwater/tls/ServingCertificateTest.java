package io.breakwater.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.Secret;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ServingCertificateTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.gateway.url", "https://127.0.0.1:8443"));
    private final MovableClock clock = new MovableClock();
    private final ServingCertificate certificate = new ServingCertificate(cluster.client(), config, clock);

    @AfterEach
    void close() {
        certificate.close();
        cluster.close();
    }

    @Test
    void servesTheRenewedCertificateWithoutARestart() throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(certificate.sslContext()));
        server.start();
        try {
            int port = server.getAddress().getPort();
            X509Certificate first = shown(port);
            assertThat(first.getSubjectAlternativeNames().stream()
                            .map(n -> n.get(1).toString()))
                    .contains(
                            "127.0.0.1",
                            "breakwater-webhook.breakwater-system.svc",
                            "breakwater-gateway.breakwater-system.svc.cluster.local");
            clock.now = clock.now.plus(Duration.ofDays(61));
            certificate.refresh();
            assertThat(shown(port).getSerialNumber()).isNotEqualTo(first.getSerialNumber());
        } finally {
            server.stop(0);
        }
    }

    /** The gateway is ready only with its certificate, and no mover runs in a new installation. */
    @Test
    void writesTheCertificateOfASeparateGatewayWhenTheOperatorStarts() {
        ServingCertificate operator = new ServingCertificate(
                cluster.client(), TestConfig.of(Map.of("breakwater.gateway.embedded", "false")), clock);

        operator.start(null);

        await().untilAsserted(() -> assertThat(secret("breakwater-gateway-cert"))
                .as("the Secret of the gateway")
                .isNotNull());
        operator.close();
    }

    /** A separate gateway could otherwise sign a certificate for the webhook. */
    @Test
    void givesASeparateGatewayACertificateAndNoOtherKey() throws Exception {
        Map<String, String> separate = Map.of("breakwater.gateway.embedded", "false");
        ServingCertificate operator = new ServingCertificate(cluster.client(), TestConfig.of(separate), clock);
        Map<String, String> settings = new HashMap<>(separate);
        settings.put("breakwater.role", "gateway");
        ServingCertificate gateway = new ServingCertificate(cluster.client(), TestConfig.of(settings), clock);
        Thread later = Thread.ofVirtual().start(operator::caPem);

        assertThat(gateway.caPem()).as("the gateway waits for its Secret").isEqualTo(operator.caPem());

        later.join();
        CertificateBundle first =
                CertificateBundle.readServing(secret("breakwater-gateway-cert").getData());
        assertThat(secret("breakwater-gateway-cert").getData()).containsOnlyKeys("ca.crt", "tls.crt", "tls.key");
        assertThat(secret("breakwater-serving-cert").getData().get("tls.key"))
                .isNotEqualTo(secret("breakwater-gateway-cert").getData().get("tls.key"));
        assertThat(first.serving().getSubjectAlternativeNames().toString())
                .contains("breakwater-gateway.breakwater-system.svc")
                .doesNotContain("webhook");
        clock.now = clock.now.plus(Duration.ofDays(61));
        operator.refresh();
        assertThat(CertificateBundle.readServing(
                                secret("breakwater-gateway-cert").getData())
                        .serving())
                .isNotEqualTo(first.serving());
        operator.close();
        gateway.close();
    }

    private Secret secret(String name) {
        return cluster.client()
                .secrets()
                .inNamespace("breakwater-system")
                .withName(name)
                .get();
    }

    @Test
    void agreesOnOneCertificateWhenManyPodsStart() throws Exception {
        Set<String> seen = new ConcurrentSkipListSet<>();
        List<Thread> pods = IntStream.range(0, 8)
                .mapToObj(i -> Thread.ofVirtual().start(() -> {
                    ServingCertificate pod = new ServingCertificate(cluster.client(), config, clock);
                    seen.add(pod.caPem());
                    pod.close();
                }))
                .toList();
        for (Thread pod : pods) {
            pod.join();
        }
        assertThat(seen).hasSize(1);
    }

    @Test
    void agreesOnOneCertificateWhenManyPodsRenew() throws Exception {
        certificate.caPem();
        clock.now = clock.now.plus(Duration.ofDays(5 * 365 - 300));
        Set<String> seen = new ConcurrentSkipListSet<>();
        List<Thread> pods = IntStream.range(0, 8)
                .mapToObj(i -> Thread.ofVirtual().start(() -> {
                    ServingCertificate pod = new ServingCertificate(cluster.client(), config, clock);
                    seen.add(pod.caPem());
                    pod.close();
                }))
                .toList();
        for (Thread pod : pods) {
            pod.join();
        }
        assertThat(seen).hasSize(1);
    }

    @Test
    void replacesADamagedSecret() {
        certificate.caPem();
        Secret secret = secret();
        secret.getData().put("tls.key", "bm9uc2Vuc2U=");
        cluster.client().resource(secret).update();
        certificate.refresh();
        assertThat(secret().getData().get("tls.key")).isNotEqualTo("bm9uc2Vuc2U=");
    }

    private Secret secret() {
        return cluster.client()
                .secrets()
                .inNamespace("breakwater-system")
                .withName("breakwater-serving-cert")
                .get();
    }

    /** Connects, and checks chain and host against the authorities that clients trust. */
    private X509Certificate shown(int port) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int i = 0;
        for (X509Certificate authority : Pem.certificates(certificate.caPem())) {
            store.setCertificateEntry("ca" + i++, authority);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private static final class MovableClock extends Clock {
        volatile Instant now = Instant.now().minus(Duration.ofDays(61));

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }
}
