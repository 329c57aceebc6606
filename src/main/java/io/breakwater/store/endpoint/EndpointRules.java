package io.breakwater.store.endpoint;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;

/**
 * Decides which servers a location may use, and opens the connections to them.
 *
 * <p>A host is allowed if the list is empty, if the list has it, or if it belongs to a cloud. All addresses of the host are checked
 * when a connection starts, and the connection uses one of exactly these addresses. So a name that changes its address
 * between two questions is of no use. Addresses of the cluster and reserved ones are refused before a connection, with one text:
 * it does not depend on what runs there.
 *
 * <p>An exact entry of the list expresses trust in the server: its addresses are not checked, and {@code http://} is allowed. An
 * address in a range of the list may use {@code http://} too, but it is checked. All other endpoints need {@code https://}.
 *
 * <p>A proxy resolves names itself, so the addresses of a name are unknown. A connection through it needs a name that is trusted, a
 * name of a cloud, or an address. The rules on names, addresses and {@code http://} stay.
 */
public final class EndpointRules {
    /** Finds all addresses of a host. */
    @FunctionalInterface
    public interface HostResolver {
        /** @throws UnknownHostException if it has none */
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    private static final int HTTPS = 443;

    private static final String WAY_OUT =
            "; use another endpoint, or add the host to the Helm value store.allowedEndpoints";

    private final List<AllowedHost> allowed;
    private final Supplier<List<AddressRange>> cluster;
    private final HostResolver resolver;
    private final StoreProxy proxy;
    private final SSLSocketFactory sockets;
    private final StoreCallListener calls;

    /** Creates the rules of an installation without a proxy. */
    public EndpointRules(List<String> allowed, Supplier<List<AddressRange>> cluster, HostResolver resolver) {
        this(allowed, cluster, resolver, StoreProxy.NONE);
    }

    /**
     * Creates the rules.
     *
     * @param allowed entries of the Helm value; empty for no list
     * @param cluster addresses of nodes, pods and Services as they are now
     * @throws IllegalArgumentException naming the entry that is not valid
     */
    public EndpointRules(
            List<String> allowed, Supplier<List<AddressRange>> cluster, HostResolver resolver, StoreProxy proxy) {
        this(
                allowed.stream()
                        .filter(entry -> !entry.isBlank())
                        .map(AllowedHost::of)
                        .toList(),
                cluster,
                resolver,
                proxy,
                (SSLSocketFactory) SSLSocketFactory.getDefault());
    }

    private EndpointRules(
            List<AllowedHost> allowed,
            Supplier<List<AddressRange>> cluster,
            HostResolver resolver,
            StoreProxy proxy,
            SSLSocketFactory encrypted) {
        this.allowed = allowed;
        this.cluster = cluster;
        this.resolver = resolver;
        this.proxy = proxy;
        this.sockets = new CheckedSocketFactory(this::addresses, this::proxyOf, encrypted);
        this.calls = StoreCallListener.NONE;
    }

    private EndpointRules(EndpointRules same, StoreCallListener calls) {
        this.allowed = same.allowed;
        this.cluster = same.cluster;
        this.resolver = same.resolver;
        this.proxy = same.proxy;
        this.sockets = same.sockets;
        this.calls = calls;
    }

    /** The same rules for connections whose requests are reported. They share their connections with these. */
    public EndpointRules withCalls(StoreCallListener listener) {
        return new EndpointRules(this, listener);
    }

    /** Receives each request of the clients that use these rules. */
    public StoreCallListener calls() {
        return calls;
    }

    /**
     * The same rules for connections that trust the authorities of a bundle, and no other. They share no connection with these,
     * because the JDK keeps connections by socket factory.
     */
    public EndpointRules withAuthorities(CaBundle bundle) {
        return new EndpointRules(allowed, cluster, resolver, proxy, bundle.sockets()).withCalls(calls);
    }

    /** Rules that trust the server of one endpoint; null for the server of the cloud. */
    public static EndpointRules trusting(String endpoint) {
        List<String> only =
                endpoint == null ? List.of() : List.of(EndpointUrl.of(endpoint).host());
        return new EndpointRules(only, List::of, InetAddress::getAllByName);
    }

    /** The reason why an endpoint is refused, as far as it is known without a connection; empty if it is not. */
    public Optional<String> objection(String endpoint) {
        try {
            return objection(EndpointUrl.of(endpoint));
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage() + "; write https://, a host, and a port if the server needs one");
        }
    }

    /**
     * Checks an endpoint before its first use.
     *
     * @param endpoint null for the server of the cloud
     * @throws BreakwaterException InvalidSpec, if it is refused
     */
    public void check(String endpoint) {
        if (endpoint != null) {
            objection(endpoint).ifPresent(o -> {
                throw refused(endpoint, o);
            });
        }
    }

    /**
     * Checks that tokens of Breakwater's own identity may be sent to an endpoint.
     *
     * @param endpoint null for the server of the cloud
     * @throws BreakwaterException InvalidSpec, unless it is a server of the cloud that issued the identity, with {@code https}
     */
    public static void requireCloud(CloudNames cloud, String endpoint) {
        if (endpoint != null) {
            identityObjection(cloud, endpoint).ifPresent(o -> {
                throw refused(endpoint, o);
            });
        }
    }

    /** The reason why an endpoint gets no tokens of Breakwater's own identity; empty if it does. */
    public static Optional<String> identityObjection(CloudNames cloud, String endpoint) {
        boolean isOwn;
        try {
            EndpointUrl url = EndpointUrl.of(endpoint);
            isOwn = url.isEncrypted() && cloud.owns(url.host());
        } catch (IllegalArgumentException e) {
            isOwn = false;
        }
        return isOwn
                ? Optional.empty()
                : Optional.of("workloadIdentity sends tokens of Breakwater only to https:// and " + cloud.examples()
                        + "; use credentialsSecretRef");
    }

    /**
     * Opens a connection without sending anything yet. It follows no redirect. With HTTPS, the sockets use the proxy: they check the
     * host, and open a tunnel.
     *
     * @throws BreakwaterException InvalidSpec, if the server is refused
     */
    public HttpURLConnection open(URI uri, Duration timeout) throws IOException {
        Optional<String> objection;
        Optional<ProxyServer> forwarder = Optional.empty();
        try {
            EndpointUrl url = EndpointUrl.of(uri);
            objection = objection(url);
            forwarder = url.isEncrypted() ? forwarder : proxyOf(url);
        } catch (IllegalArgumentException e) {
            objection = Optional.of(e.getMessage());
        }
        if (objection.isPresent()) {
            throw refused(uri.getScheme() + "://" + uri.getRawAuthority(), objection.get());
        }
        var connection = (HttpURLConnection) uri.toURL()
                .openConnection(forwarder
                        .map(s -> new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(s.host(), s.port())))
                        .orElse(Proxy.NO_PROXY));
        forwarder
                .map(ProxyServer::authorization)
                .ifPresent(value -> connection.setRequestProperty("Proxy-Authorization", value));
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setConnectTimeout((int) timeout.toMillis());
        connection.setReadTimeout((int) timeout.toMillis());
        if (connection instanceof HttpsURLConnection encrypted) {
            encrypted.setSSLSocketFactory(sockets);
        }
        return connection;
    }

    /**
     * The stream for the body of a request. A write ends with an error, when the server does not read for as long as the timeout of
     * the connection.
     */
    public static OutputStream body(HttpURLConnection connection) throws IOException {
        OutputStream out = connection.getOutputStream();
        // The sockets of encrypted connections have a deadline already.
        return connection instanceof HttpsURLConnection
                ? out
                : new WriteDeadline(out, Duration.ofMillis(connection.getReadTimeout()), connection::disconnect);
    }

    private Optional<String> objection(EndpointUrl url) {
        Optional<AllowedHost> entry = allowed.stream()
                .filter(a -> a.matches(url.host(), url.address()))
                .findFirst();
        boolean isListed = allowed.isEmpty() || entry.isPresent() || CloudNames.ofAnyCloud(url.host());
        if (!isListed) {
            return Optional.of("its host " + url.host() + " is not in the Helm value store.allowedEndpoints" + WAY_OUT);
        }
        if (isTrusted(url.host())) {
            return Optional.empty();
        }
        boolean mayBeClear = entry.isPresent() && url.address().isPresent();
        if (!url.isEncrypted() && !mayBeClear) {
            return Optional.of("http:// sends credentials without encryption, so the Helm value store.allowedEndpoints"
                    + " must have this host; use https://, or add the host to it");
        }
        if (url.address().isEmpty() && proxyOf(url).isPresent() && !CloudNames.ofAnyCloud(url.host())) {
            return Optional.of("the proxy of this installation resolves its host " + url.host()
                    + ", so its addresses cannot be checked; add the host itself to the Helm value"
                    + " store.allowedEndpoints or store.proxy.noProxy");
        }
        return url.address().filter(this::isForbidden).map(a -> FORBIDDEN + WAY_OUT);
    }

    private Optional<ProxyServer> proxyOf(EndpointUrl url) {
        return proxyOf(url.isEncrypted(), url.host(), url.port(), url.address());
    }

    /** The proxy of an encrypted connection; empty if it is direct. */
    private Optional<ProxyServer> proxyOf(String host, int port) {
        String name = host.toLowerCase(Locale.ROOT);
        return proxyOf(true, name, port, AddressRange.address(name));
    }

    /** Addresses of the cluster are never reached through a proxy. */
    private Optional<ProxyServer> proxyOf(boolean isEncrypted, String host, int port, Optional<InetAddress> address) {
        Optional<ProxyServer> server = proxy.of(isEncrypted, host, port, address);
        boolean isOfCluster = server.isPresent()
                && address.filter(a -> cluster.get().stream().anyMatch(r -> r.contains(a)))
                        .isPresent();
        return isOfCluster ? Optional.empty() : server;
    }

    /** The proxy for requests to a service that issues the own identity. */
    public Optional<ProxyServer> proxyOfIssuer(String host) {
        return proxyOf(host, HTTPS);
    }

    private static final String FORBIDDEN =
            "its host has an address of this cluster, or one that is reserved, such as a loopback address";

    /** All addresses of a host, each of them checked. */
    InetAddress[] addresses(String host) throws UnknownHostException {
        InetAddress[] all = resolver.resolve(host);
        if (!isTrusted(host)) {
            for (InetAddress address : all) {
                if (isForbidden(address)) {
                    throw refused(host, FORBIDDEN + WAY_OUT);
                }
            }
        }
        return all;
    }

    private boolean isTrusted(String host) {
        Optional<InetAddress> address = AddressRange.address(host);
        return allowed.stream().anyMatch(a -> a.isExact() && a.matches(host, address));
    }

    private boolean isForbidden(InetAddress address) {
        InetAddress target = AddressRange.translated(address);
        return AddressRange.RESERVED.stream().anyMatch(r -> r.contains(address) || r.contains(target))
                || cluster.get().stream().anyMatch(r -> r.contains(address) || r.contains(target));
    }

    private static BreakwaterException refused(String endpoint, String objection) {
        return BreakwaterException.permanent(
                Reason.InvalidSpec, "endpoint " + endpoint + " was not connected: " + objection);
    }
}
