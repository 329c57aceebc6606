package io.breakwater.database;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodListBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** An API server with one pod, in which every command prints the same text without end. */
final class EndlessPod implements AutoCloseable {
    private static final int FRAME = 32 << 10;
    private static final Pod POD = new PodBuilder()
            .withNewMetadata()
            .withName("talker")
            .withNamespace("shop")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .endContainer()
            .endSpec()
            .withNewStatus()
            .withPhase("Running")
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build();

    private final ServerSocket server;
    private final byte[] frame;
    private final boolean closes;
    private final AtomicLong printed = new AtomicLong();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final KubernetesClient client;

    /**
     * Starts the API server.
     *
     * @param closes whether it closes a connection when the client asks for it
     */
    EndlessPod(String text, boolean closes) throws IOException {
        this.closes = closes;
        frame = frame(text);
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withMasterUrl("http://127.0.0.1:" + server.getLocalPort())
                        .withAutoConfigure(false)
                        .build())
                .build();
    }

    KubernetesClient client() {
        return client;
    }

    /** Bytes that were sent to the client. */
    long printed() {
        return printed.get();
    }

    /** Ends when the connection of a command was closed. */
    CountDownLatch ended() {
        return ended;
    }

    /** A binary message of a WebSocket on the channel of the standard output. */
    private static byte[] frame(String text) {
        byte[] frame = new byte[4 + FRAME];
        frame[0] = (byte) 0x82;
        frame[1] = 126;
        frame[2] = (byte) (FRAME >> 8);
        frame[3] = (byte) FRAME;
        frame[4] = 1;
        byte[] one = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 5; i < frame.length; i++) {
            frame[i] = one[(i - 5) % one.length];
        }
        return frame;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket;
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))) {
            String request = in.readLine();
            while (request != null) {
                Map<String, String> headers = new HashMap<>();
                for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                    headers.put(
                            line.substring(0, line.indexOf(':')).toLowerCase(), line.substring(line.indexOf(':') + 2));
                }
                answer(request.split(" ")[1], headers, in, socket);
                request = in.readLine();
            }
        } catch (IOException e) {
            // The client closed the connection.
        }
    }

    private void answer(String path, Map<String, String> headers, BufferedReader in, Socket socket) throws IOException {
        OutputStream out = socket.getOutputStream();
        if (path.contains("/exec?")) {
            if (closes) {
                Thread.ofVirtual().start(() -> awaitClose(in, socket));
            }
            print(headers, out);
        } else if (!path.contains("watch=true")) {
            byte[] body = Serialization.asJson(
                            path.contains("/talker")
                                    ? POD
                                    : new PodListBuilder()
                                            .withItems(POD)
                                            .withNewMetadata()
                                            .withResourceVersion("1")
                                            .endMetadata()
                                            .build())
                    .getBytes(StandardCharsets.UTF_8);
            out.write(
                    ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            out.write(body);
        }
    }

    /** Closes the connection at the first message of the client with the opcode of a close. */
    private static void awaitClose(BufferedReader in, Socket socket) {
        try (socket) {
            for (int b = in.read(); b >= 0 && b != 0x88; b = in.read()) {}
        } catch (IOException e) {
            // The connection is closed already.
        }
    }

    private void print(Map<String, String> headers, OutputStream out) throws IOException {
        String protocol = headers.get("sec-websocket-protocol");
        out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + accept(headers.get("sec-websocket-key")) + "\r\n"
                        + (protocol == null ? "" : "Sec-WebSocket-Protocol: " + protocol.split(",")[0] + "\r\n")
                        + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        try {
            while (true) {
                out.write(frame);
                printed.addAndGet(FRAME);
            }
        } finally {
            ended.countDown();
        }
    }

    /** The answer to the key of a handshake (RFC 6455, 4.2.2). */
    private static String accept(String key) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1")
                            .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                                    .getBytes(StandardCharsets.ISO_8859_1)));
        } catch (GeneralSecurityException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}
