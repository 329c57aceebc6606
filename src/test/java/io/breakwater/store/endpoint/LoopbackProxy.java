package io.breakwater.store.endpoint;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An HTTP proxy on a loopback port. It answers CONNECT, and connects every tunnel to one server, as a proxy with a DNS of its own
 * does. It answers any other request with an empty answer.
 */
public final class LoopbackProxy implements Closeable {
    private final ServerSocket listener;
    private final int status;
    private final int target;
    private final List<String> heads = new CopyOnWriteArrayList<>();

    /**
     * Starts the proxy.
     *
     * @param status of its answers to CONNECT
     * @param target loopback port of the server behind it
     */
    public LoopbackProxy(int status, int target) throws IOException {
        this.status = status;
        this.target = target;
        this.listener = new ServerSocket(0, 20, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::acceptUntilClosed);
    }

    public String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** The first lines of all requests. */
    public List<String> requests() {
        return heads.stream()
                .map(head -> head.lines().findFirst().orElse(""))
                .distinct()
                .toList();
    }

    /** The heads of all requests. */
    public List<String> heads() {
        return List.copyOf(heads);
    }

    private void acceptUntilClosed() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            String head = head(client.getInputStream());
            heads.add(head);
            boolean isTunnel = head.startsWith("CONNECT ");
            int answer = isTunnel ? status : 403;
            String length = answer == 200 ? "" : "Content-Length: 0\r\nConnection: close\r\n";
            client.getOutputStream()
                    .write(("HTTP/1.1 " + answer + " SECRET\r\n" + length + "\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            if (answer != 200) {
                return;
            }
            try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
                Thread back = Thread.ofVirtual().start(() -> copy(server, client));
                copy(client, server);
                back.join();
            }
        } catch (IOException e) {
            // the client is gone
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copy(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            // one of them is gone
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("no request");
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
