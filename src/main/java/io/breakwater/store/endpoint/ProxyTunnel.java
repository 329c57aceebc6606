package io.breakwater.store.endpoint;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The request CONNECT of a tunnel through an HTTP proxy (RFC 9110, section 9.3.6). */
final class ProxyTunnel {
    private static final int HEAD = 16 << 10;
    private static final String END = "\r\n\r\n";
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})( [^\r\n]*)?\r\n.*", Pattern.DOTALL);

    private ProxyTunnel() {}

    /**
     * Opens a tunnel. Afterwards the socket is connected to the target.
     *
     * @param socket connected to the proxy, with a timeout for reads; closed if there is no tunnel
     * @throws BreakwaterException StoreUnavailable, if the proxy refuses; the text has nothing of its answer but the status
     */
    static void open(Socket socket, ProxyServer proxy, InetSocketAddress target) throws IOException {
        String host = target.getHostString().replaceAll("[\\[\\]]", "");
        String to = (host.contains(":") ? "[" + host + "]" : host) + ":" + target.getPort();
        String request = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n"
                + (proxy.authorization() == null ? "" : "Proxy-Authorization: " + proxy.authorization() + "\r\n")
                + "\r\n";
        boolean isOpen = false;
        try {
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            int status = status(head(socket.getInputStream()));
            if (status / 100 != 2) {
                throw refused(to, status);
            }
            isOpen = true;
        } finally {
            if (!isOpen) {
                socket.close();
            }
        }
    }

    /** The head of the answer, and no byte more: the rest belongs to the target. */
    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < END.length()) {
            int next = in.read();
            if (next < 0 || head.size() == HEAD) {
                throw new IOException("the answer of the proxy is not HTTP");
            }
            head.write(next);
            matched = next == END.charAt(matched) ? matched + 1 : next == END.charAt(0) ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static int status(String head) throws IOException {
        Matcher line = STATUS.matcher(head);
        if (!line.matches()) {
            throw new IOException("the answer of the proxy is not HTTP");
        }
        return Integer.parseInt(line.group(1));
    }

    private static BreakwaterException refused(String to, int status) {
        String wayOut = status == 407
                ? "put user and password of the proxy into the Secret of Helm value store.proxy.urlSecret"
                : "allow the host in the proxy, or add it to Helm value store.proxy.noProxy";
        return BreakwaterException.retryable(
                Reason.StoreUnavailable,
                "the proxy of this installation refused a connection to " + to + " with status " + status + "; "
                        + wayOut);
    }
}
