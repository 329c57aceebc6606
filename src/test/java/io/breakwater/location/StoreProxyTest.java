package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.StoreEndpointsTest.Vendor;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.endpoint.AddressRange;
import io.breakwater.store.endpoint.CaBundle;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.endpoint.LoopbackProxy;
import io.breakwater.store.endpoint.StoreProxy;
import io.breakwater.tls.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both clients reach a store through the proxy of the installation, and the rules for endpoints stay. */
class StoreProxyTest {
    private static final String HOST = "s3.store.example";

    /** Addresses of pods. */
    private static final List<AddressRange> CLUSTER = List.of(AddressRange.of("10.42.0.0/16"));

    private final TestAuthority authority = new TestAuthority();
    private HttpsServer server;

    @BeforeEach
    void serve() throws IOException {
        server = authority.serve(HOST);
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /** The name resolves nowhere but in the proxy, and the certificate is verified for it. */
    @ParameterizedTest
    @EnumSource
    void opensATunnelThatIsEncryptedUpToTheStore(Vendor vendor) throws IOException {
        try (LoopbackProxy proxy = new LoopbackProxy(200, server.getAddress().getPort())) {
            EndpointRules rules = rules(proxy.url(), List.of(), HOST);
            assertAnswered(vendor, "https://" + HOST + ":9443", rules.withAuthorities(CaBundle.of(authority.pem())));
            assertThat(proxy.requests()).containsExactly("CONNECT " + HOST + ":9443 HTTP/1.1");
            assertThat(proxy.heads())
                    .allSatisfy(head -> assertThat(head).doesNotContain("Authorization", "bucket", "container"));
            assertThatThrownBy(() -> vendor.open("https://" + HOST + ":9443", false, rules)
                            .read("x"))
                    .as("a public authority has not signed it")
                    .hasMessageContaining("no encrypted connection");
        }
    }

    /** The proxy would connect to each of them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://127.0.0.1:9443",
                "https://169.254.169.254",
                "https://[::1]:9443",
                "https://10.42.3.4",
                "https://rebinding.example.com",
                "https://a.wild.example",
                "https://S3.store.example.evil.example",
                "https://user@s3.store.example",
                "https://store",
                "http://east.blob.core.windows.net",
                "http://rebinding.example.com"
            })
    void refusesThroughTheProxyWhatTheRulesRefuse(String endpoint) throws IOException {
        try (LoopbackProxy proxy = new LoopbackProxy(200, server.getAddress().getPort())) {
            EndpointRules listed = rules(proxy.url(), List.of(), HOST, "*.wild.example");
            for (Vendor vendor : Vendor.values()) {
                assertThatThrownBy(() -> vendor.open(endpoint, false, listed).read("x"))
                        .as("%s, list", vendor)
                        .isInstanceOfSatisfying(BreakwaterException.class, StoreProxyTest::isInvalidSpec);
            }
            EndpointRules open = rules(proxy.url(), List.of());
            if (!endpoint.equals("https://store")) { // resolved here, like every name of the cluster
                assertThat(open.objection(endpoint)).as("without a list").isPresent();
            }
            assertThat(proxy.heads()).isEmpty();
        }
    }

    @Test
    void namesTheWayOutForANameThatOnlyTheProxyResolves() {
        assertThat(rules("http://127.0.0.1:1", List.of()).objection("https://s3.example.com"))
                .hasValueSatisfying(o -> assertThat(o)
                        .contains(
                                "the proxy of this installation resolves its host s3.example.com",
                                "store.allowedEndpoints or store.proxy.noProxy"));
        assertThat(rules("http://127.0.0.1:1", List.of()).objection("https://east.blob.core.windows.net"))
                .isEmpty();
        assertThat(rules("http://127.0.0.1:1", List.of("example.com")).objection("https://s3.example.com"))
                .as("direct, so its addresses are checked at each connection")
                .isEmpty();
    }

    /** Without the proxy, the name is resolved here, and its addresses are checked. */
    @ParameterizedTest
    @CsvSource({
        "s3.store.example, s3.store.example",
        "s3.store.example, store.example",
        "s3.store.example, .store.example",
        "s3.store.example, *.store.example",
        "s3.store.example, S3.Store.Example:9443",
        "s3.store.example, *",
        "minio.minio.svc, ''",
        "minio.minio.svc.cluster.local, ''",
        "minio, ''",
        "10.42.0.9, ''",
        "192.168.7.9, 192.168.7.0/24",
    })
    void connectsDirectlyToExceptionsAndToTheCluster(String host, String noProxy) throws IOException {
        AtomicInteger questions = new AtomicInteger();
        try (LoopbackProxy proxy = new LoopbackProxy(200, 1)) {
            EndpointRules rules = new EndpointRules(
                    List.of(host),
                    () -> CLUSTER,
                    name -> {
                        questions.incrementAndGet();
                        throw new UnknownHostException(name);
                    },
                    StoreProxy.of(Optional.of(proxy.url()), List.of(noProxy), Map.of()));
            ObjectStore store = Vendor.S3.open("https://" + host + ":9443", false, rules);
            assertThatThrownBy(() -> store.read("x")).hasMessageContaining("UnknownHostException");
            assertThat(questions).hasValueGreaterThan(0);
            assertThat(proxy.heads()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "s3.store.example, tore.example",
        "s3.store.example, .s3.store.example",
        "s3.store.example, s3.store.example:443",
        "s3.store.example, 192.168.7.0/24",
        "192.168.8.9, 192.168.7.0/24",
    })
    void usesTheProxyForWhatNoExceptionNames(String host, String noProxy) throws IOException {
        try (LoopbackProxy proxy = new LoopbackProxy(502, 1)) {
            EndpointRules rules = rules(proxy.url(), List.of(noProxy), host);
            assertThatThrownBy(() -> Vendor.S3
                            .open("https://" + host + ":9443", false, rules)
                            .read("x"))
                    .hasMessageContaining("the proxy of this installation refused");
            assertThat(proxy.requests()).containsExactly("CONNECT " + host + ":9443 HTTP/1.1");
        }
    }

    @ParameterizedTest
    @EnumSource
    void reportsARefusalOfTheProxyWithoutItsText(Vendor vendor) throws IOException {
        for (int status : List.of(403, 407, 503)) {
            try (LoopbackProxy proxy = new LoopbackProxy(status, 1)) {
                ObjectStore store = vendor.open("https://" + HOST, false, rules(proxy.url(), List.of(), HOST));
                assertThatThrownBy(() -> store.read("x"))
                        .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                            assertThat(e.reason()).isEqualTo(Reason.StoreUnavailable);
                            assertThat(e.isRetryable()).isTrue();
                        })
                        .hasMessageContaining("s3.store.example:443 with status " + status)
                        .hasMessageContaining(status == 407 ? "user and password" : "allow the host in the proxy")
                        .hasMessageNotContaining("SECRET");
            }
        }
    }

    @Test
    void sendsItsCredentialsToTheProxyOnly() throws IOException {
        try (LoopbackProxy proxy = new LoopbackProxy(200, server.getAddress().getPort())) {
            String url = proxy.url().replace("http://", "http://user:p%40ss@");
            EndpointRules rules = rules(url, List.of(), HOST).withAuthorities(CaBundle.of(authority.pem()));
            server.removeContext("/");
            AtomicInteger leaks = new AtomicInteger();
            server.createContext("/", exchange -> {
                leaks.addAndGet(exchange.getRequestHeaders().containsKey("Proxy-Authorization") ? 1 : 0);
                exchange.sendResponseHeaders(403, -1);
                exchange.close();
            });
            assertAnswered(Vendor.S3, "https://" + HOST, rules);
            assertThat(proxy.heads())
                    .isNotEmpty()
                    .allSatisfy(head -> assertThat(head).contains("Proxy-Authorization: Basic dXNlcjpwQHNz"));
            assertThat(leaks).hasValue(0);
        }
    }

    @Test
    void sendsRequestsWithoutEncryptionToTheProxyOfTheirScheme() throws IOException {
        HttpServer clear = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        clear.start();
        try (LoopbackProxy proxy = new LoopbackProxy(200, 1)) {
            assertAnswered(Vendor.S3, "http://" + HOST + ":9000", rules(proxy.url(), List.of(), HOST));
            assertThat(proxy.requests()).hasSize(1).allMatch(line -> line.contains(" http://" + HOST + ":9000/bucket"));
        } finally {
            clear.stop(0);
        }
    }

    @Test
    void followsTheVariablesOfThePodUnlessTheChartHasAProxy() throws IOException {
        try (LoopbackProxy proxy = new LoopbackProxy(503, 1)) {
            for (Map<String, String> variables : List.of(
                    Map.of("HTTPS_PROXY", proxy.url()),
                    Map.of("https_proxy", proxy.url().substring(7)))) {
                assertRefusedByTheProxy(StoreProxy.of(Optional.empty(), List.of(), variables));
            }
            assertRefusedByTheProxy(
                    StoreProxy.of(Optional.of(proxy.url()), List.of(), Map.of("HTTPS_PROXY", "http://127.0.0.1:1")));
            EndpointRules direct = rules(StoreProxy.of(
                    Optional.empty(),
                    List.of(),
                    Map.of("HTTPS_PROXY", proxy.url(), "NO_PROXY", "a.example, store.example")));
            assertThatThrownBy(() ->
                            Vendor.S3.open("https://" + HOST, false, direct).read("x"))
                    .hasMessageContaining("UnknownHostException");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://user:SECRET@proxy:3128",
                "socks5://user:SECRET@proxy",
                "http://user:SECRET@",
                "a b SECRET"
            })
    void refusesAProxyThatItDoesNotSupport(String url) {
        assertThatThrownBy(() -> StoreProxy.of(Optional.of(url), List.of(), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("store.proxy.url")
                .hasMessageNotContaining("SECRET");
    }

    private static void assertRefusedByTheProxy(StoreProxy proxy) {
        assertThatThrownBy(() ->
                        Vendor.S3.open("https://" + HOST, false, rules(proxy)).read("x"))
                .hasMessageContaining("with status 503");
    }

    /** The answer of the store, and no other failure. */
    private static void assertAnswered(Vendor vendor, String endpoint, EndpointRules rules) {
        ObjectStore store = vendor.open(endpoint, false, rules);
        assertThatThrownBy(() -> store.read("x"))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining("403");
    }

    private static EndpointRules rules(String proxy, List<String> noProxy, String... allowed) {
        return rules(StoreProxy.of(Optional.of(proxy), noProxy, Map.of()), allowed);
    }

    private static EndpointRules rules(StoreProxy proxy) {
        return rules(proxy, HOST);
    }

    private static EndpointRules rules(StoreProxy proxy, String... allowed) {
        return new EndpointRules(
                List.of(allowed),
                () -> CLUSTER,
                host -> {
                    throw new UnknownHostException(host);
                },
                proxy);
    }

    private static void isInvalidSpec(BreakwaterException e) {
        assertThat(e.reason()).isEqualTo(Reason.InvalidSpec);
    }
}
