package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.WebIdentity;
import io.breakwater.api.BackupLocationSpec.WorkloadIdentity;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.azure.AzureBlobStore;
import io.breakwater.store.endpoint.CaBundle;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.s3.S3Store;
import io.breakwater.tls.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Both clients use the rules for endpoints. */
class StoreEndpointsTest {
    /** The clients of vendors. */
    enum Vendor {
        AZURE {
            @Override
            ObjectStore open(String endpoint, boolean isOwnIdentity, EndpointRules rules) {
                AzureBlob spec = new AzureBlob();
                spec.account = "account";
                spec.container = "container";
                spec.endpoint = endpoint;
                spec.workloadIdentity = isOwnIdentity ? new WorkloadIdentity() : null;
                String key = isOwnIdentity ? null : "AAAA";
                return AzureBlobStore.open(spec, key, null, null, null, ListingLimits.DEFAULT, rules);
            }
        },
        S3 {
            @Override
            ObjectStore open(String endpoint, boolean isOwnIdentity, EndpointRules rules) {
                S3 spec = new S3();
                spec.bucket = "bucket";
                spec.endpoint = endpoint;
                spec.workloadIdentity = isOwnIdentity ? new WebIdentity() : null;
                String key = isOwnIdentity ? null : "key";
                return S3Store.open(spec, key, key, null, null, ListingLimits.DEFAULT, rules);
            }
        };

        abstract ObjectStore open(String endpoint, boolean isOwnIdentity, EndpointRules rules);
    }

    @ParameterizedTest
    @EnumSource
    void refusesAForbiddenEndpointBeforeAnyRequest(Vendor vendor) {
        assertThatThrownBy(() -> vendor.open("https://127.0.0.1:9443", false, rules(List.of())))
                .isInstanceOfSatisfying(BreakwaterException.class, StoreEndpointsTest::isInvalidSpec);
    }

    /** The name resolves to a public address first, and to a loopback address when the client connects. */
    @ParameterizedTest
    @EnumSource
    void connectsToNoForbiddenAddressOfAName(Vendor vendor) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(200);
            EndpointRules rules = new EndpointRules(
                    List.of(), List::of, host -> new InetAddress[] {InetAddress.getLoopbackAddress()});
            ObjectStore store = vendor.open("https://s3.example.com:" + server.getLocalPort(), false, rules);
            assertThatThrownBy(() -> store.read("x"))
                    .isInstanceOfSatisfying(BreakwaterException.class, StoreEndpointsTest::isInvalidSpec)
                    .hasMessageContaining("endpoint s3.example.com was not connected");
            assertThatThrownBy(server::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "AZURE, https://evil.example/account",
        "AZURE, https://evilblob.core.windows.net",
        "AZURE, https://blob.core.windows.net.evil.example",
        "S3, https://evil.example",
        "S3, https://s3.amazonaws.com.evil.example",
    })
    void sendsNoTokenOfTheOwnIdentityElsewhere(Vendor vendor, String endpoint) {
        assertThatThrownBy(() -> vendor.open(endpoint, true, EndpointRules.trusting(endpoint)))
                .isInstanceOfSatisfying(BreakwaterException.class, StoreEndpointsTest::isInvalidSpec)
                .hasMessageContaining("workloadIdentity");
    }

    @ParameterizedTest
    @EnumSource
    void followsNoRedirectToAnotherServer(Vendor vendor) throws IOException {
        AtomicInteger stolen = new AtomicInteger();
        HttpServer thief = serve(null, stolen);
        HttpServer server = serve("http://127.0.0.1:" + thief.getAddress().getPort() + "/loot", new AtomicInteger());
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort() + (vendor == Vendor.S3 ? "" : "/a");
            ObjectStore store = vendor.open(endpoint, false, rules(List.of("127.0.0.1")));
            assertThatThrownBy(() -> store.read("x")).isInstanceOf(BreakwaterException.class);
            assertThat(stolen).hasValue(0);
        } finally {
            server.stop(0);
            thief.stop(0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void trustsTheAuthoritiesOfTheBundleOnly(Vendor vendor) throws IOException {
        TestAuthority authority = new TestAuthority();
        HttpsServer server = authority.serve("127.0.0.1");
        HttpsServer other = authority.serve("other.example");
        try {
            EndpointRules listed = rules(List.of("127.0.0.1"));
            String endpoint = "https://127.0.0.1:" + server.getAddress().getPort();
            String elsewhere = "https://127.0.0.1:" + other.getAddress().getPort();
            CaBundle bundle = CaBundle.of(new TestAuthority().pem() + authority.pem());
            assertThatThrownBy(() -> vendor.open(endpoint, false, listed.withAuthorities(bundle))
                            .read("x"))
                    .hasMessageContaining("403");
            for (EndpointRules rules :
                    List.of(listed, listed.withAuthorities(CaBundle.of(new TestAuthority().pem())))) {
                assertThatThrownBy(() -> vendor.open(endpoint, false, rules).read("x"))
                        .isInstanceOfSatisfying(
                                BreakwaterException.class,
                                e -> assertThat(e.reason()).isEqualTo(Reason.StoreUnavailable))
                        .hasMessageContaining("caBundleSecretRef");
            }
            assertThatThrownBy(() -> vendor.open(elsewhere, false, listed.withAuthorities(bundle))
                            .read("x"))
                    .as("a certificate for another host")
                    .hasMessageContaining("no encrypted connection");
        } finally {
            server.stop(0);
            other.stop(0);
        }
    }

    /** A server that the location names is not trusted: what it writes does not appear in a condition. */
    @ParameterizedTest
    @EnumSource
    void reportsNoBytesOfAnAnswer(Vendor vendor) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = "<Error><Code>SECRET-BYTES</Code><Message>SECRET-BYTES</Message></Error>".getBytes();
            exchange.getResponseHeaders().add("x-ms-error-code", "SECRET-BYTES");
            exchange.getResponseHeaders().add("Content-Type", "application/xml");
            exchange.sendResponseHeaders(403, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort() + (vendor == Vendor.S3 ? "" : "/a");
            ObjectStore store = vendor.open(endpoint, false, rules(List.of("127.0.0.1")));
            for (Runnable use : List.<Runnable>of(() -> store.read("x"), () -> store.list("", o -> {}))) {
                assertThatThrownBy(use::run)
                        .isInstanceOf(BreakwaterException.class)
                        .hasMessageContaining("403")
                        .hasMessageNotContaining("SECRET");
            }
        } finally {
            server.stop(0);
        }
    }

    private static HttpServer serve(String location, AtomicInteger requests) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.incrementAndGet();
            if (location != null) {
                exchange.getResponseHeaders().add("Location", location);
            }
            exchange.sendResponseHeaders(location == null ? 200 : 307, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static EndpointRules rules(List<String> allowed) {
        return new EndpointRules(allowed, List::of, InetAddress::getAllByName);
    }

    private static void isInvalidSpec(BreakwaterException e) {
        assertThat(e.reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(e.isRetryable()).isFalse();
    }
}
