package io.breakwater.store.endpoint;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The proxy of connections to stores, and its exceptions. It is a setting of the administrator: Helm value {@code store.proxy}, or
 * else the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the pod, in either case. Names of the cluster never use it.
 */
public final class StoreProxy {
    /** Every connection is direct. */
    public static final StoreProxy NONE = new StoreProxy(Optional.empty(), Optional.empty(), List.of());

    private static final String SETTING = "Helm value store.proxy.url";

    /**
     * An exception, read as other programs read it: a name covers itself and all names below it, a name after a dot or {@code *.}
     * covers the names below it, and {@code *} covers everything.
     *
     * @param name null for addresses
     * @param port 0 for every port
     */
    private record DirectHost(String name, AddressRange range, int port) {
        static DirectHost of(String entry) {
            String text = entry.toLowerCase(Locale.ROOT);
            int port = 0;
            if (text.matches("[^:]+:[0-9]{1,5}")) {
                port = Integer.parseInt(text.substring(text.indexOf(':') + 1));
                text = text.substring(0, text.indexOf(':'));
            }
            boolean isRange = text.contains("/") || AddressRange.address(text).isPresent();
            return isRange
                    ? new DirectHost(null, AddressRange.of(text), port)
                    : new DirectHost(text.startsWith("*.") ? text.substring(1) : text, null, port);
        }

        boolean matches(String host, int to, Optional<InetAddress> address) {
            if (port != 0 && port != to) {
                return false;
            }
            if (range != null) {
                return address.filter(range::contains).isPresent();
            }
            boolean isBelow = host.endsWith(name.startsWith(".") ? name : "." + name);
            return name.equals("*") || address.isEmpty() && (host.equals(name) || isBelow);
        }
    }

    private final Optional<ProxyServer> encrypted;
    private final Optional<ProxyServer> clear;
    private final List<DirectHost> exceptions;

    private StoreProxy(Optional<ProxyServer> encrypted, Optional<ProxyServer> clear, List<String> exceptions) {
        this.encrypted = encrypted;
        this.clear = clear;
        this.exceptions = exceptions.stream()
                .map(String::strip)
                .filter(entry -> !entry.isEmpty())
                .map(DirectHost::of)
                .toList();
    }

    /**
     * The proxy of an installation.
     *
     * @param url of the Helm value; if it is present, the variables do not count
     * @param noProxy of the Helm value
     * @param environment variables of the process
     * @throws IllegalArgumentException naming the setting that is not valid
     */
    public static StoreProxy of(Optional<String> url, List<String> noProxy, Map<String, String> environment) {
        if (url.isPresent()) {
            Optional<ProxyServer> server = url.map(u -> ProxyServer.of(SETTING, u));
            return new StoreProxy(server, server, noProxy);
        }
        return new StoreProxy(
                variable(environment, "HTTPS_PROXY").map(u -> ProxyServer.of("variable HTTPS_PROXY", u)),
                variable(environment, "HTTP_PROXY").map(u -> ProxyServer.of("variable HTTP_PROXY", u)),
                Arrays.asList(variable(environment, "NO_PROXY").orElse("").split(",")));
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Stream.of(name, name.toLowerCase(Locale.ROOT))
                .map(environment::get)
                .filter(value -> value != null && !value.isBlank())
                .map(String::strip)
                .findFirst();
    }

    /** The proxy for connections to a host; empty if they are direct. */
    Optional<ProxyServer> of(boolean isEncrypted, String host, int port, Optional<InetAddress> address) {
        Optional<ProxyServer> server = isEncrypted ? encrypted : clear;
        return server.isEmpty()
                        || isLocal(host, address)
                        || exceptions.stream().anyMatch(e -> e.matches(host, port, address))
                ? Optional.empty()
                : server;
    }

    /** Names that only the DNS of the cluster resolves, and the own host. */
    private static boolean isLocal(String host, Optional<InetAddress> address) {
        return address.map(InetAddress::isLoopbackAddress)
                .orElseGet(() -> !host.contains(".") || host.endsWith(".svc") || host.endsWith(".cluster.local"));
    }
}
