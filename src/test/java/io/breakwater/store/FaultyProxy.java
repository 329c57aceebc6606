package io.breakwater.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A proxy of an HTTP server that causes the faults of networks and overloaded servers. Changes pass one at a time, because the
 * server checks a precondition and writes in two steps.
 */
public final class FaultyProxy implements AutoCloseable {
    /** The fault of one request. */
    public sealed interface Fault {
        /** The request does not reach the server; the proxy answers. */
        record Answer(int status, Map<String, String> headers) implements Fault {}

        /** The server executes the request, and the connection breaks before the answer. */
        record LoseAnswer() implements Fault {}

        /** The server executes the request, and the connection breaks after this number of bytes of the answer's body. */
        record CutAnswer(int after) implements Fault {}

        /** There is no answer until the proxy closes. */
        record Hang() implements Fault {}
    }

    private record Rule(String method, String path, Fault fault, int[] left) {}

    private record Reply(int status, List<String[]> headers, byte[] body) {}

    private final URI target;
    private final HttpServer server;
    private final ReentrantLock changes = new ReentrantLock();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();
    private final Map<String, AtomicInteger> open = new ConcurrentHashMap<>();
    private final Map<String, Integer> peaks = new ConcurrentHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    public FaultyProxy(String target) {
        this.target = URI.create(target);
        try {
            server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    public String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Causes the fault in the next requests of a method ("" for all) whose path and query contain a text. */
    public void fault(String method, String path, int times, Fault fault) {
        rules.add(new Rule(method, path, fault, new int[] {times}));
    }

    /** Clears all faults and counts. */
    public void calm() {
        rules.clear();
        seen.clear();
        peaks.clear();
    }

    /** Number of requests of a method whose path and query contain a text. */
    public long seen(String method, String path) {
        return seen.stream()
                .filter(s -> s.startsWith(method + " ") && s.contains(path))
                .count();
    }

    /** Largest number of concurrent requests of a method. */
    public int peak(String method) {
        return peaks.getOrDefault(method, 0);
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            seen.add(request);
            AtomicInteger now = open.computeIfAbsent(exchange.getRequestMethod(), m -> new AtomicInteger());
            peaks.merge(exchange.getRequestMethod(), now.incrementAndGet(), Math::max);
            switch (next(request)) {
                case Fault.Answer(int status, Map<String, String> headers) -> {
                    headers.forEach(exchange.getResponseHeaders()::set);
                    exchange.sendResponseHeaders(status, -1);
                }
                case Fault.Hang h -> closed.await();
                case Fault.LoseAnswer l -> forward(exchange, body);
                case Fault.CutAnswer(int after) -> answer(exchange, forward(exchange, body), after);
                case null -> {
                    Reply reply = forward(exchange, body);
                    open.get(exchange.getRequestMethod()).decrementAndGet();
                    answer(exchange, reply, Integer.MAX_VALUE);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Fault next(String request) {
        for (Rule rule : rules) {
            if (rule.left[0] > 0 && request.startsWith(rule.method) && request.contains(rule.path)) {
                rule.left[0]--;
                return rule.fault;
            }
        }
        return null;
    }

    private static void answer(HttpExchange exchange, Reply reply, int bytes) throws IOException {
        for (String[] header : reply.headers) {
            exchange.getResponseHeaders().add(header[0], header[1]);
        }
        boolean empty = reply.body.length == 0;
        exchange.sendResponseHeaders(reply.status, empty ? -1 : reply.body.length);
        if (!empty) {
            exchange.getResponseBody().write(reply.body, 0, Math.min(bytes, reply.body.length));
        }
    }

    private Reply forward(HttpExchange exchange, byte[] body) throws IOException {
        boolean change = List.of("PUT", "POST", "DELETE").contains(exchange.getRequestMethod());
        if (change) {
            changes.lock();
        }
        try (Socket socket = new Socket(target.getHost(), target.getPort())) {
            OutputStream out = socket.getOutputStream();
            StringBuilder head = new StringBuilder(
                    exchange.getRequestMethod() + " " + exchange.getRequestURI().toASCIIString() + " HTTP/1.1\r\n");
            exchange.getRequestHeaders().forEach((name, values) -> {
                if (!name.equalsIgnoreCase("Connection")) {
                    values.forEach(v -> head.append(name).append(": ").append(v).append("\r\n"));
                }
            });
            out.write((head + "Connection: close\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            out.write(body);
            out.flush();
            return reply(new BufferedInputStream(socket.getInputStream()), exchange.getRequestMethod());
        } finally {
            if (change) {
                changes.unlock();
            }
        }
    }

    private static Reply reply(InputStream in, String method) throws IOException {
        int status = Integer.parseInt(line(in).split(" ")[1]);
        List<String[]> headers = new ArrayList<>();
        boolean chunked = false;
        int length = -1;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            String[] header = line.split(": ?", 2);
            switch (header[0].toLowerCase(Locale.ROOT)) {
                case "connection" -> {}
                case "transfer-encoding" -> chunked = true;
                case "content-length" -> {
                    length = Integer.parseInt(header[1]);
                    if (method.equals("HEAD")) {
                        headers.add(header);
                    }
                }
                default -> headers.add(header);
            }
        }
        if (method.equals("HEAD") || status == 204) {
            return new Reply(status, headers, new byte[0]);
        }
        return new Reply(
                status, headers, chunked ? chunks(in) : length < 0 ? in.readAllBytes() : in.readNBytes(length));
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int n = Integer.parseInt(line(in), 16); n > 0; n = Integer.parseInt(line(in), 16)) {
            all.write(in.readNBytes(n));
            line(in);
        }
        return all.toByteArray();
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("the server closed the connection after '" + line + "'");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
