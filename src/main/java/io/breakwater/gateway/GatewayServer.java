package io.breakwater.gateway;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.ResticProtocol.Result;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.LocationPlaces;
import io.breakwater.tls.ConcurrencyLimit;
import io.breakwater.tls.ServerThreads;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.tls.ServingConfigurator;
import io.breakwater.tls.ThreadDeadline;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The HTTPS server for movers. Each request needs a ticket, a token of its holder from a pod of its owner, and a path in its
 * repository.
 */
@ApplicationScoped
public class GatewayServer {
    private static final Logger LOG = Logger.getLogger(GatewayServer.class);

    private static final int MOST_REQUESTS = 512;

    /** Connections of one address whose first request is in progress. A mover has five. */
    static final int MOST_OF_SOURCE = 64;

    /** Bytes of memory that an upload needs at most: a part for the store, and what the client of the store copies of it. */
    private static final long UPLOAD_BYTES = 8 << 20;

    /** Requests of one owner of tickets. */
    private static final int MOST_OF_OWNER = 32;

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "DELETE");
    private static final Duration CLOSE = Duration.ofSeconds(5);
    private static final Duration HEADERS = Duration.ofSeconds(30);

    private static final Set<Reason> REFUSALS = Set.of(Reason.LeaseLost, Reason.Forbidden, Reason.QuotaExceeded);

    private final BreakwaterConfig config;
    private final ServingCertificate certificate;
    private final TicketVerifier tickets;
    private final TokenReviewer tokens;
    private final TicketOwnerCheck ownerCheck;
    private final GatewayBackend backend;
    private final Meters meters;
    private final IdleTimeout idleTimeout;
    private final ResticProtocol protocol;
    private final ConcurrencyLimit<InetAddress> sources = new ConcurrencyLimit<>(MOST_OF_SOURCE);
    private final ConcurrencyLimit<Ticket.Owner> owners = new ConcurrencyLimit<>(MOST_OF_OWNER);
    private HttpsServer server;

    GatewayServer(
            BreakwaterConfig config,
            ServingCertificate certificate,
            TicketVerifier tickets,
            TokenReviewer tokens,
            TicketOwnerCheck ownerCheck,
            GatewayBackend backend,
            Meters meters) {
        this.config = config;
        this.certificate = certificate;
        this.tickets = tickets;
        this.tokens = tokens;
        this.ownerCheck = ownerCheck;
        this.backend = backend;
        this.meters = meters;
        this.idleTimeout = new IdleTimeout(config.gateway().patience());
        this.protocol =
                new ResticProtocol(LocationPlaces.fitting(config.gateway().uploads(), UPLOAD_BYTES), idleTimeout);
    }

    /** Starts to listen; has no effect if it listens already. */
    public synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        HttpsServer created =
                HttpsServer.create(new InetSocketAddress(config.gateway().port()), 0);
        created.setHttpsConfigurator(new ServingConfigurator(certificate.sslContext(), sources));
        created.setExecutor(ServerThreads.named("gateway-", MOST_REQUESTS, HEADERS));
        created.createContext("/", this::handle);
        created.start();
        server = created;
        LOG.infof("the gateway listens on port %d", port());
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
        idleTimeout.close();
    }

    private void handle(HttpExchange exchange) throws IOException {
        ServerThreads.headersRead();
        Optional<ResticPath> path = ResticPath.of(exchange.getRequestURI().getRawPath());
        String type = path.map(ResticPath::type).orElse("none");
        Result result;
        try {
            result = answer(exchange, path);
        } catch (IOException e) {
            LOG.debugf(
                    "%s %s was interrupted: %s", exchange.getRequestMethod(), exchange.getRequestURI(), e.getMessage());
            result = Result.of(499);
        } finally {
            close(exchange);
        }
        meters.count(
                MeterName.GATEWAY_REQUESTS,
                "method",
                METHODS.contains(exchange.getRequestMethod()) ? exchange.getRequestMethod() : "other",
                "type",
                type,
                "code",
                Integer.toString(result.code()));
        meters.count(MeterName.GATEWAY_BYTES, result.received(), "direction", "received");
        meters.count(MeterName.GATEWAY_BYTES, result.sent(), "direction", "sent");
    }

    /** Closing reads the rest of a body that was refused; a client that does not send it must not hold the thread. */
    private static void close(HttpExchange exchange) {
        try (ThreadDeadline deadline = ThreadDeadline.start(CLOSE)) {
            exchange.close();
        }
    }

    private Result answer(HttpExchange exchange, Optional<ResticPath> path) throws IOException {
        String what =
                exchange.getRequestMethod() + " " + exchange.getRequestURI().getRawPath();
        try {
            Optional<Ticket> ticket = authenticate(exchange, isUnlock(exchange, path));
            if (ticket.isEmpty()) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"breakwater\"");
                // The limit for an address counts the first request of a connection, so a stranger gets no second one.
                exchange.getResponseHeaders().set("Connection", "close");
                return ResticProtocol.refuse(exchange, 401, "a ticket and a token of its holder are required");
            }
            if (!owners.tryEnter(ticket.get().owner())) {
                exchange.getResponseHeaders().set("Retry-After", "2");
                return ResticProtocol.refuse(exchange, 503, "too many requests of this ticket at the same time; retry");
            }
            try {
                return authorized(exchange, path, ticket.get());
            } finally {
                owners.leave(ticket.get().owner());
            }
        } catch (BreakwaterException e) {
            LOG.warnf("%s: %s: %s", what, e.reason(), e.getMessage());
            return report(exchange, e);
        } catch (KubernetesClientException e) {
            LOG.warnf("%s: the API server did not answer: %s", what, ServerMessage.of(e));
            return ResticProtocol.refuse(exchange, 503, "the API server did not answer; retry");
        } catch (RuntimeException e) {
            LOG.errorf(e, "%s failed", what);
            return ResticProtocol.refuse(exchange, 500, "internal error; see the log of the gateway");
        }
    }

    private Result authorized(HttpExchange exchange, Optional<ResticPath> path, Ticket ticket) throws IOException {
        String method = exchange.getRequestMethod();
        if (path.isEmpty() || !path.get().isCoveredBy(ticket)) {
            LOG.warnf(
                    "refused %s %s by %s: the path is not in the repository of the ticket",
                    method, exchange.getRequestURI().getRawPath(), ticket.holder());
            return ResticProtocol.refuse(exchange, 403, "the path is not in the repository of the ticket");
        }
        if (!isAllowed(method, path.get(), ticket.mode())) {
            return ResticProtocol.refuse(exchange, 403, "the ticket permits only " + ticket.mode());
        }
        authorizeChange(method, path.get(), ticket);
        return serve(exchange, path.get(), ticket);
    }

    private Result serve(HttpExchange exchange, ResticPath path, Ticket ticket) throws IOException {
        if (!"POST".equals(exchange.getRequestMethod()) || path.isRepository() || path.isLock()) {
            return protocol.serve(exchange, path, backend.store(ticket));
        }
        try {
            backend.checkQuota(ticket, path);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.QuotaExceeded) {
                meters.count(
                        MeterName.QUOTA_REFUSED, "namespace", ticket.source().name(), "location", ticket.location());
                protocol.drain(exchange);
            }
            throw e;
        }
        return protocol.serve(exchange, path, backend.store(ticket), bytes -> backend.added(ticket, bytes));
    }

    private static boolean isAllowed(String method, ResticPath path, Repositories.Mode mode) {
        return switch (method) {
            case "GET", "HEAD" -> true;
            case "POST" -> path.mayWrite(mode);
            case "DELETE" -> path.mayDelete(mode);
            default -> false;
        };
    }

    /** Passes when the location is writable, and the epoch of the ticket is the present one. */
    private void authorizeChange(String method, ResticPath path, Ticket ticket) {
        if ("POST".equals(method) || "DELETE".equals(method)) {
            backend.checkWritable(ticket);
            if (!path.isLock()) {
                backend.checkEpoch(ticket);
            }
        }
    }

    /** Answers with 403, which ends restic at once, or with 503, after which restic retries. */
    private static Result report(HttpExchange exchange, BreakwaterException e) throws IOException {
        boolean refused = REFUSALS.contains(e.reason());
        if (e.isRetryable()) {
            exchange.getResponseHeaders().set("Retry-After", "2");
        }
        return ResticProtocol.refuse(
                exchange, refused ? 403 : e.isRetryable() ? 503 : 502, e.reason() + ": " + e.getMessage());
    }

    private static boolean isUnlock(HttpExchange exchange, Optional<ResticPath> path) {
        return "DELETE".equals(exchange.getRequestMethod())
                && path.filter(ResticPath::isLock).isPresent();
    }

    private Optional<Ticket> authenticate(HttpExchange exchange, boolean unlocks) {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        if (header == null || !header.startsWith("Basic ")) {
            return Optional.empty();
        }
        try {
            byte[] decoded = Base64.getDecoder()
                    .decode(header.substring("Basic ".length()).strip());
            String[] parts = new String(decoded, StandardCharsets.UTF_8).split(":", 2);
            return parts.length < 2 ? Optional.empty() : ticket(parts[0], parts[1], unlocks);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The ticket comes first: only its holder can cause a request to the API server. */
    private Optional<Ticket> ticket(String signed, String token, boolean unlocks) {
        Optional<Ticket> ticket = tickets.check(signed);
        Optional<TokenReviewer.Caller> caller = ticket.flatMap(t -> tokens.caller(token))
                .filter(c -> c.user().equals(ticket.get().holder()));
        caller.ifPresent(c -> ownerCheck.check(ticket.get(), c, unlocks));
        return caller.isPresent() ? ticket : Optional.empty();
    }
}
