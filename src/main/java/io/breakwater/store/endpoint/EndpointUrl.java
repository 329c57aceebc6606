package io.breakwater.store.endpoint;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The scheme and host of an endpoint. A URL is refused if programs could read another host out of it: one with user
 * information, with a name that ends in a dot, or with an address in an unusual form.
 *
 * @param host in lower case, without brackets
 * @param address if the host is an address
 */
record EndpointUrl(boolean isEncrypted, String host, int port, Optional<InetAddress> address) {
    private static final Pattern NAME =
            Pattern.compile("([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*[a-z]([a-z0-9-]*[a-z0-9])?");

    /** @throws IllegalArgumentException naming the fault */
    static EndpointUrl of(String text) {
        try {
            return of(new URI(text));
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("it is not a valid URL", e);
        }
    }

    /** @throws IllegalArgumentException naming the fault */
    static EndpointUrl of(URI uri) {
        boolean isEncrypted = "https".equals(uri.getScheme());
        if (!isEncrypted && !"http".equals(uri.getScheme())) {
            throw new IllegalArgumentException("it is not an https:// URL");
        }
        if (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@")) {
            throw new IllegalArgumentException("it has user information before the host");
        }
        String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        Optional<InetAddress> address = AddressRange.address(host);
        if (address.isEmpty() && !NAME.matcher(host).matches()) {
            throw new IllegalArgumentException("its host is not a valid name or address");
        }
        int port = uri.getPort() > 0 ? uri.getPort() : isEncrypted ? 443 : 80;
        return new EndpointUrl(isEncrypted, host, port, address);
    }
}
