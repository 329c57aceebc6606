package io.breakwater.gateway;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.ResticProtocol.Done;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.tls.ServerThreads;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/** The HTTPS server that movers talk to. Each request needs a ticket, a token of the ticket's holder, and a path within. */
@ApplicationScoped
public class GatewayServer {
    private static final Logger LOG = Logger.getLogger(GatewayServer.class);

    private static final Set<Reason> REFUSALS = Set.of(Reason.LeaseLost, Reason.Forbidden, Reason.QuotaExceeded);

    private final BreakwaterConfig config;
    private final ServingCertificate certificate;
    private final TicketSigner tickets;
    private final TokenReviewer tokens;
    private final GatewayBackend backend;
    private final Meters meters;
    private final IdleTimeout patience;
    private final ResticProtocol protocol;
    private HttpsServer server;

    GatewayServer(
            BreakwaterConfig config,
            ServingCertificate certificate,
            TicketSigner tickets,
            TokenReviewer tokens,
            GatewayBackend backend,
            Meters meters) {
        this.config = config;
        this.certificate = certificate;
        this.tickets = tickets;
        this.tokens = tokens;
        this.backend = backend;
        this.meters = meters;
        this.patience = new IdleTimeout(config.gateway().patience());
        this.protocol = new ResticProtocol(config.gateway().uploads(), patience);
    }

    /** Begins to listen; does nothing when it does already. */
    public synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        HttpsServer made =
                HttpsServer.create(new InetSocketAddress(config.gateway().port()), 0);
        made.setHttpsConfigurator(new HttpsConfigurator(certificate.sslContext()));
        made.setExecutor(ServerThreads.named("gateway-"));
        made.createContext("/", this::handle);
        made.start();
        server = made;
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
        patience.close();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Optional<ResticPath> blob = ResticPath.of(exchange.getRequestURI().getRawPath());
        String type = blob.map(ResticPath::type).orElse("none");
        Done done;
        try (exchange) {
            done = answer(exchange, blob);
        } catch (IOException e) {
            LOG.debugf("%s %s was cut off: %s", exchange.getRequestMethod(), exchange.getRequestURI(), e.getMessage());
            done = Done.of(499);
        }
        meters.count(
                MeterName.GATEWAY_REQUESTS,
                "method",
                exchange.getRequestMethod(),
                "type",
                type,
                "code",
                Integer.toString(done.code()));
        meters.count(MeterName.GATEWAY_BYTES, done.received(), "direction", "received");
        meters.count(MeterName.GATEWAY_BYTES, done.sent(), "direction", "sent");
    }

    private Done answer(HttpExchange exchange, Optional<ResticPath> blob) throws IOException {
        String what =
                exchange.getRequestMethod() + " " + exchange.getRequestURI().getRawPath();
        try {
            Optional<Ticket> ticket = authenticate(exchange);
            if (ticket.isEmpty()) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"breakwater\"");
                return ResticProtocol.refuse(exchange, 401, "a ticket and a token of its holder are needed");
            }
            if (blob.isEmpty() || !blob.get().covered(ticket.get())) {
                LOG.warnf(
                        "%s by %s was refused: not what its ticket is for",
                        what, ticket.get().holder());
                return ResticProtocol.refuse(exchange, 403, "this is not what the ticket is for");
            }
            String method = exchange.getRequestMethod();
            if (!isAllowed(method, blob.get(), ticket.get().mode())) {
                return ResticProtocol.refuse(
                        exchange, 403, "the ticket allows " + ticket.get().mode() + " only");
            }
            authorizeChange(method, blob.get(), ticket.get());
            return serve(exchange, blob.get(), ticket.get());
        } catch (BreakwaterException e) {
            LOG.warnf("%s: %s: %s", what, e.reason(), e.getMessage());
            return tell(exchange, e);
        } catch (KubernetesClientException e) {
            LOG.warnf("%s: the API server did not answer: %s", what, e.getMessage());
            return ResticProtocol.refuse(exchange, 503, "the API server does not answer; try again");
        } catch (RuntimeException e) {
            LOG.errorf(e, "%s failed", what);
            return ResticProtocol.refuse(exchange, 500, "internal error, see the gateway's log");
        }
    }

    private Done serve(HttpExchange exchange, ResticPath blob, Ticket ticket) throws IOException {
        if (!"POST".equals(exchange.getRequestMethod()) || blob.isRepository() || blob.isLock()) {
            return protocol.serve(exchange, blob, backend.store(ticket));
        }
        try {
            backend.checkQuota(ticket, blob);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.QuotaExceeded) {
                meters.count(MeterName.QUOTA_REFUSED, "namespace", ticket.namespace(), "location", ticket.location());
                protocol.drain(exchange);
            }
            throw e;
        }
        Done done = protocol.serve(exchange, blob, backend.store(ticket));
        backend.added(ticket, done.added());
        return done;
    }

    private static boolean isAllowed(String method, ResticPath path, Repositories.Mode mode) {
        return switch (method) {
            case "GET", "HEAD" -> true;
            case "POST" -> path.mayWrite(mode);
            case "DELETE" -> path.mayDelete(mode);
            default -> false;
        };
    }

    /** Asks for every change whether it may be made now: the location must be writable, and the epoch that of the ticket. */
    private void authorizeChange(String method, ResticPath path, Ticket ticket) {
        if ("POST".equals(method) || "DELETE".equals(method)) {
            backend.checkWritable(ticket);
            if (!path.isLock()) {
                backend.checkEpoch(ticket);
            }
        }
    }

    /** 403 ends restic at once, 503 makes it try again. */
    private static Done tell(HttpExchange exchange, BreakwaterException e) throws IOException {
        boolean refused = REFUSALS.contains(e.reason());
        if (e.isRetryable()) {
            exchange.getResponseHeaders().set("Retry-After", "2");
        }
        return ResticProtocol.refuse(
                exchange, refused ? 403 : e.isRetryable() ? 503 : 502, e.reason() + ": " + e.getMessage());
    }

    private Optional<Ticket> authenticate(HttpExchange exchange) {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        if (header == null || !header.startsWith("Basic ")) {
            return Optional.empty();
        }
        try {
            byte[] decoded = Base64.getDecoder()
                    .decode(header.substring("Basic ".length()).strip());
            String[] parts = new String(decoded, StandardCharsets.UTF_8).split(":", 2);
            return parts.length < 2
                    ? Optional.empty()
                    : tickets.check(parts[0])
                            .filter(t -> tokens.user(parts[1])
                                    .map(t.holder()::equals)
                                    .orElse(false));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
