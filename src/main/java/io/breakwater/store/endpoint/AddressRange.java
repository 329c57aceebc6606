package io.breakwater.store.endpoint;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A range of addresses of one family, such as {@code 10.42.0.0/16}; a single address is a range too. The JDK turns an IPv4 address
 * that is mapped into IPv6 into the IPv4 address.
 */
public final class AddressRange {
    /** Loopback, link-local, metadata services of clouds, multicast, unspecified and reserved addresses. */
    static final List<AddressRange> RESERVED = List.of(
            of("0.0.0.0/8"),
            of("127.0.0.0/8"),
            of("169.254.0.0/16"),
            of("100.100.100.200/32"),
            of("168.63.129.16/32"),
            of("192.0.0.0/24"),
            of("224.0.0.0/4"),
            of("240.0.0.0/4"),
            of("::/128"),
            of("::1/128"),
            of("::ffff:0:0:0/96"),
            of("fe80::/10"),
            of("fec0::/10"),
            of("ff00::/8"),
            of("fd00:ec2::254/128"),
            of("fd20:ce::254/128"),
            of("64:ff9b:1::/48"),
            of("2001::/32"));

    private final byte[] network;
    private final int bits;
    private final String text;

    private AddressRange(byte[] network, int bits, String text) {
        this.network = network;
        this.bits = bits;
        this.text = text;
    }

    /**
     * Reads an address or a range.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static AddressRange of(String text) {
        int slash = text.indexOf('/');
        byte[] network = address(slash < 0 ? text : text.substring(0, slash))
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not a valid address or CIDR"))
                .getAddress();
        int most = network.length * 8;
        String length = slash < 0 ? String.valueOf(most) : text.substring(slash + 1);
        if (!length.matches("[0-9]{1,3}") || Integer.parseInt(length) > most) {
            throw new IllegalArgumentException("'" + text + "' is not a valid address or CIDR");
        }
        return new AddressRange(network, Integer.parseInt(length), text);
    }

    /** The address that a text is, in the usual form only: no decimal, octal, hexadecimal or short form, and no zone. */
    static Optional<InetAddress> address(String text) {
        String octet = "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
        boolean isLiteral =
                text.matches(octet + "(\\." + octet + "){3}") || text.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
        try {
            return isLiteral ? Optional.of(InetAddress.getByName(text)) : Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether an address is in the range. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length != network.length) {
            return false;
        }
        int whole = bits / 8;
        int rest = bits % 8;
        int mask = 0xff00 >> rest & 0xff;
        return Arrays.equals(bytes, 0, whole, network, 0, whole)
                && (rest == 0 || (bytes[whole] & mask) == (network[whole] & mask));
    }

    /** The IPv4 address that a gateway sends packets of this IPv6 address to; the address itself if there is none. */
    static InetAddress translated(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet4Address) {
            return address;
        }
        boolean isCompatible = of("::/96").contains(address) && !RESERVED_V6_LOW.contains(address);
        int from = isCompatible || of("64:ff9b::/96").contains(address)
                ? 12
                : of("2002::/16").contains(address) ? 2 : -1;
        try {
            return from < 0 ? address : InetAddress.getByAddress(Arrays.copyOfRange(bytes, from, from + 4));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final AddressRange RESERVED_V6_LOW = of("::/127");

    @Override
    public String toString() {
        return text;
    }
}
