package io.breakwater.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.WebIdentity;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.CallLimit;
import io.breakwater.store.FaultyProxy;
import io.breakwater.store.FaultyProxy.Fault;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.store.ObjectStoreContract;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/** Against a real S3 server that checks signatures. */
@Tag("slow")
class S3StoreTest extends ObjectStoreContract {
    private static S3Server server;
    private static FaultyProxy front;
    private S3 spec;
    private S3Store store;

    @BeforeAll
    static void start(@TempDir Path directory) {
        server = S3Server.start(directory);
        front = new FaultyProxy(server.endpoint());
    }

    @AfterAll
    static void stop() {
        front.close();
        server.close();
    }

    @BeforeEach
    void open() {
        front.calm();
        spec = server.bucket();
        spec.endpoint = front.endpoint();
        store = S3Store.open(spec, S3Server.ID, S3Server.SECRET, null);
    }

    @Override
    public ObjectStore store() {
        return store;
    }

    @Test
    void reportsAWrongKeyAsPermanentFailure() {
        ObjectStore stranger = S3Store.open(spec, S3Server.ID, "another", null);

        assertThatThrownBy(() -> stranger.write("x", new byte[1], Precondition.NONE))
                .hasMessageContaining(spec.bucket)
                .hasMessageContaining("check key or role")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.CredentialsRejected && !e.isRetryable());
    }

    @Test
    void aMissingBucketIsNamed() {
        spec.bucket = "nowhere";
        ObjectStore nowhere = S3Store.open(spec, S3Server.ID, S3Server.SECRET, null);

        for (Runnable use : List.<Runnable>of(
                () -> nowhere.read("x"),
                () -> nowhere.write("x", new byte[1], Precondition.ABSENT),
                () -> nowhere.list("", o -> {}))) {
            assertThatThrownBy(use::run)
                    .hasMessageContaining("bucket nowhere at " + front.endpoint())
                    .hasMessageContaining("create the bucket")
                    .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                    .matches(e -> e.reason() == Reason.StoreUnavailable && !e.isRetryable());
        }
    }

    /** The answer of a proxy has no error code of S3. */
    @Test
    void reportsAnAnswer404ThatIsNotTheStoresOwnAsUnavailable() {
        store.write("x", new byte[1], Precondition.NONE);
        front.fault("GET", "/x", 1, new Fault.Answer(404, Map.of()));

        assertThatThrownBy(() -> store.read("x"))
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
        assertThat(store.read("x")).isPresent();
        assertThat(store.read("missing")).isEmpty();
    }

    @Test
    void reportsAnUnreachableStoreWithItsEndpoint() {
        spec.endpoint = "http://127.0.0.1:9";
        ObjectStore nowhere = S3Store.open(spec, S3Server.ID, S3Server.SECRET, null);

        assertThatThrownBy(() -> nowhere.read("x"))
                .hasMessageContaining("http://127.0.0.1:9")
                .hasMessageContaining("no connection")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
    }

    @Test
    void reportsAMissingWorkloadIdentityRole() {
        spec.workloadIdentity = new WebIdentity();
        spec.endpoint = null;

        assertThatThrownBy(() -> S3Store.open(spec, null, null, null))
                .hasMessageContaining("spec.s3.workloadIdentity")
                .hasMessageContaining("AWS_ROLE_ARN")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.CredentialsRejected && !e.isRetryable());
    }

    @Test
    void reportsAServerWithoutConditionalWrites() {
        front.fault("PUT", "/x", 1, new Fault.Answer(501, Map.of()));

        assertThatThrownBy(() -> store.write("x", new byte[1], Precondition.ABSENT))
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.NoConditionalWrites && !e.isRetryable());
    }

    /** The second try finds the object that the first one wrote, and must recognise it. */
    @Test
    void recognizesItsOwnWriteAfterALostAnswer() {
        front.fault("PUT", "/x", 1, new Fault.LoseAnswer());
        Observed first =
                store.write("x", "first".getBytes(UTF_8), Precondition.ABSENT).orElseThrow();
        assertThat(front.seen("PUT", "/x")).isEqualTo(2);

        front.fault("PUT", "/x", 1, new Fault.LoseAnswer());
        assertThat(store.write(
                        "x",
                        "second".getBytes(UTF_8),
                        new Precondition.Matches(first.info().etag())))
                .isPresent();
    }

    @Test
    void recognizesItsOwnLargeUploadAfterALostAnswer() throws IOException {
        front.fault("POST", "uploadId", 1, new Fault.LoseAnswer());
        try (Upload upload = store.upload("big", Precondition.ABSENT)) {
            upload.write(new byte[6 << 20]);
            assertThat(upload.commit().orElseThrow().info().size()).isEqualTo(6 << 20);
        }
    }

    @Test
    void retriesABusyServerALimitedNumberOfTimes() {
        store.write("x", new byte[1], Precondition.NONE);
        front.fault("GET", "/x", 2, new Fault.Answer(503, Map.of()));
        assertThat(store.read("x")).isPresent();

        front.calm();
        front.fault("GET", "/x", 100, new Fault.Answer(429, Map.of()));
        assertThatThrownBy(() -> store.read("x"))
                .hasMessageContaining("429")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
        assertThat(front.seen("GET", "/x")).isEqualTo(4);
    }

    @Test
    void resumesAnInterruptedRead() throws IOException {
        byte[] content = new byte[3 << 20];
        new Random(7).nextBytes(content);
        store.write("x", content, Precondition.NONE);
        front.fault("GET", "/x", 1, new Fault.CutAnswer(1 << 20));
        front.fault("GET", "/x", 1, new Fault.CutAnswer(1));

        try (InputStream in = store.open("x", 0, -1).orElseThrow()) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(front.seen("GET", "/x")).isEqualTo(3);
    }

    @Test
    void failsAReadOfAnObjectReplacedMidway() throws IOException {
        store.write("x", new byte[3 << 20], Precondition.NONE);
        front.fault("GET", "/x", 1, new Fault.CutAnswer(1 << 20));

        try (InputStream in = store.open("x", 0, -1).orElseThrow()) {
            byte[] other = new byte[3 << 20];
            other[0] = 1;
            store.write("x", other, Precondition.NONE);
            assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
        }
    }

    @Test
    void abortsUncommittedMultipartUploads() throws IOException {
        try (Upload upload = store.upload("draft", Precondition.NONE)) {
            upload.write(new byte[6 << 20]);
        }

        try (S3Client client = S3Connection.client(
                spec, S3Server.ID, S3Server.SECRET, EndpointRules.trusting(spec.endpoint), new CallLimit("test"))) {
            assertThat(client.listMultipartUploads(r -> r.bucket(spec.bucket)).uploads())
                    .isEmpty();
        }
    }

    @Test
    void deletesOldUnfinishedUploadsOfThePrefix() throws IOException {
        for (String key : List.of("east/killed", "theirs/killed")) {
            store.upload(key, Precondition.NONE).write(new byte[6 << 20]); // without a close
        }

        assertThat(store.abandonUploads("east/", Instant.now().minusSeconds(3600)))
                .isZero();
        assertThat(store.abandonUploads("east/", Instant.now().plusSeconds(3600)))
                .isEqualTo(1);
        try (S3Client client = S3Connection.client(
                spec, S3Server.ID, S3Server.SECRET, EndpointRules.trusting(spec.endpoint), new CallLimit("test"))) {
            assertThat(client.listMultipartUploads(r -> r.bucket(spec.bucket)).uploads())
                    .singleElement()
                    .satisfies(u -> assertThat(u.key()).endsWith("theirs/killed"));
        }
    }

    @Test
    void listsPagesOfAThousand() throws Exception {
        try (var executor = Executors.newFixedThreadPool(8)) {
            List<Future<Optional<Observed>>> all = new ArrayList<>();
            for (int i = 0; i < 1005; i++) {
                String key = "pages/" + i;
                all.add(executor.submit(() -> store.write(key, new byte[1], Precondition.NONE)));
            }
            for (Future<Optional<Observed>> f : all) {
                f.get();
            }
        }
        List<String> keys = new ArrayList<>();
        store.list("pages/", o -> keys.add(o.key()));

        assertThat(keys).hasSize(1005).doesNotHaveDuplicates();
        assertThat(front.seen("GET", "list-type=2")).isEqualTo(2);
    }
}
