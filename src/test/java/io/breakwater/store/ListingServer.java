package io.breakwater.store;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A store that answers each request for a page of a listing with what a test chooses. */
public final class ListingServer implements AutoCloseable {
    private final HttpServer http;
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger pages = new AtomicInteger();

    /** The answer to a page, counted from 0. */
    public volatile IntFunction<byte[]> answer = page -> new byte[0];

    /** Status of each answer. */
    public volatile int status = 200;

    /** Query of the last request. */
    public volatile String query = "";

    /** Starts the server. */
    public ListingServer() {
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        http.setExecutor(workers);
        http.createContext("/", exchange -> {
            try (exchange) {
                exchange.getRequestBody().readAllBytes();
                query = exchange.getRequestURI().getQuery();
                byte[] body = answer.apply(pages.getAndIncrement());
                exchange.getResponseHeaders().add("Content-Type", "application/xml");
                exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
                exchange.getResponseBody().write(body);
            }
        });
        http.start();
    }

    /** Number of pages that were requested. */
    public int pages() {
        return pages.get();
    }

    /** Starts to count again. */
    public void reset() {
        pages.set(0);
    }

    public String endpoint() {
        return "http://127.0.0.1:" + http.getAddress().getPort();
    }

    @Override
    public void close() {
        http.stop(0);
        workers.shutdownNow();
    }
}
