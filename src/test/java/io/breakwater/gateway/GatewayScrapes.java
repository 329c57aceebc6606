package io.breakwater.gateway;

import static org.awaitility.Awaitility.await;

import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.Map;

/** What the gateway exports after a request of a mover without a ticket. */
public final class GatewayScrapes {
    private GatewayScrapes() {}

    public static String refused(Path directory) throws Exception {
        try (TestGateway gateway = new TestGateway(directory, Map.of())) {
            gateway.send(HttpRequest.newBuilder(gateway.uri("/r/config")));
            // The gateway counts a request after its answer.
            await().until(() -> gateway.metrics.scrape().contains("direction=\"sent\""));
            return gateway.metrics.scrape();
        }
    }
}
