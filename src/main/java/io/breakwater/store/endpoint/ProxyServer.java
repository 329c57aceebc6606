package io.breakwater.store.endpoint;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * An HTTP proxy that the administrator named.
 *
 * @param authorization value of the header Proxy-Authorization; null if the proxy needs no credentials
 * @param user user information of the URL, such as {@code user:password}; null if there is none
 */
public record ProxyServer(String host, int port, String authorization, String user) {
    private static final int DEFAULT_PORT = 3128;

    /**
     * Reads a URL such as {@code http://user:password@proxy.example.com:3128}; the scheme may be absent, as in environment variables.
     *
     * @param origin name of the setting, for messages
     * @throws IllegalArgumentException naming the setting and the fault, without the URL: it may contain a password
     */
    static ProxyServer of(String origin, String text) {
        try {
            URI uri = new URI(text.contains("://") ? text : "http://" + text);
            if (!"http".equalsIgnoreCase(uri.getScheme())) {
                throw new IllegalArgumentException(
                        origin + ": only a proxy with http:// is supported, such as http://proxy.example.com:3128");
            }
            if (uri.getHost() == null) {
                throw new IllegalArgumentException(
                        origin + " is not a valid URL of a proxy, such as" + " http://proxy.example.com:3128");
            }
            String user = uri.getUserInfo();
            String header = Optional.ofNullable(user)
                    .map(u -> "Basic " + Base64.getEncoder().encodeToString(u.getBytes(StandardCharsets.UTF_8)))
                    .orElse(null);
            String host = uri.getHost().replaceAll("[\\[\\]]", "");
            return new ProxyServer(host, uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(), header, user);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    origin + " is not a valid URL of a proxy, such as http://proxy.example.com:3128");
        }
    }

    /** Without the credentials. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
