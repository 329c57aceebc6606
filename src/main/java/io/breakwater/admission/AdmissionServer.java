package io.breakwater.admission;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.tls.ServerThreads;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jboss.logging.Logger;

/** The HTTPS server for the requests of the API server. It only answers, and changes nothing in the cluster. */
@ApplicationScoped
class AdmissionServer {
    static final String HOLD_BACK = "/hold-back";
    static final String AUTHOR = "/author";
    static final String KINDS = "/kinds";
    static final String NAMESPACES = "/namespaces";
    static final String REMOVALS = "/removals";

    private static final Logger LOG = Logger.getLogger(AdmissionServer.class);

    /** Twice the largest size in etcd, since an update contains the previous object too. */
    private static final int LARGEST_BODY = 8 << 20;

    /** Requests at the same time. Each costs the buffers of TLS and the headers. */
    private static final int MOST_REQUESTS = 64;

    private static final Duration HEADERS = Duration.ofSeconds(5);

    private final ObjectMapper json = new ObjectMapper();
    private final BreakwaterConfig config;
    private final ServingCertificate certificate;
    private final Map<String, Function<AdmissionRequest, AdmissionResponse>> paths;
    private HttpsServer server;

    AdmissionServer(KubernetesClient client, BreakwaterConfig config, ServingCertificate certificate) {
        this.config = config;
        this.certificate = certificate;
        this.paths = Map.of(
                HOLD_BACK, new PodGateCheck(client)::review,
                AUTHOR, AuthorStamp::review,
                KINDS, new KindChecks(client, config)::review,
                NAMESPACES, new NamespaceLabelCheck(client, config.namespace())::review,
                REMOVALS, new DeletionCheck(client, config, Clock.systemUTC())::review);
    }

    /** Starts to listen; has no effect if it listens already. */
    synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        SSLContext context = certificate.sslContext();
        HttpsServer created =
                HttpsServer.create(new InetSocketAddress(config.webhook().port()), 0);
        created.setHttpsConfigurator(new HttpsConfigurator(context));
        created.setExecutor(ServerThreads.named("admission-", MOST_REQUESTS, HEADERS));
        paths.forEach((path, check) -> created.createContext(path, exchange -> serve(exchange, check)));
        created.start();
        server = created;
        LOG.infof("the admission webhook listens on port %d", port());
    }

    /** The port in use; 0 before the start. */
    synchronized int port() {
        return server == null ? 0 : server.getAddress().getPort();
    }

    @PreDestroy
    synchronized void stop() {
        if (server != null) {
            server.stop(1);
            server = null;
        }
    }

    private void serve(HttpExchange exchange, Function<AdmissionRequest, AdmissionResponse> check) throws IOException {
        ServerThreads.headersRead();
        try (exchange) {
            Answer answer = answer(exchange.getRequestBody().readNBytes(LARGEST_BODY + 1), check);
            exchange.getResponseHeaders().set("Content-Type", answer.code() == 200 ? "application/json" : "text/plain");
            byte[] bytes = answer.text().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.code(), bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private Answer answer(byte[] body, Function<AdmissionRequest, AdmissionResponse> check) throws IOException {
        if (body.length > LARGEST_BODY) {
            return new Answer(413, "the AdmissionReview is too large");
        }
        try {
            AdmissionRequest request = AdmissionRequest.of(json.readTree(body));
            AdmissionResponse response = check.apply(request);
            if (!response.isAllowed()) {
                LOG.infof("refused %s by %s: %s", request.target(), request.user(), response.refusal());
            }
            return new Answer(200, response.document(request.uid()).toString());
        } catch (IllegalArgumentException | JsonProcessingException e) {
            return new Answer(400, "could not read the AdmissionReview: " + e.getMessage());
        } catch (RuntimeException e) {
            // The API server then applies the failurePolicy of the webhook, and shows this text to the user.
            LOG.errorf(e, "an admission check failed");
            return new Answer(500, "Breakwater could not check the object: " + e.getMessage());
        }
    }

    private record Answer(int code, String text) {}
}
