package io.breakwater.store.endpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiFunction;
import javax.net.ssl.SSLSocketFactory;

/**
 * Makes the sockets of HTTPS connections. A socket resolves the host itself and connects to an address that was checked, or opens a
 * tunnel through the proxy of the installation. The connection verifies the certificate for the host, as usual.
 */
final class CheckedSocketFactory extends SSLSocketFactory {
    private final EndpointRules.HostResolver checked;
    private final BiFunction<String, Integer, Optional<ProxyServer>> proxies;
    private final SSLSocketFactory encrypted;

    /**
     * Makes sockets.
     *
     * @param checked finds the addresses of a host, and throws unless all of them are allowed
     * @param proxies finds the proxy for a host and port; empty for a direct connection
     * @param encrypted adds TLS to a connected socket
     */
    CheckedSocketFactory(
            EndpointRules.HostResolver checked,
            BiFunction<String, Integer, Optional<ProxyServer>> proxies,
            SSLSocketFactory encrypted) {
        this.checked = checked;
        this.proxies = proxies;
        this.encrypted = encrypted;
    }

    /** A socket that is not connected yet; the connection encrypts it afterwards. */
    @Override
    public Socket createSocket() {
        return new Socket() {
            private int patience;

            @Override
            public void connect(SocketAddress to) throws IOException {
                connect(to, 0);
            }

            @Override
            public void connect(SocketAddress to, int timeout) throws IOException {
                InetSocketAddress target = (InetSocketAddress) to;
                patience = timeout;
                Optional<ProxyServer> proxy = proxies.apply(target.getHostString(), target.getPort());
                if (proxy.isPresent()) {
                    super.connect(
                            new InetSocketAddress(
                                    proxy.get().host(), proxy.get().port()),
                            timeout);
                    setSoTimeout(timeout);
                    ProxyTunnel.open(this, proxy.get(), target);
                    return;
                }
                InetAddress[] addresses = checked.resolve(target.getHostString());
                super.connect(new InetSocketAddress(addresses[0], target.getPort()), timeout);
            }

            /** A peer has as much time to accept a piece of a request as it has to accept the connection. */
            @Override
            public OutputStream getOutputStream() throws IOException {
                OutputStream out = super.getOutputStream();
                return patience == 0 ? out : new WriteDeadline(out, Duration.ofMillis(patience), super::close);
            }
        };
    }

    @Override
    public Socket createSocket(Socket connected, String host, int port, boolean close) throws IOException {
        return encrypted.createSocket(connected, host, port, close);
    }

    @Override
    public Socket createSocket(String host, int port) {
        throw unsupported();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
        throw unsupported();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
        throw unsupported();
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress local, int localPort) {
        throw unsupported();
    }

    /** These methods would connect without a check. */
    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("a socket must be created before it is connected");
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return encrypted.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return encrypted.getSupportedCipherSuites();
    }
}
