package io.breakwater.admission;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Asks the webhook of this process for an answer, as the API server does. It sends no review and reads one byte. */
final class WebhookProbe {
    private static final byte[] REQUEST =
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Duration limit;
    private final SSLSocketFactory sockets;

    /** @param limit time for the connection, and for each answer */
    WebhookProbe(Duration limit) {
        this.limit = limit;
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new OwnServer()}, null);
            this.sockets = context.getSocketFactory();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Whether the server answers. A server that closes the connection is alive: it does so above its limits. Otherwise clients
     * that use up these limits could have the process restarted.
     */
    boolean isAnswered(int port) {
        int millis = (int) limit.toMillis();
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), millis);
            plain.setSoTimeout(millis);
            try (SSLSocket socket = (SSLSocket) sockets.createSocket(plain, "localhost", port, true)) {
                socket.getOutputStream().write(REQUEST);
                socket.getInputStream().read();
                return true;
            }
        } catch (ConnectException | SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** The peer is this process, and nothing secret is sent. */
    private static final class OwnServer implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
