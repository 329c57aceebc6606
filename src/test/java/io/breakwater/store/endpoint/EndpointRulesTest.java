package io.breakwater.store.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointRulesTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** The addresses of a cluster: a node, and the ranges of pods and Services. */
    private static final List<AddressRange> CLUSTER =
            List.of(AddressRange.of("172.18.0.2"), AddressRange.of("10.42.0.0/16"), AddressRange.of("10.43.0.0/16"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.8.8.8",
                "0.0.0.0",
                "169.254.169.254",
                "169.254.170.2",
                "100.100.100.200",
                "168.63.129.16",
                "192.0.0.192",
                "224.0.0.1",
                "239.1.1.1",
                "255.255.255.255",
                "172.18.0.2",
                "10.42.3.4",
                "10.43.0.1",
                "[::]",
                "[::1]",
                "[fe80::1]",
                "[fec0::1]",
                "[ff02::1]",
                "[fd00:ec2::254]",
                "[fd20:ce::254]",
                "[::ffff:127.0.0.1]",
                "[::ffff:0:127.0.0.1]",
                "[::ffff:a9fe:a9fe]",
                "[::ffff:10.43.0.1]",
                "[::127.0.0.1]",
                "[64:ff9b::169.254.169.254]",
                "[64:ff9b:1::1]",
                "[2002:7f00:1::]",
                "[2002:a9fe:a9fe::1]",
                "[2001:0:1::1]",
                "[0:0:0:0:0:0:0:1]"
            })
    void refusesReservedAddressesAndThoseOfTheCluster(String host) {
        assertThat(rules().objection("https://" + host + ":9000"))
                .hasValueSatisfying(
                        o -> assertThat(o).contains("has an address of this cluster", "store.allowedEndpoints"));
    }

    /** A listener or none: the text is the same for all ports and addresses, so it shows nothing about them. */
    @Test
    void refusesForbiddenAddressesWithOneText() throws IOException {
        try (ServerSocket open = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> texts = new ArrayList<>();
            for (String host : List.of("127.0.0.1:" + open.getLocalPort(), "127.0.0.1:1", "10.43.0.1:443")) {
                texts.add(rules().objection("https://" + host).orElseThrow());
            }
            assertThat(texts).containsOnly(texts.getFirst());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://2130706433",
                "https://0x7f000001",
                "https://0x7f.0.0.1",
                "https://0177.0.0.1",
                "https://127.1",
                "https://127.0.1",
                "https://127.0.0.1.",
                "https://localhost.",
                "https://s3.example.com.",
                "https://good.example@127.0.0.1",
                "https://u:p@s3.example.com",
                "https://s3.example.com:80@evil.example",
                "https://[fe80::1%25eth0]",
                "https://[::1",
                "https://",
                "https:///x",
                "ftp://s3.example.com",
                "HTTPS:s3.example.com",
                "https://s3_x.example.com",
                "https://s3.example.com\\@evil.example",
                "https://１２７.0.0.1",
                "https://a..b"
            })
    void refusesUrlsThatProgramsReadInDifferentWays(String endpoint) {
        assertThat(rules().objection(endpoint)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://s3.example.com",
                "https://S3.example.com:9000/",
                "https://10.1.2.3:9000",
                "https://192.168.1.9",
                "https://[2a00::1]:443",
                "https://[fd12::1]",
                "https://store/account",
                "https://east.blob.core.windows.net",
                "https://s3.eu-central-1.amazonaws.com"
            })
    void allowsOtherServersWithoutAList(String endpoint) {
        assertThat(rules().objection(endpoint)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        https://minio.minio.svc:9000           | true
        http://minio.minio.svc:9000            | true
        https://x.minio.minio.svc              | false
        https://minio.minio.svc.evil.example   | false
        https://a.s3.example.com               | true
        https://s3.example.com                 | false
        https://evils3.example.com             | false
        http://a.s3.example.com                | false
        http://172.18.0.9:10000/east           | true
        http://172.18.0.2:10250                | false
        https://172.18.0.2:10250               | false
        https://172.19.0.9                     | false
        http://10.42.0.7:9000                  | true
        http://10.42.0.8:9000                  | false
        https://any.example.com                | false
        https://east.blob.core.windows.net     | true
        http://east.blob.core.windows.net      | false
        https://s3.cn-north-1.amazonaws.com.cn | true
        """)
    void aListAllowsItsHostsAndThoseOfClouds(String endpoint, boolean isAllowed) {
        EndpointRules listed = new EndpointRules(
                List.of("minio.minio.svc", "*.s3.example.com", "172.18.0.0/16", "10.42.0.7"),
                () -> CLUSTER,
                InetAddress::getAllByName);
        assertThat(listed.objection(endpoint).isEmpty()).as(endpoint).isEqualTo(isAllowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "https://x", "a..b", "*.*.example", "10.0.0.0/33", "10.0/8", "2130706433", "x.*"})
    void refusesInvalidEntriesOfTheList(String entry) {
        assertThatThrownBy(() -> new EndpointRules(List.of(entry), List::of, InetAddress::getAllByName))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(entry);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        AZURE | https://east.blob.core.windows.net              | true
        AZURE | https://EAST.blob.core.windows.net/             | true
        AZURE | https://east.z12.blob.storage.azure.net         | true
        AZURE | https://east.blob.core.chinacloudapi.cn         | true
        AZURE | https://east.blob.core.usgovcloudapi.net        | true
        AZURE | http://east.blob.core.windows.net               | false
        AZURE | https://blob.core.windows.net.evil.example      | false
        AZURE | https://evilblob.core.windows.net               | false
        AZURE | https://east.blob.core.windows.net@evil.example | false
        AZURE | https://evil.example/east.blob.core.windows.net | false
        AZURE | https://east.blob.core.windows.net.             | false
        AZURE | https://s3.eu-central-1.amazonaws.com           | false
        AZURE | https://evil.example                            | false
        AWS   | https://s3.eu-central-1.amazonaws.com           | true
        AWS   | https://bucket.s3.amazonaws.com                 | true
        AWS   | https://s3-us-west-2.amazonaws.com              | true
        AWS   | https://s3.dualstack.us-east-1.amazonaws.com    | true
        AWS   | https://s3.cn-north-1.amazonaws.com.cn          | true
        AWS   | https://s3-fips.us-gov-west-1.amazonaws.com     | true
        AWS   | https://x.execute-api.us-east-1.amazonaws.com   | false
        AWS   | https://s3.execute-api.us-east-1.amazonaws.com  | false
        AWS   | https://ec2-1-2-3-4.compute-1.amazonaws.com     | false
        AWS   | https://evils3.amazonaws.com                    | false
        AWS   | https://s3.amazonaws.com.evil.example           | false
        AWS   | https://s3.evilamazonaws.com                    | false
        AWS   | http://s3.eu-central-1.amazonaws.com            | false
        """)
    void sendsTheOwnIdentityOnlyToTheCloudThatIssuedIt(CloudNames cloud, String endpoint, boolean isOwn) {
        assertThat(EndpointRules.identityObjection(cloud, endpoint).isEmpty())
                .as(endpoint)
                .isEqualTo(isOwn);
    }

    @Test
    void refusesANameWithOneForbiddenAddressOfTwo() throws IOException {
        for (String forbidden : List.of("127.0.0.1", "::1", "10.43.0.1", "169.254.169.254")) {
            InetAddress[] both = {InetAddress.getByName("198.51.100.7"), InetAddress.getByName(forbidden)};
            EndpointRules rules = new EndpointRules(List.of(), () -> CLUSTER, host -> both);
            assertRefused(rules, "https://s3.example.com");
        }
    }

    /** The name has a public address when the location is checked, and a loopback address when it is used. */
    @Test
    void checksTheAddressesOfEachConnection() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(200);
            Iterator<String> answers = List.of("198.51.100.7", "127.0.0.1").iterator();
            EndpointRules rules = new EndpointRules(
                    List.of(), List::of, host -> new InetAddress[] {InetAddress.getByName(answers.next())});
            rules.check("https://s3.example.com");
            assertThat(rules.addresses("s3.example.com")).hasSize(1);
            assertRefused(rules, "https://s3.example.com:" + server.getLocalPort());
            assertThatThrownBy(server::accept).as("connection").isInstanceOf(SocketTimeoutException.class);
        }
    }

    /** The second question of a connection would be one of the JDK; its answer must not count. */
    @Test
    void connectsToTheAddressThatItChecked() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            AtomicInteger questions = new AtomicInteger();
            EndpointRules rules = new EndpointRules(List.of("s3.example.com"), List::of, host -> {
                questions.incrementAndGet();
                return new InetAddress[] {InetAddress.getLoopbackAddress()};
            });
            HttpURLConnection connection =
                    rules.open(URI.create("https://s3.example.com:" + server.getLocalPort()), TIMEOUT);
            Thread.ofVirtual().start(() -> {
                try {
                    server.accept().close(); // this server speaks no TLS
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThatThrownBy(connection::getResponseCode)
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(UnknownHostException.class);
            assertThat(questions).hasValueGreaterThan(0);
        }
    }

    @Test
    void followsNoRedirect() throws IOException {
        AtomicInteger elsewhere = new AtomicInteger();
        HttpServer target = serve(i -> elsewhere.incrementAndGet(), 200, null);
        HttpServer server =
                serve(i -> {}, 307, "http://127.0.0.1:" + target.getAddress().getPort() + "/loot");
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
            HttpURLConnection connection =
                    EndpointRules.trusting(endpoint).open(URI.create(endpoint + "/bucket"), TIMEOUT);
            assertThat(connection.getResponseCode()).isEqualTo(307);
            assertThat(elsewhere).hasValue(0);
        } finally {
            server.stop(0);
            target.stop(0);
        }
    }

    private static HttpServer serve(IntConsumer each, int status, String location) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            each.accept(status);
            if (location != null) {
                exchange.getResponseHeaders().add("Location", location);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static void assertRefused(EndpointRules rules, String endpoint) throws IOException {
        HttpURLConnection connection = rules.open(URI.create(endpoint), TIMEOUT);
        assertThatThrownBy(connection::getResponseCode)
                .rootCause()
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("was not connected");
    }

    private static EndpointRules rules() {
        return new EndpointRules(List.of(), () -> CLUSTER, host -> {
            throw new AssertionError("no name is resolved here: " + Arrays.asList(host));
        });
    }
}
