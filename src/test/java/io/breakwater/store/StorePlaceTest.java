package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.steps.ReconcileExecutor;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.store.ObjectStore.Version;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No call of the interface to stores holds the place of a reconciliation while it waits for the store. So every reconciler may use
 * it, and one that hangs delays only its own object.
 */
class StorePlaceTest {
    /** Calls that send no request, or consist of other calls. */
    private static final Set<String> WITHOUT_REQUESTS = Set.of(
            "close",
            "documents",
            "gather",
            "limits",
            "place",
            "readIfBounded",
            "readSigned",
            "readStated",
            "removals",
            "writeSigned");

    private static final Set<String> STORES = Set.of("S3", "Azure", "directory");

    @FunctionalInterface
    private interface StoreCall {
        void run(ObjectStore store) throws IOException;
    }

    private static final Map<String, StoreCall> CALLS = new TreeMap<>(Map.ofEntries(
            Map.entry("prepare", ObjectStore::prepare),
            Map.entry("head", s -> s.head("a/x")),
            Map.entry("read", s -> s.read("a/x")),
            Map.entry("open", StorePlaceTest::readAll),
            Map.entry("list", s -> s.list("a/", o -> {})),
            Map.entry("directories", s -> s.directories("a/")),
            Map.entry("write", s -> s.write("a/y", new byte[1], Precondition.NONE)),
            Map.entry("upload", StorePlaceTest::uploadParts),
            Map.entry("delete", s -> s.delete("a/y")),
            Map.entry("abandonUploads", s -> s.abandonUploads("a/", Instant.now())),
            Map.entry("locking", ObjectStore::locking),
            Map.entry("enforcesLocks", s -> s.enforcesLocks("a/z")),
            Map.entry("relock", s -> s.relock("a/x", Duration.ofDays(1))),
            Map.entry("version", s -> s.version("a/x")),
            Map.entry("histories", s -> s.histories("a/", h -> {})),
            Map.entry("destroy", s -> s.destroy(new Version("a/x", "v", 1, Instant.EPOCH, true, true)))));

    private final ReconcileExecutor executor = new ReconcileExecutor(1);
    private final List<Integer> taken = new CopyOnWriteArrayList<>();
    private HttpServer server;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        executor.shutdownNow();
    }

    private static void readAll(ObjectStore store) throws IOException {
        try (InputStream in = store.open("a/x", 0, -1).orElseThrow()) {
            assertThat(in.readAllBytes()).hasSize(10);
        }
    }

    private static void uploadParts(ObjectStore store) throws IOException {
        try (Upload upload = store.upload("a/big", Precondition.NONE)) {
            upload.write(new byte[6 << 20]);
            upload.commit();
        }
    }

    /** Content for reads of an object; everything else is refused at once. */
    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            taken.add(executor.taken());
            exchange.getRequestBody().readAllBytes();
            boolean content = exchange.getRequestMethod().equals("GET")
                    && exchange.getRequestURI().getPath().endsWith("/a/x");
            exchange.getResponseHeaders().set("ETag", "\"e\"");
            exchange.getResponseHeaders().set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT");
            exchange.getResponseHeaders().set("x-ms-blob-type", "BlockBlob");
            if (!content) {
                exchange.sendResponseHeaders(403, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/10");
            exchange.sendResponseHeaders(exchange.getRequestHeaders().containsKey("x-ms-range") ? 206 : 200, 10);
            exchange.getResponseBody().write(new byte[10]);
        }
    }

    private ObjectStore open(String kind) {
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        return switch (kind) {
            case "S3" -> TestStores.s3(endpoint, ListingLimits.DEFAULT);
            case "Azure" -> TestStores.azure(endpoint + "/account", ListingLimits.DEFAULT);
            default -> directory();
        };
    }

    private ObjectStore directory() {
        CallLimit calls = new CallLimit("directory", CallLimit.Bounds.DEFAULT, new CallLimit.Listener() {
            @Override
            public void waited(Duration time) {
                taken.add(executor.taken());
            }
        });
        FilesystemStore store = new FilesystemStore(directory, Clock.systemUTC(), ListingLimits.DEFAULT, calls);
        store.write("a/x", new byte[10], Precondition.NONE);
        return store;
    }

    static Stream<Arguments> calls() {
        return STORES.stream().flatMap(kind -> CALLS.keySet().stream().map(call -> Arguments.of(kind, call)));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void hasNoPlaceWhileItWaitsForTheStore(String kind, String call) throws Exception {
        ObjectStore store = open(kind);
        taken.clear();

        executor.submit(() -> run(store, call)).get(30, TimeUnit.SECONDS);

        assertThat(taken).as("places during the requests").allMatch(places -> places == 0);
        await().alias("places afterwards").until(() -> executor.taken() == 0);
    }

    private static void run(ObjectStore store, String call) {
        try {
            CALLS.get(call).run(store);
        } catch (BreakwaterException | UnsupportedOperationException e) {
            // The server refuses it, or the store has no such call.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void callsEveryMethodOfTheInterface() {
        Set<String> methods = Arrays.stream(ObjectStore.class.getDeclaredMethods())
                .filter(m -> !m.isSynthetic())
                .map(Method::getName)
                .filter(name -> !WITHOUT_REQUESTS.contains(name))
                .collect(Collectors.toSet());

        assertThat(CALLS.keySet()).isEqualTo(methods);
    }

    /** Most calls send a request to the server, so the test above can fail. */
    @Test
    void sendsRequests() throws Exception {
        for (String kind : STORES) {
            List<String> silent = new ArrayList<>();
            for (String call : CALLS.keySet()) {
                ObjectStore store = open(kind);
                taken.clear();
                executor.submit(() -> run(store, call)).get(30, TimeUnit.SECONDS);
                if (taken.isEmpty()) {
                    silent.add(call);
                }
            }
            assertThat(silent)
                    .as(kind)
                    .isSubsetOf(
                            "prepare",
                            "relock",
                            "locking",
                            "enforcesLocks",
                            "version",
                            "histories",
                            "destroy",
                            "abandonUploads",
                            "directories");
        }
    }
}
