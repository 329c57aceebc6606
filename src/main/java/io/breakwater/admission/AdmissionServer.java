package io.breakwater.admission;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.AuditLog;
import io.breakwater.tls.ServerThreads;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.tls.ServingConfigurator;
import io.breakwater.tls.ThreadDeadline;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.WebhookSecret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
    static final String ADOPTIONS = "/adoptions";
    static final String REMOVALS = "/removals";

    private static final Logger LOG = Logger.getLogger(AdmissionServer.class);

    /** Requests at the same time. Each costs the buffers of TLS and the headers. */
    private static final int MOST_REQUESTS = 64;

    /** Large reviews of each group in memory at the same time. The heap of the guard is small. */
    static final int MOST_REVIEWS = 2;

    /** Small reviews in the place of a large one. A client that applies many objects at once sends small ones. */
    static final int SMALL_FOR_LARGE = 8;

    /** Largest body of a small review, in bytes. */
    static final int SMALL = 64 << 10;

    /** The gates of namespaces do not wait for checks of objects that anyone may create. */
    private static final Set<String> GATES = Set.of(HOLD_BACK, NAMESPACES);

    private static final long MOST_DISCARDED = 16 << 20;
    private static final int LONGEST_LINE = 500;

    private final ReviewReader reader = new ReviewReader();
    private final Semaphore places = new Semaphore(MOST_REVIEWS * SMALL_FOR_LARGE, true);
    private final Semaphore gatePlaces = new Semaphore(MOST_REVIEWS * SMALL_FOR_LARGE, true);
    private final Limits limits;
    private final BreakwaterConfig config;
    private final ServingCertificate certificate;
    private final WebhookSecret secret;
    private final Map<String, Function<AdmissionRequest, AdmissionResponse>> paths;
    private HttpsServer server;

    @Inject
    AdmissionServer(
            KubernetesClient client,
            BreakwaterConfig config,
            ServingCertificate certificate,
            AuditLog log,
            AuthorStamps stamps,
            WebhookSecret secret) {
        this(client, config, certificate, log, stamps, secret, Limits.DEFAULT);
    }

    AdmissionServer(
            KubernetesClient client,
            BreakwaterConfig config,
            ServingCertificate certificate,
            AuditLog log,
            AuthorStamps stamps,
            WebhookSecret secret,
            Limits limits) {
        this.limits = limits;
        this.secret = secret;
        this.config = config;
        this.certificate = certificate;
        AdmissionAudit audit = new AdmissionAudit(log);
        this.paths = Map.of(
                HOLD_BACK, new PodGateCheck(client)::review,
                AUTHOR, new AuthorStamp(client, config, stamps)::review,
                KINDS, audit.of(new KindChecks(client, config)::review),
                NAMESPACES, audit.of(new NamespaceLabelCheck(client, config.namespace())::review),
                ADOPTIONS,
                        audit.ofAdoptions(
                                new AdoptionStamp(client, config, stamps.adoptions(), Clock.systemUTC())::review),
                REMOVALS, audit.of(new DeletionCheck(client, config, Clock.systemUTC())::review));
    }

    /** Starts to listen; has no effect if it listens already. */
    synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        SSLContext context = certificate.sslContext();
        HttpsServer created =
                HttpsServer.create(new InetSocketAddress(config.webhook().port()), 0);
        created.setHttpsConfigurator(new ServingConfigurator(context));
        created.setExecutor(ServerThreads.named("admission-", MOST_REQUESTS, limits.headers()));
        paths.forEach(
                (path, check) -> created.createContext(secret.path(path), exchange -> serve(exchange, path, check)));
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

    private void serve(HttpExchange exchange, String path, Function<AdmissionRequest, AdmissionResponse> check)
            throws IOException {
        ServerThreads.headersRead();
        try (ThreadDeadline deadline = ThreadDeadline.start(limits.review());
                exchange) {
            Optional<Answer> refusal = refusal(exchange);
            Answer answer = refusal.isPresent() ? refusal.get() : review(exchange, path, check);
            if (deadline.isOver()) {
                throw new IOException("the review took longer than " + limits.review());
            }
            send(exchange, answer);
        }
    }

    /** The answer to a request that is refused before its body is read. */
    private static Optional<Answer> refusal(HttpExchange exchange) {
        if (!exchange.getRequestURI().getPath().equals(exchange.getHttpContext().getPath())) {
            return Optional.of(new Answer(404, "the path is not known"));
        }
        if (!"POST".equals(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", "POST");
            return Optional.of(new Answer(405, "only POST is allowed"));
        }
        if (exchange.getRequestHeaders().getFirst("Content-Length") == null) {
            return Optional.of(new Answer(411, "Content-Length is required"));
        }
        return length(exchange) > ReviewReader.LONGEST_BODY
                ? Optional.of(
                        new Answer(413, "the AdmissionReview is larger than " + ReviewReader.LONGEST_BODY + " bytes"))
                : Optional.empty();
    }

    private static long length(HttpExchange exchange) {
        return Long.parseLong(exchange.getRequestHeaders().getFirst("Content-Length"));
    }

    /** Reads and checks a review, if there is a place for it or another one ends soon. */
    private Answer review(HttpExchange exchange, String path, Function<AdmissionRequest, AdmissionResponse> check)
            throws IOException {
        Semaphore group = GATES.contains(path) ? gatePlaces : places;
        int share = length(exchange) > SMALL ? SMALL_FOR_LARGE : 1;
        try {
            if (!group.tryAcquire(share, limits.place().toMillis(), TimeUnit.MILLISECONDS)) {
                exchange.getResponseHeaders().set("Retry-After", "1");
                return new Answer(503, "Breakwater checks other objects at the moment; retry");
            }
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
        try {
            return answer(read(exchange), check);
        } catch (IllegalArgumentException e) {
            return new Answer(400, "could not read the AdmissionReview: " + Texts.line(e.getMessage(), LONGEST_LINE));
        } finally {
            group.release(share);
        }
    }

    private AdmissionRequest read(HttpExchange exchange) throws IOException {
        try (ThreadDeadline deadline = ThreadDeadline.start(limits.body())) {
            return reader.read(exchange.getRequestBody());
        }
    }

    private static Answer answer(AdmissionRequest request, Function<AdmissionRequest, AdmissionResponse> check) {
        try {
            AdmissionResponse response = check.apply(request);
            if (!response.isAllowed()) {
                LOG.infof(
                        "refused %s by %s: %s",
                        Texts.line(request.target(), LONGEST_LINE),
                        Texts.line(request.user(), LONGEST_LINE),
                        Texts.line(response.refusal(), LONGEST_LINE));
            }
            return new Answer(200, response.document(request.uid()).toString());
        } catch (IllegalArgumentException e) {
            throw e;
        } catch (RuntimeException e) {
            // The API server then applies the failurePolicy of the webhook, and shows this text to the user.
            String cause = Texts.line(ServerMessage.of(e), LONGEST_LINE);
            LOG.errorf(printable(e, cause), "an admission check failed");
            return new Answer(500, "Breakwater could not check the object: " + cause);
        }
    }

    /** The failure for the log. Its message can contain parts of the object, so only a printable line of it is logged. */
    private static Throwable printable(RuntimeException e, String cause) {
        Throwable printable = new IllegalStateException(e.getClass().getName() + ": " + cause);
        printable.setStackTrace(e.getStackTrace());
        return printable;
    }

    private void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] bytes = answer.text().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.code() == 200 ? "application/json" : "text/plain");
        if (answer.code() != 200) {
            exchange.getResponseHeaders().set("Connection", "close");
        }
        boolean head = "HEAD".equals(exchange.getRequestMethod());
        exchange.sendResponseHeaders(answer.code(), head ? -1 : bytes.length);
        if (!head) {
            exchange.getResponseBody().write(bytes);
            exchange.getResponseBody().flush();
            discard(exchange.getRequestBody());
        }
    }

    /** Reads the rest of a refused body, since a client that still sends would get a reset instead of the answer. */
    private void discard(InputStream rest) throws IOException {
        byte[] buffer = new byte[8 << 10];
        try (ThreadDeadline deadline = ThreadDeadline.start(limits.body())) {
            for (long n = 0; n < MOST_DISCARDED; ) {
                int read = rest.read(buffer);
                if (read < 0) {
                    return;
                }
                n += read;
            }
        }
    }

    private record Answer(int code, String text) {}

    /**
     * Time limits.
     *
     * @param headers for the TLS handshake and the headers
     * @param place for the wait until another review ends
     * @param body for the body
     * @param review for everything after the headers; the API server does not wait longer than five seconds
     */
    record Limits(Duration headers, Duration place, Duration body, Duration review) {
        static final Limits DEFAULT =
                new Limits(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(3), Duration.ofSeconds(5));
    }
}
