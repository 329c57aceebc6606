package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.TestEvents;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.trust.StampFixture;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that send slowly, or nothing: the webhook closes their connections, and answers others again. */
class SlowClientTest {
    private static final String REVIEW = Reviews.document(
                    "CREATE", "jane", Reviews.yaml("{kind: Pod, metadata: {namespace: shop}, spec: {}}"), null)
            .toString();

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.webhook.port", "0", "breakwater.gateway.url", "https://127.0.0.1:8443"));
    private final ServingCertificate certificate = new ServingCertificate(cluster.client(), config, Clock.systemUTC());
    private static final String GATES = StampFixture.secret().path(AdmissionServer.HOLD_BACK);

    /** Longer than any test: what is not the subject of a test must not end a connection on a busy machine. */
    private static final Duration LONG = Duration.ofMinutes(2);

    private static final Duration SOON = Duration.ofSeconds(1);

    /** Closes connections without complete headers soon. */
    private final AdmissionServer strictAboutHeaders = serverWithin(SOON, LONG);

    /** Closes slow bodies soon. */
    private final AdmissionServer strictAboutBodies = serverWithin(LONG, SOON);

    /** Waits for slow clients longer than any test needs to take all places. */
    private final AdmissionServer patient = serverWithin(LONG, LONG);

    private final List<Socket> sockets = new ArrayList<>();
    private SSLContext trust;
    private HttpClient http;

    @BeforeEach
    void start() throws Exception {
        strictAboutHeaders.start();
        strictAboutBodies.start();
        patient.start();
        trust = AdmissionServerTest.trusting(certificate.caPem());
        http = HttpClient.newBuilder().sslContext(trust).build();
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        http.close();
        strictAboutHeaders.stop();
        strictAboutBodies.stop();
        patient.stop();
        cluster.close();
    }

    @Test
    void refusesAReviewWhileSlowBodiesTakeAllPlaces() throws Exception {
        for (int i = 0; i < AdmissionServer.MOST_REVIEWS; i++) {
            sendSlowly(patient, GATES, 100_000);
        }
        HttpResponse<String> refused = awaitStatus(patient, 503);
        assertThat(refused.headers().firstValue("Retry-After")).contains("1");
        for (Socket socket : sockets) {
            socket.close();
        }
        assertThat(awaitStatus(patient, 200).body()).contains("\"allowed\":true");
    }

    @Test
    void answersAgainAfterClientsThatSendSlowBodies() throws Exception {
        for (int i = 0; i < AdmissionServer.MOST_REVIEWS; i++) {
            sendSlowly(strictAboutBodies, GATES, 100_000);
        }
        for (Socket socket : sockets) {
            assertCloses(socket, "{");
        }
        awaitStatus(strictAboutBodies, 200);
    }

    @Test
    void reviewsGatesWhileAllOtherPlacesAreTaken() throws Exception {
        for (int i = 0; i < AdmissionServer.MOST_REVIEWS; i++) {
            sendSlowly(patient, StampFixture.secret().path("/kinds"), 100_000);
        }
        for (int i = 0; i < 10; i++) {
            assertThat(post(patient).statusCode()).isEqualTo(200);
        }
    }

    /** Argo CD applies the objects of a wave at the same time, and fails when one of them is refused. */
    @Test
    void reviewsManySmallObjectsAtTheSameTime() throws Exception {
        for (int i = 1; i < AdmissionServer.MOST_REVIEWS * AdmissionServer.SMALL_FOR_LARGE; i++) {
            sendSlowly(patient, GATES, 1000);
        }
        assertThat(post(patient).statusCode()).isEqualTo(200);
    }

    @Test
    void closesAConnectionWithoutCompleteHeaders() throws Exception {
        Socket socket = tls(strictAboutHeaders);
        send(socket, "POST " + GATES + " HTTP/1.1\r\nHost: ");
        assertCloses(socket, "x");
    }

    @Test
    void closesAConnectionWithoutCompleteHandshake() throws Exception {
        Socket socket = new Socket("127.0.0.1", strictAboutHeaders.port());
        sockets.add(socket);
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(new byte[] {22, 3, 1});
        assertThat(ends(socket)).isTrue();
    }

    private AdmissionServer serverWithin(Duration headers, Duration body) {
        return new AdmissionServer(
                cluster.client(),
                config,
                certificate,
                TestEvents.audit(Clock.systemUTC()),
                StampFixture.stamps(),
                StampFixture.secret(),
                new AdmissionServer.Limits(headers, Duration.ofMillis(200), body, body.plusSeconds(3)));
    }

    /** Begins a review of so many bytes, and leaves it at the first. */
    private void sendSlowly(AdmissionServer to, String path, int bytes) throws IOException {
        send(tls(to), "POST " + path + " HTTP/1.1\r\nHost: webhook\r\nContent-Length: " + bytes + "\r\n\r\n{");
    }

    private Socket tls(AdmissionServer to) throws IOException {
        Socket socket = trust.getSocketFactory().createSocket("127.0.0.1", to.port());
        sockets.add(socket);
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    /** Sends a byte every 50 ms, for at most 10 seconds, until the server closes the connection. */
    private static void assertCloses(Socket socket, String text) throws IOException {
        socket.setSoTimeout(50);
        long start = System.nanoTime();
        boolean closed = false;
        while (!closed && System.nanoTime() - start < 10_000_000_000L) {
            try {
                send(socket, text);
                closed = ends(socket);
            } catch (SocketTimeoutException e) {
                closed = false;
            } catch (IOException e) {
                closed = true;
            }
        }
        assertThat(closed).as("closed by the server").isTrue();
    }

    private static boolean ends(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return true;
        }
    }

    private HttpResponse<String> awaitStatus(AdmissionServer from, int status) throws Exception {
        HttpResponse<String> response = post(from);
        for (int i = 0; i < 100 && response.statusCode() != status; i++) {
            response = post(from);
        }
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return response;
    }

    private HttpResponse<String> post(AdmissionServer to) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + to.port() + GATES))
                        .POST(HttpRequest.BodyPublishers.ofString(REVIEW))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
