package io.breakwater.store.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Errors of a store that does not answer. */
class AzureBlobStoreTest {
    @Tag("slow")
    @Test
    void reportsAnUnreachableStoreWithItsEndpoint() {
        AzureBlob spec = new AzureBlob();
        spec.account = "missing";
        spec.container = "breakwater";
        spec.endpoint = "http://127.0.0.1:9/missing";
        ObjectStore store = AzureBlobStore.open(spec, "AAAA", null, null);

        assertThatThrownBy(() -> store.read("x"))
                .hasMessageContaining("http://127.0.0.1:9/missing")
                .hasMessageContaining("no connection")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
    }

    /** A server that ignores ranges and has no end must not fill the memory. */
    @Test
    void stopsReadingAtTheBound() throws IOException {
        AtomicLong sent = new AtomicLong();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> answer(exchange, sent));
        server.start();
        try {
            AzureBlob spec = new AzureBlob();
            spec.account = "a";
            spec.container = "c";
            spec.endpoint = "http://127.0.0.1:" + server.getAddress().getPort() + "/a";
            ObjectStore store = AzureBlobStore.open(spec, "AAAA", null, null);

            assertThat(store.read("small", 5).orElseThrow().content()).hasSize(5);
            assertThat(store.read("none", 5).orElseThrow().content()).isEmpty();
            assertThat(store.read("missing", 5)).isEmpty();
            assertThatThrownBy(() -> store.read("misrouted", 5))
                    .as("an answer 404 without the store's own error code")
                    .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                    .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
            assertThatThrownBy(() -> store.read("large", 1 << 20))
                    .hasMessageContaining("object large has more than 1048576 bytes")
                    .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                    .matches(e -> e.reason() == Reason.Tampered && !e.isRetryable());
            assertThat(sent).as("bytes that were sent").hasValueLessThan(64L << 20);
        } finally {
            server.stop(0);
        }
    }

    /** The blob {@code small} has 5 bytes, {@code none} has 0 and {@code large} has 128 MiB. */
    private static void answer(HttpExchange exchange, AtomicLong sent) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            exchange.getResponseHeaders().add("ETag", "\"0x1\"");
            exchange.getResponseHeaders().add("Last-Modified", "Sun, 29 Nov 2026 18:00:00 GMT");
            exchange.getResponseHeaders().add("Content-Type", "application/octet-stream");
            if (path.endsWith("missing")) {
                exchange.getResponseHeaders().add("x-ms-error-code", "BlobNotFound");
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            if (path.endsWith("misrouted")) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            long size = path.endsWith("small") ? 5 : path.endsWith("none") ? 0 : 128 << 20;
            exchange.sendResponseHeaders(200, size == 0 ? -1 : size);
            byte[] block = new byte[(int) Math.min(size, 64 << 10)];
            for (long at = 0; at < size; at += block.length) {
                exchange.getResponseBody().write(block);
                sent.addAndGet(block.length);
            }
        }
    }

    @Test
    void reportsAMalformedKey() {
        AzureBlob spec = new AzureBlob();
        spec.account = "missing";
        spec.container = "breakwater";

        assertThatThrownBy(() -> AzureBlobStore.open(spec, "not base64!", null, null))
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.CredentialsRejected && !e.isRetryable());
    }
}
