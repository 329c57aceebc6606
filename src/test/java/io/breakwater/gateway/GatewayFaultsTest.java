package io.breakwater.gateway;

import static io.breakwater.gateway.TestGateway.authorization;
import static io.breakwater.gateway.TestGateway.sha;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.location.TestRegister;
import io.breakwater.store.FaultyProxy;
import io.breakwater.store.FaultyProxy.Fault;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.s3.S3Server;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The answers of the gateway to movers when the store or its connection fails. */
@Tag("slow")
@Timeout(60)
class GatewayFaultsTest {
    private static final byte[] PACK = "pack".getBytes(UTF_8);
    private static final int UPLOADS = 2;

    private static S3Server server;
    private static FaultyProxy front;
    private TestGateway gateway;
    private ObjectStore store;

    @BeforeAll
    static void serve(@TempDir Path directory) {
        server = S3Server.start(directory);
    }

    @AfterAll
    static void end() {
        server.close();
    }

    @BeforeEach
    void start(@TempDir Path root) throws Exception {
        front = new FaultyProxy(server.endpoint());
        var bucket = server.bucket();
        bucket.endpoint = front.endpoint();
        gateway = new TestGateway(
                root,
                Map.of("breakwater.gateway.uploads", Integer.toString(UPLOADS), "breakwater.gateway.patience", "5S"));
        store = gateway.store(gateway.bucket("bucket", bucket));
    }

    @AfterEach
    void stop() {
        front.close();
        gateway.close();
    }

    /** An incomplete listing makes restic delete data that the missing objects need. */
    @Test
    void failsAnInterruptedListing() throws Exception {
        try (var executor = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 1001; i++) {
                String key = TestRegister.of("east", "shop").prefix() + "index/%064x".formatted(i);
                executor.submit(() -> store.write(key, new byte[1], Precondition.NONE));
            }
        }
        assertThat(get("index/").body()).startsWith("[").endsWith("]");

        front.fault("GET", "continuation-token", 100, new Fault.Answer(500, Map.of()));
        String body;
        try {
            body = get("index/").body();
        } catch (IOException e) {
            return;
        }
        assertThat(body).doesNotEndWith("]");
    }

    @Test
    void discardsInterruptedUploads() throws Exception {
        String head = "POST /sys/bucket/" + TestRegister.SHOP_ID
                + "/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12000000\r\n" + "Authorization: "
                + authorization(gateway.ticket("bucket", Mode.APPEND, null), "good") + "\r\n\r\n";
        try (Socket socket = gateway.http.sslContext().getSocketFactory().createSocket("localhost", gateway.port())) {
            socket.getOutputStream().write(head.getBytes(UTF_8));
            socket.getOutputStream().write(new byte[11_000_000]);
            socket.getOutputStream().flush();
        }
        await().until(() -> front.seen("DELETE", "uploadId") > 0);

        assertThat(get("config").statusCode()).isEqualTo(404);
        assertThat(front.seen("POST", "uploads")).isEqualTo(1);
    }

    @Test
    void retriesWhenTheStoreIsBrieflyBusy() throws Exception {
        front.fault("PUT", sha(PACK), 2, new Fault.Answer(503, Map.of("Retry-After", "1")));
        assertThat(post(PACK).statusCode()).isEqualTo(200);
        front.fault("GET", sha(PACK), 1, new Fault.CutAnswer(2));
        assertThat(get("data/" + sha(PACK)).body()).isEqualTo("pack");
    }

    @Test
    void answersServiceUnavailableWithRetryAfterWhenBusy() throws Exception {
        for (int code : new int[] {429, 500, 503}) {
            front.calm();
            front.fault("PUT", sha(PACK), 1000, new Fault.Answer(code, Map.of()));
            front.fault("HEAD", sha(PACK), 1000, new Fault.Answer(code, Map.of()));

            for (HttpResponse<String> answer : List.of(post(PACK), get("data/" + sha(PACK)))) {
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).contains("2");
                assertThat(answer.body()).contains("StoreUnavailable").contains(Integer.toString(code));
            }
            assertThat(front.seen("PUT", sha(PACK))).isLessThanOrEqualTo(4);
        }
        front.calm();
        assertThat(get("data/" + sha(PACK)).statusCode()).isEqualTo(404);
    }

    @Test
    void timesOutWhenTheStoreHangs() throws Exception {
        front.fault("", "", 1000, new Fault.Hang());
        Instant begin = Instant.now();
        try (var executor = Executors.newFixedThreadPool(6)) {
            List<Future<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < UPLOADS; i++) {
                answers.add(executor.submit(() -> post(PACK)));
                answers.add(executor.submit(() -> get("data/" + sha(PACK))));
                answers.add(executor.submit(() -> get("index/")));
            }
            for (Future<HttpResponse<String>> answer : answers) {
                assertThat(answer.get().statusCode()).isEqualTo(503);
            }
        }
        assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(40));

        front.calm();
        assertThat(post(PACK).statusCode()).isEqualTo(200);
    }

    @Test
    void limitsConcurrentUploads() throws Exception {
        try (var executor = Executors.newFixedThreadPool(6)) {
            List<Future<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                byte[] pack = new byte[6 << 20];
                new Random(i).nextBytes(pack);
                answers.add(executor.submit(() -> {
                    // As restic does after this answer.
                    HttpResponse<String> answer = post(pack);
                    while (answer.statusCode() == 503) {
                        answer = post(pack);
                    }
                    return answer;
                }));
            }
            for (Future<HttpResponse<String>> answer : answers) {
                assertThat(answer.get().statusCode()).isEqualTo(200);
            }
        }
        assertThat(front.peak("PUT")).isBetween(1, UPLOADS);
    }

    /** Otherwise a few stalled movers would block the uploads of all others. */
    @Test
    void dropsStalledUploads() throws Exception {
        String head = "POST /sys/bucket/" + TestRegister.SHOP_ID
                + "/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                + "Authorization: " + authorization(gateway.ticket("bucket", Mode.APPEND, null), "good")
                + "\r\n\r\nhalf";
        List<Socket> stalled = new ArrayList<>();
        for (int i = 0; i < UPLOADS; i++) {
            Socket socket = gateway.http.sslContext().getSocketFactory().createSocket("localhost", gateway.port());
            socket.getOutputStream().write(head.getBytes(UTF_8));
            socket.getOutputStream().flush();
            stalled.add(socket);
        }
        Thread.sleep(300); // so that they are first

        Instant begin = Instant.now();
        assertThat(post(PACK).statusCode()).isEqualTo(200);
        assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(20));
        for (Socket socket : stalled) {
            socket.close();
        }
    }

    private HttpResponse<String> get(String path) throws Exception {
        return gateway.get("bucket", Mode.READ, path);
    }

    private HttpResponse<String> post(byte[] pack) throws Exception {
        return gateway.post("bucket", Mode.APPEND, "data/" + sha(pack), pack);
    }
}
