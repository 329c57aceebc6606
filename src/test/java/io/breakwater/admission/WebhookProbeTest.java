package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.TestEvents;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.trust.StampFixture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WebhookProbeTest {
    private final WebhookProbe probe = new WebhookProbe(Duration.ofSeconds(2));

    @Test
    void findsTheWebhookAlive() throws IOException {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            BreakwaterConfig config = TestConfig.of(
                    Map.of("breakwater.webhook.port", "0", "breakwater.gateway.url", "https://127.0.0.1:8443"));
            AdmissionServer server = new AdmissionServer(
                    cluster.client(),
                    config,
                    new ServingCertificate(cluster.client(), config, Clock.systemUTC()),
                    TestEvents.audit(Clock.systemUTC()),
                    StampFixture.stamps(),
                    StampFixture.secret());
            server.start();
            try {
                assertThat(probe.isAnswered(server.port())).isTrue();
            } finally {
                server.stop();
            }
        }
    }

    @Test
    void findsAServerDeadThatAcceptsAndNeverAnswers() throws IOException {
        try (ServerSocket silent = listening()) {
            assertThat(new WebhookProbe(Duration.ofMillis(300)).isAnswered(silent.getLocalPort()))
                    .isFalse();
        }
    }

    @Test
    void findsAServerDeadThatDoesNotListen() throws IOException {
        int port;
        try (ServerSocket closed = listening()) {
            port = closed.getLocalPort();
        }
        assertThat(probe.isAnswered(port)).isFalse();
    }

    @Test
    void findsABusyServerAliveThatClosesTheConnection() throws Exception {
        try (ServerSocket busy = listening()) {
            Thread accepting = Thread.ofVirtual().start(() -> {
                try {
                    busy.accept().close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(probe.isAnswered(busy.getLocalPort())).isTrue();
            accepting.join();
        }
    }

    private static ServerSocket listening() throws IOException {
        return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }
}
