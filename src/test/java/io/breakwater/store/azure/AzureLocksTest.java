package io.breakwater.store.azure;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupLocationSpec.Immutability.Mode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The requests to Azure. No server for tests supports immutability policies. So this one answers as the documentation describes,
 * and records the requests.
 */
class AzureLocksTest {
    private static final Instant NOW = Instant.parse("2026-06-10T12:00:00Z");
    private static final Duration PERIOD = Duration.ofDays(30);
    private static final String UNTIL = "Fri, 10 Jul 2026 12:00:00 GMT";
    private static final String PACK = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";

    /** One request: method, path with query, and the headers of policies. */
    private record Asked(String method, String path, String mode, String until) {}

    private final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, String> held = new ConcurrentHashMap<>();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void sendsThePolicyWithASmallWrite() {
        store(Mode.Compliance).write(PACK, new byte[1], Precondition.ABSENT);

        assertThat(asked).singleElement().satisfies(a -> {
            assertThat(a.path).contains(PACK);
            assertThat(a.mode).isEqualToIgnoringCase("locked");
            assertThat(a.until).isEqualTo(UNTIL);
        });
    }

    @Test
    void sendsThePolicyWhenALargeUploadCommits() throws IOException {
        try (Upload upload = store(Mode.Governance).upload(PACK, Precondition.NONE)) {
            upload.write(new byte[5 << 20]);
            upload.commit();
        }

        assertThat(asked.stream().filter(a -> a.path.contains("comp=blocklist")))
                .singleElement()
                .satisfies(a -> {
                    assertThat(a.mode).isEqualToIgnoringCase("unlocked");
                    assertThat(a.until).isEqualTo(UNTIL);
                });
    }

    @Test
    void sendsNoPolicyForMutableObjects() {
        store(Mode.Compliance).write("breakwater/plans/shop/shop/lease.json", new byte[1], Precondition.NONE);
        store(Mode.Compliance)
                .write(TestRegister.of("east", "shop").prefix() + "locks/ab", new byte[1], Precondition.NONE);

        assertThat(asked).hasSize(2).allMatch(a -> a.mode == null && a.until == null);
    }

    @Test
    void extendsOnlyPoliciesThatExpireSoon() {
        held.put("until", "Thu, 11 Jun 2026 12:00:00 GMT");
        held.put("mode", "locked");
        assertThat(store(Mode.Governance).relock(PACK, PERIOD.dividedBy(2))).isTrue();
        assertThat(asked).last().satisfies(a -> {
            assertThat(a.method).isEqualTo("PUT");
            assertThat(a.path).contains("comp=immutabilityPolicies");
            assertThat(a.mode).as("a locked policy cannot be unlocked").isEqualToIgnoringCase("locked");
            assertThat(a.until).isEqualTo(UNTIL);
        });

        asked.clear();
        held.put("until", UNTIL);
        assertThat(store(Mode.Governance).relock(PACK, PERIOD.dividedBy(2))).isFalse();
        assertThat(asked).singleElement().satisfies(a -> assertThat(a.method).isEqualTo("HEAD"));
    }

    @Test
    void reportsRefusedDeletionsAsLocked() {
        held.put("delete", "409");

        Assertions.assertThatThrownBy(() -> store(Mode.Compliance).delete(PACK))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Locked));
    }

    @Test
    void detectsWhetherTheContainerEnforcesLocks() {
        held.put("delete", "409");
        assertThat(store(Mode.Compliance).enforcesLocks("breakwater/probe/east-locked"))
                .isTrue();
        assertThat(asked).anySatisfy(a -> assertThat(a.mode).isEqualToIgnoringCase("locked"));
        assertThat(asked).last().satisfies(a -> {
            assertThat(a.method).isEqualTo("DELETE");
            assertThat(a.path).as("that version").contains("versionid=");
        });

        held.remove("delete");
        assertThat(store(Mode.Compliance).enforcesLocks("breakwater/probe/east-locked"))
                .isFalse();
    }

    private AzureBlobStore store(Mode mode) {
        AzureBlob spec = new AzureBlob();
        spec.account = "east";
        spec.container = "breakwater";
        spec.endpoint = "http://127.0.0.1:" + server.getAddress().getPort() + "/east";
        return AzureBlobStore.open(spec, "AAAA", null, new ObjectLock(mode, PERIOD, Clock.fixed(NOW, ZoneOffset.UTC)));
    }

    private void answer(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().readAllBytes();
        String method = exchange.getRequestMethod();
        var in = exchange.getRequestHeaders();
        asked.add(new Asked(
                method,
                exchange.getRequestURI().getPath() + "?"
                        + exchange.getRequestURI().getQuery(),
                in.getFirst("x-ms-immutability-policy-mode"),
                in.getFirst("x-ms-immutability-policy-until-date")));
        var out = exchange.getResponseHeaders();
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(NOW.atOffset(ZoneOffset.UTC));
        out.set("Date", date);
        out.set("Last-Modified", date);
        out.set("ETag", "\"0x1\"");
        out.set("x-ms-version-id", "2026-06-10T12:00:00.0000000Z");
        out.set("x-ms-request-server-encrypted", "true");
        int code = method.equals("PUT") ? 201 : method.equals("DELETE") ? 202 : 200;
        if (method.equals("DELETE") && held.containsKey("delete")) {
            out.set("x-ms-error-code", "BlobImmutableDueToPolicy");
            code = Integer.parseInt(held.get("delete"));
        }
        if (exchange.getRequestURI().toString().contains("comp=immutabilityPolicies")) {
            code = 200;
        }
        if (method.equals("HEAD")) {
            out.set("x-ms-blob-type", "BlockBlob");
            out.set("x-ms-creation-time", date);
            if (held.containsKey("until")) {
                out.set("x-ms-immutability-policy-until-date", held.get("until"));
                out.set("x-ms-immutability-policy-mode", held.get("mode"));
            }
        }
        exchange.sendResponseHeaders(code, -1);
        exchange.close();
    }
}
