package io.breakwater.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The API server names the pod of a token, and is asked once for each token. */
class TokenReviewerTest {
    private static final String VALID = """
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": {"authenticated": true,
         "audiences": ["AUDIENCE"], "user": {"username": "mover", "extra": {EXTRA}}}}
        """;

    private static final String POD = """
        "authentication.kubernetes.io/pod-name": ["mover-x"], "authentication.kubernetes.io/pod-uid": ["uid"]
        """;

    private final AtomicInteger asked = new AtomicInteger();
    private volatile String answer;
    private HttpServer server;
    private KubernetesClient client;
    private TokenReviewer tokens;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            asked.incrementAndGet();
            byte[] body = answer.getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(201, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
                        .build())
                .build();
        tokens = new TokenReviewer(client);
    }

    @AfterEach
    void stop() {
        client.close();
        server.stop(0);
    }

    @Test
    void returnsThePodOfAToken() {
        answer = review(TokenReviewer.AUDIENCE, POD);

        assertThat(tokens.caller("token")).contains(new TokenReviewer.Caller("mover", "mover-x", "uid"));
        assertThat(tokens.caller("token")).isPresent();
        assertThat(asked).hasValue(1);
    }

    @Test
    void refusesTokensOfNoPodAndOfAnotherAudience() {
        answer = review(TokenReviewer.AUDIENCE, "");
        assertThat(tokens.caller("of no pod")).isEmpty();
        answer = review("https://kubernetes.default.svc", POD);
        assertThat(tokens.caller("for the API server")).isEmpty();
    }

    @Test
    void asksOnceForARefusedToken() {
        answer = "{\"apiVersion\": \"authentication.k8s.io/v1\", \"kind\": \"TokenReview\","
                + " \"status\": {\"authenticated\": false}}";

        assertThat(tokens.caller("bad")).isEmpty();
        assertThat(tokens.caller("bad")).isEmpty();
        assertThat(asked).hasValue(1);
    }

    private static String review(String audience, String extra) {
        return VALID.replace("AUDIENCE", audience).replace("EXTRA", extra.strip());
    }
}
