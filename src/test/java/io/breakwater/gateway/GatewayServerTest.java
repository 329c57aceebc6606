package io.breakwater.gateway;

import static io.breakwater.gateway.TestGateway.authorization;
import static io.breakwater.gateway.TestGateway.sha;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.Quota;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gateway as movers see it: real TLS, real HTTP, a real directory. Only the API server is simulated. */
class GatewayServerTest {
    private static final byte[] PACK = "pack".getBytes(UTF_8);
    private static final byte[] OTHER = "another pack".getBytes(UTF_8);

    /** More than a connection buffers while the server does not read. */
    private static final byte[] LARGE = new byte[8 << 20];

    @TempDir
    private Path root;

    private BackupLocation plans;
    private TestGateway gateway;
    private ObjectStore store;

    @BeforeEach
    void start() throws Exception {
        gateway = new TestGateway(root, Map.of());
        store = gateway.store(gateway.directory("disk"));
        plans = gateway.directory("rendezvous");
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void aPackIsWrittenReadAndListed() throws Exception {
        assertThat(post(Mode.APPEND, "data/" + sha(PACK), PACK).statusCode()).isEqualTo(200);

        assertThat(get(Mode.READ, "data/" + sha(PACK)).body()).isEqualTo("pack");
        assertThat(get(Mode.READ, "data/").body()).isEqualTo("[{\"name\":\"" + sha(PACK) + "\",\"size\":4}]");
        String key =
                TestRegister.of("east", "shop").prefix() + "data/" + sha(PACK).substring(0, 2) + "/" + sha(PACK);
        assertThat(store.read(key)).isPresent();
    }

    @Test
    void refusesOnlyAppendedPacksOverQuota() throws Exception {
        quota("6");
        assertThat(post(Mode.APPEND, "data/" + sha(PACK), PACK).statusCode()).isEqualTo(200);
        assertThat(post(Mode.APPEND, "data/" + sha(LARGE), LARGE).statusCode())
                .as("a pack that starts while there is room")
                .isEqualTo(200);
        HttpResponse<String> refused = post(Mode.APPEND, "data/" + sha(OTHER), OTHER);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).startsWith("QuotaExceeded: namespace shop uses");
        assertThat(get(Mode.READ, "data/" + sha(OTHER)).statusCode()).isEqualTo(404);

        assertThat(get(Mode.READ, "data/" + sha(LARGE)).statusCode()).isEqualTo(200);
        for (String type : List.of("locks", "index", "snapshots", "keys")) {
            assertThat(post(Mode.APPEND, type + "/" + sha(PACK), PACK).statusCode())
                    .as(type)
                    .isEqualTo(200);
        }
        assertThat(post(Mode.MAINTAIN, "data/" + sha(OTHER), OTHER).statusCode())
                .as("a prune needs room to free some")
                .isEqualTo(200);
        assertThat(delete(Mode.MAINTAIN, "data/" + sha(LARGE))).isEqualTo(200);
    }

    @Tag("slow")
    @Test
    void acceptsPacksWithARaisedQuotaOrAnUnlimitedTicket() throws Exception {
        quota("4");
        post(Mode.APPEND, "data/" + sha(PACK), PACK);
        assertThat(post(Mode.APPEND, "data/" + sha(OTHER), OTHER).statusCode()).isEqualTo(403);
        Ticket unlimited = gateway.draft("disk", Mode.APPEND).unlimited(true).build();
        assertThat(send(gateway.request("disk", gateway.tickets.sign(unlimited), "data/" + sha(OTHER))
                                .POST(BodyPublishers.ofByteArray(OTHER)))
                        .statusCode())
                .isEqualTo(200);
        assertThat(post(Mode.APPEND, "data/" + sha(LARGE), LARGE).statusCode()).isEqualTo(403);

        quota("1Ki");
        await().atMost(Duration.ofSeconds(20))
                .until(() -> post(Mode.APPEND, "data/" + sha(LARGE), LARGE).statusCode() == 200);
    }

    private void quota(String size) {
        BackupLocation location = gateway.location("disk");
        location.getSpec().quota = new Quota();
        location.getSpec().quota.perNamespace = size;
        gateway.update(location);
    }

    @Test
    void servesByteRanges() throws Exception {
        post(Mode.APPEND, "data/" + sha(PACK), PACK);

        HttpResponse<String> part = send(request(Mode.READ, "data/" + sha(PACK)).header("Range", "bytes=1-2"));
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("ac");
        assertThat(part.headers().firstValue("Content-Range")).contains("bytes 1-2/4");
        assertThat(send(request(Mode.READ, "data/" + sha(PACK)).header("Range", "bytes=2-"))
                        .body())
                .isEqualTo("ck");
        assertThat(send(request(Mode.READ, "data/" + sha(PACK)).header("Range", "bytes=4-"))
                        .statusCode())
                .isEqualTo(416);
    }

    @Test
    void answersHeadWithTheSize() throws Exception {
        post(Mode.APPEND, "data/" + sha(PACK), PACK);

        HttpResponse<String> there =
                send(request(Mode.READ, "data/" + sha(PACK)).method("HEAD", BodyPublishers.noBody()));
        assertThat(there.statusCode()).isEqualTo(200);
        assertThat(there.headers().firstValue("Content-Length")).contains("4");
        assertThat(send(request(Mode.READ, "config").method("HEAD", BodyPublishers.noBody()))
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void refusesContentThatDoesNotMatchItsName() throws Exception {
        assertThat(post(Mode.APPEND, "data/" + "ab".repeat(32), PACK).statusCode())
                .isEqualTo(400);
        assertThat(get(Mode.READ, "data/").body()).isEqualTo("[]");
    }

    @Test
    void acceptsARepeatedUpload() throws Exception {
        post(Mode.APPEND, "data/" + sha(PACK), PACK);
        assertThat(post(Mode.APPEND, "data/" + sha(PACK), PACK).statusCode()).isEqualTo(200);
    }

    @Test
    void aConfigIsNeverReplaced() throws Exception {
        assertThat(post(Mode.APPEND, "config", PACK).statusCode()).isEqualTo(200);
        assertThat(post(Mode.MAINTAIN, "config", "other".getBytes(UTF_8)).statusCode())
                .isEqualTo(403);
        assertThat(get(Mode.READ, "config").body()).isEqualTo("pack");
    }

    @Test
    void discardsInterruptedUploads() throws Exception {
        String head = "POST /sys/disk/" + TestRegister.SHOP_ID
                + "/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n" + "Authorization: "
                + authorization(ticket(Mode.APPEND, null), "good") + "\r\n\r\nhalf";
        try (Socket socket = gateway.http.sslContext().getSocketFactory().createSocket("localhost", gateway.port())) {
            socket.getOutputStream().write(head.getBytes(UTF_8));
            socket.getOutputStream().flush();
        }
        Thread.sleep(300); // so that the server sees the end of the connection

        assertThat(get(Mode.READ, "config").statusCode()).isEqualTo(404);
    }

    @Test
    void readersWriteAndDeleteNothing() throws Exception {
        byte[] lock = "lock".getBytes(UTF_8);
        assertThat(post(Mode.READ, "data/" + sha(PACK), PACK).statusCode()).isEqualTo(403);
        assertThat(post(Mode.READ, "locks/" + sha(lock), lock).statusCode()).isEqualTo(403);
        assertThat(post(Mode.APPEND, "locks/" + sha(lock), lock).statusCode()).isEqualTo(200);
        assertThat(delete(Mode.READ, "locks/" + sha(lock))).isEqualTo(403);
        assertThat(delete(Mode.APPEND, "locks/" + sha(lock))).isEqualTo(200);
    }

    @Test
    void refusesTicketsWithoutTheirJob() throws Exception {
        String of = ticket(Mode.READ, null);
        Ticket.Owner earlier = new Ticket.Owner(Ticket.Owner.JOB, "shop", "mover", "uid of an earlier Job");
        Ticket.Owner unknown =
                new Ticket.Owner("Deployment", "shop", "mover", gateway.owner().uid());

        assertThat(with(authorization(of, "good"))).isEqualTo(200);
        assertThat(with(authorization(of, "stray"))).as("a pod of no Job").isEqualTo(403);
        for (Ticket.Owner owner : Arrays.asList(earlier, unknown, null)) {
            String ticket = gateway.tickets.sign(
                    gateway.draft("disk", Mode.READ).owner(owner).build());
            assertThat(with(authorization(ticket, "good"))).as("%s", owner).isEqualTo(403);
        }
    }

    @Test
    void refusesTicketsOfADeletedJob() throws Exception {
        gateway.deleteJob();

        assertThat(with(authorization(ticket(Mode.READ, null), "good"))).isEqualTo(403);
    }

    /** restic deletes its lock when the operator stops a prune for a capture. */
    @Test
    void deletesLocksButNoDataForAPodOfADeletedJob() throws Exception {
        String lock = "locks/" + sha(OTHER);
        store.write(TestRegister.SHOP + lock, OTHER, Precondition.ABSENT);
        gateway.deleteJob();

        assertThat(delete(Mode.MAINTAIN, "data/" + sha(PACK))).isEqualTo(403);
        assertThat(post(Mode.MAINTAIN, lock, OTHER).statusCode()).isEqualTo(403);
        assertThat(delete(Mode.MAINTAIN, lock)).isEqualTo(200);
        assertThat(store.head(TestRegister.SHOP + lock)).isEmpty();
    }

    @Test
    void refusesWritesToReadOnlyLocations() throws Exception {
        byte[] lock = "lock".getBytes(UTF_8);
        post(Mode.APPEND, "data/" + sha(PACK), PACK);
        BackupLocationSpec spec = new BackupLocationSpec();
        spec.filesystem = new BackupLocationSpec.Filesystem();
        spec.filesystem.path = "disk";
        spec.accessMode = AccessMode.ReadOnly;
        gateway.location("borrowed", spec);

        assertThat(gateway.get("borrowed", Mode.READ, "data/" + sha(PACK)).body())
                .isEqualTo("pack");
        HttpResponse<String> refused = gateway.post("borrowed", Mode.APPEND, "locks/" + sha(lock), lock);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("BackupLocation borrowed has accessMode ReadOnly");
        String pack = "data/" + sha(PACK);
        assertThat(send(gateway.request("borrowed", gateway.ticket("borrowed", Mode.MAINTAIN, null), pack)
                                .DELETE())
                        .statusCode())
                .isEqualTo(403);
        assertThat(get(Mode.READ, "locks/").body()).isEqualTo("[]");
    }

    @Test
    void onlyMaintainersDelete() throws Exception {
        post(Mode.APPEND, "data/" + sha(PACK), PACK);
        assertThat(delete(Mode.READ, "data/" + sha(PACK))).isEqualTo(403);
        assertThat(delete(Mode.APPEND, "data/" + sha(PACK))).isEqualTo(403);
        assertThat(get(Mode.READ, "data/" + sha(PACK)).statusCode()).isEqualTo(200);
        assertThat(delete(Mode.MAINTAIN, "data/" + sha(PACK))).isEqualTo(200);
        assertThat(get(Mode.READ, "data/").body()).doesNotContain(sha(PACK));
    }

    @Test
    void readsDeletedPacksByNameAndRevivesThemOnWrite() throws Exception {
        post(Mode.APPEND, "data/" + sha(PACK), PACK);
        delete(Mode.MAINTAIN, "data/" + sha(PACK));
        assertThat(get(Mode.READ, "data/" + sha(PACK)).statusCode()).isEqualTo(200);

        assertThat(post(Mode.APPEND, "data/" + sha(PACK), PACK).statusCode()).isEqualTo(200);
        assertThat(get(Mode.READ, "data/").body()).contains(sha(PACK));
    }

    @Test
    void requiresAValidTicketAndToken() throws Exception {
        String good = ticket(Mode.READ, null);
        assertThat(with(null)).isEqualTo(401);
        assertThat(with(authorization(good, "bad"))).isEqualTo(401);
        assertThat(with(authorization(good.substring(0, good.length() - 2) + "xx", "good")))
                .isEqualTo(401);
        assertThat(with(authorization("", "good"))).isEqualTo(401);
        assertThat(with("Bearer good")).isEqualTo(401);
        assertThat(with(authorization(good, "good"))).isEqualTo(200);
    }

    @Tag("slow")
    @Test
    void closesARefusedRequestWhoseBodyDoesNotCome() throws Exception {
        try (Socket socket = gateway.connect()) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void countsNoWordOfAStranger() throws Exception {
        for (String method : List.of("X001", "X002", "BREW")) {
            gateway.send(HttpRequest.newBuilder(gateway.uri("/" + method)).method(method, BodyPublishers.noBody()));
        }

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(gateway.metrics.getMeters().stream()
                                .map(m -> m.getId().getTag("method"))
                                .filter(Objects::nonNull))
                        .containsExactly("other"));
    }

    @Test
    void closesTheConnectionOfAStranger() throws Exception {
        try (Socket socket = gateway.connect()) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                    .as("the answer, and then the end of the connection")
                    .startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void limitsTheConnectionsOfAnAddress() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < GatewayServer.MOST_OF_SOURCE; i++) {
                Socket socket = new Socket("localhost", gateway.port());
                socket.getOutputStream().write(0x16); // the first byte of a handshake
                slow.add(socket);
            }
            await().atMost(Duration.ofSeconds(10)).until(() -> !isServed());
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        await().atMost(Duration.ofSeconds(10)).until(this::isServed);
    }

    private boolean isServed() throws Exception {
        try (Socket socket = gateway.connect()) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().read() >= 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void speaksOnlyTls13() throws Exception {
        try (SSLSocket socket = (SSLSocket) gateway.connect()) {
            socket.startHandshake();
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
        try (SSLSocket socket = (SSLSocket) gateway.connect()) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
        }
    }

    @Test
    void refusesForeignAndExpiredTickets() throws Exception {
        Ticket another = gateway.draft("disk", Mode.READ)
                .holder("system:serviceaccount:bank:x")
                .build();
        Ticket old = gateway.draft("disk", Mode.READ)
                .expires(Instant.now().minusSeconds(1))
                .build();

        assertThat(with(authorization(gateway.tickets.sign(another), "good"))).isEqualTo(401);
        assertThat(with(authorization(gateway.tickets.sign(old), "good"))).isEqualTo(401);
    }

    @Test
    void anotherRepositoryIsForbidden() throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.uri("/sys/disk/" + "0".repeat(32) + "/config"))
                .header("Authorization", authorization(ticket(Mode.MAINTAIN, null), "good"));

        assertThat(send(request).statusCode()).isEqualTo(403);
    }

    @Test
    void refusesWritesOfAStaleEpoch() throws Exception {
        ObjectStore rendezvous = gateway.stores().open(plans);
        rendezvous.writeSigned(
                "breakwater/plans/shop/plan/lease.json", 5, "{\"epoch\":5}".getBytes(UTF_8), Precondition.NONE);
        Ticket.Fence before = new Ticket.Fence("sys", "rendezvous", "shop", "plan", 4);
        Ticket.Fence now = new Ticket.Fence("sys", "rendezvous", "shop", "plan", 5);

        HttpResponse<String> refused =
                send(request(ticket(Mode.APPEND, before), "data/" + sha(PACK)).POST(BodyPublishers.ofByteArray(PACK)));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("LeaseLost").contains("epoch 5");
        assertThat(send(request(ticket(Mode.APPEND, now), "data/" + sha(PACK)).POST(BodyPublishers.ofByteArray(PACK)))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void refusesWritesWhenTheLeaseIsUnreadable() throws Exception {
        Ticket.Fence unknown = new Ticket.Fence("sys", "no-such-location", "shop", "plan", 4);

        assertThat(send(request(ticket(Mode.APPEND, unknown), "data/" + sha(PACK))
                                .POST(BodyPublishers.ofByteArray(PACK)))
                        .statusCode())
                .isEqualTo(502);
        assertThat(get(Mode.READ, "data/").body()).isEqualTo("[]");
    }

    @Test
    void acceptsRepositoryCreationRequests() throws Exception {
        assertThat(send(request(Mode.APPEND, "?create=true").POST(BodyPublishers.noBody()))
                        .statusCode())
                .isEqualTo(200);
    }

    private String ticket(Mode mode, Ticket.Fence fence) {
        return gateway.ticket("disk", mode, fence);
    }

    private int with(String authorization) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(gateway.uri("/sys/disk/" + TestRegister.SHOP_ID + "/keys/"));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        return gateway.send(request).statusCode();
    }

    private HttpRequest.Builder request(Mode mode, String path) {
        return request(ticket(mode, null), path);
    }

    private HttpRequest.Builder request(String ticket, String path) {
        return gateway.request("disk", ticket, path);
    }

    private HttpResponse<String> get(Mode mode, String path) throws Exception {
        return gateway.get("disk", mode, path);
    }

    private HttpResponse<String> post(Mode mode, String path, byte[] content) throws Exception {
        return gateway.post("disk", mode, path, content);
    }

    private int delete(Mode mode, String path) throws Exception {
        return send(request(mode, path).DELETE()).statusCode();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return gateway.send(request);
    }
}
