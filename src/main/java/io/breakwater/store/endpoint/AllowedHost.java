package io.breakwater.store.endpoint;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An entry of the Helm value {@code store.allowedEndpoints}: a host name, {@code *.} and a domain, an address, or a range of
 * addresses.
 *
 * @param name the host, or the domain with a dot before it; null for addresses
 * @param range null for names
 */
record AllowedHost(String name, AddressRange range, boolean isExact) {
    private static final Pattern ENTRY =
            Pattern.compile("(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*[a-z]([a-z0-9-]*[a-z0-9])?");

    /** @throws IllegalArgumentException naming the entry, if it is not valid */
    static AllowedHost of(String entry) {
        String text = entry.strip().toLowerCase(Locale.ROOT);
        if (text.contains("/") || AddressRange.address(text).isPresent()) {
            return new AllowedHost(null, AddressRange.of(text), !text.contains("/"));
        }
        if (!ENTRY.matcher(text).matches()) {
            throw new IllegalArgumentException("Helm value store.allowedEndpoints: '" + entry
                    + "' is not a host name, a domain after *., an address or a CIDR");
        }
        boolean isExact = !text.startsWith("*.");
        return new AllowedHost(isExact ? text : text.substring(1), null, isExact);
    }

    boolean matches(String host, Optional<InetAddress> address) {
        if (range != null) {
            return address.filter(range::contains).isPresent();
        }
        return isExact ? host.equals(name) : host.endsWith(name) && address.isEmpty();
    }
}
