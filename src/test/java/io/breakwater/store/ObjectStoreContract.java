package io.breakwater.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The contract of every store. Leases and seals depend on it. */
public abstract class ObjectStoreContract {
    private static final int WRITERS = 16;

    /** An empty store. */
    public abstract ObjectStore store();

    @Test
    void readsWrittenObjects() {
        Observed written = write("a/b.json", "one", Precondition.NONE).orElseThrow();

        Document read = store().read("a/b.json").orElseThrow();
        assertThat(new String(read.content(), UTF_8)).isEqualTo("one");
        assertThat(store().head("a/b.json").orElseThrow().info()).isEqualTo(read.info());
        ObjectInfo info = written.info();
        Instant modified = info.lastModified() == null ? read.info().lastModified() : info.lastModified();
        assertThat(new ObjectInfo(info.key(), info.size(), info.etag(), modified))
                .as("the answer to a write may lack the time")
                .isEqualTo(read.info());
    }

    @Test
    void returnsEmptyForMissingObjects() {
        assertThat(store().read("no")).isEmpty();
        assertThat(store().head("no/such/key")).isEmpty();
        assertThat(store().open("no", 0, -1)).isEmpty();
        store().delete("no");
    }

    @Test
    void readsObjectsUpToTheBound() throws IOException {
        put("most", ObjectStore.MAX_OBJECT);

        assertThat(store().read("most").orElseThrow().content()).hasSize(ObjectStore.MAX_OBJECT);
        write("small", "12345", Precondition.NONE);
        assertThat(store().read("small", 5).orElseThrow().content()).hasSize(5);
        write("none", "", Precondition.NONE);
        assertThat(store().read("none", 0).orElseThrow().content()).isEmpty();
    }

    @Test
    void refusesToReadObjectsOverTheBound() throws IOException {
        put("large", ObjectStore.MAX_OBJECT + 1);
        write("small", "123456", Precondition.NONE);

        refusesToRead("large", ObjectStore.MAX_OBJECT, () -> store().read("large"));
        refusesToRead("small", 5, () -> store().read("small", 5));
    }

    private static void refusesToRead(String key, int max, ThrowingCallable read) {
        assertThatThrownBy(read)
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Tampered);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining("object " + key + " has more than " + max + " bytes")
                .hasMessageContaining("delete it, or restore its earlier version");
    }

    private void put(String key, int size) throws IOException {
        try (Upload upload = store().upload(key, Precondition.NONE)) {
            upload.write(new byte[size]);
            assertThat(upload.commit()).isPresent();
        }
    }

    @Test
    void listsDirectoriesUpToTheNextSlash() {
        for (String key : List.of("a/b/c/1", "a/b/d/2", "a/bb/3", "a/4", "ab/5", "a/e/f/g/6")) {
            write(key, "x", Precondition.NONE);
        }
        store().delete("a/e/f/g/6");

        assertThat(store().directories("a/")).containsExactly("b", "bb");
        assertThat(store().directories("a/b/")).containsExactly("c", "d");
        assertThat(store().directories("none/")).isEmpty();
    }

    @Test
    void reportsTheClockOfTheStore() {
        Instant before = Instant.now();
        write("clock", "x", Precondition.NONE);
        Document read = store().read("clock").orElseThrow();

        // HTTP dates have whole seconds.
        Duration tolerance = Duration.ofMinutes(2);
        assertThat(Duration.between(before, read.storeTime()).abs()).isLessThan(tolerance);
        assertThat(read.storeTime().plusSeconds(1)).isAfterOrEqualTo(read.info().lastModified());
    }

    @Test
    void createsAnAbsentObjectOnce() {
        assertThat(write("once", "first", Precondition.ABSENT)).isPresent();
        assertThat(write("once", "second", Precondition.ABSENT)).isEmpty();
        assertThat(text("once")).isEqualTo("first");
    }

    @Test
    void replacesAVersionOnce() {
        String etag =
                write("lease", "first", Precondition.NONE).orElseThrow().info().etag();

        assertThat(write("lease", "second", new Precondition.Matches(etag))).isPresent();
        assertThat(write("lease", "third", new Precondition.Matches(etag))).isEmpty();
        assertThat(text("lease")).isEqualTo("second");
    }

    @Test
    void refusesToReplaceADeletedVersion() {
        String etag =
                write("gone", "first", Precondition.NONE).orElseThrow().info().etag();
        store().delete("gone");

        assertThat(write("gone", "second", new Precondition.Matches(etag))).isEmpty();
        assertThat(store().read("gone")).isEmpty();
    }

    @Test
    void createsANewVersionForTheSameContent() {
        String first =
                write("same", "x", Precondition.NONE).orElseThrow().info().etag();
        String second = write("same", "x", new Precondition.Matches(first))
                .orElseThrow()
                .info()
                .etag();

        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void acceptsOneOfManyConcurrentWriters() throws Exception {
        assertThat(winners(WRITERS, i -> write("race", "writer " + i, Precondition.ABSENT)))
                .isEqualTo(1);

        String etag = store().head("race").orElseThrow().info().etag();
        assertThat(winners(WRITERS, i -> write("race", "again " + i, new Precondition.Matches(etag))))
                .isEqualTo(1);
    }

    @Test
    void readsRangesOfALargeUpload() throws IOException {
        byte[] content = new byte[20 << 20];
        new Random(7).nextBytes(content);
        try (Upload upload = store().upload("data/big", Precondition.ABSENT)) {
            for (int at = 0; at < content.length; at += 100_000) {
                upload.write(content, at, Math.min(100_000, content.length - at));
            }
            assertThat(upload.commit().orElseThrow().info().size()).isEqualTo(content.length);
        }

        assertThat(bytes("data/big", 0, -1)).isEqualTo(content);
        assertThat(bytes("data/big", 5_000_000, 10)).isEqualTo(Arrays.copyOfRange(content, 5_000_000, 5_000_010));
        assertThat(bytes("data/big", content.length - 3, 100)).hasSize(3);
    }

    @Test
    void discardsUncommittedUploads() throws IOException {
        try (Upload upload = store().upload("draft", Precondition.NONE)) {
            upload.write(new byte[6 << 20]);
        }

        assertThat(store().read("draft")).isEmpty();
        assertThat(keys("")).isEmpty();
    }

    @Test
    void refusesAnUploadOverAnExistingObject() throws IOException {
        write("there", "first", Precondition.NONE);
        try (Upload upload = store().upload("there", Precondition.ABSENT)) {
            upload.write("second".getBytes(UTF_8));
            assertThat(upload.commit()).isEmpty();
        }

        assertThat(text("there")).isEqualTo("first");
    }

    @Test
    void refusesALargeUploadOverAnExistingObject() throws IOException {
        try (Upload upload = store().upload("late", Precondition.ABSENT)) {
            upload.write(new byte[11 << 20]);
            write("late", "first", Precondition.NONE);
            assertThat(upload.commit()).isEmpty();
        }

        assertThat(text("late")).isEqualTo("first");
    }

    @Test
    void replacesAMatchingVersionByALargeUpload() throws IOException {
        String etag =
                write("big", "first", Precondition.NONE).orElseThrow().info().etag();
        for (boolean expected : new boolean[] {true, false}) {
            try (Upload upload = store().upload("big", new Precondition.Matches(etag))) {
                upload.write(new byte[11 << 20]);
                assertThat(upload.commit().isPresent()).isEqualTo(expected);
            }
        }

        assertThat(store().head("big").orElseThrow().info().size()).isEqualTo(11 << 20);
    }

    @Test
    void listsObjectsByPrefix() {
        List.of("p/a/1", "p/a/2", "p/b/1", "q").forEach(k -> write(k, k, Precondition.NONE));

        assertThat(keys("p/a/")).containsExactlyInAnyOrder("p/a/1", "p/a/2");
        assertThat(keys("p/")).hasSize(3);
        assertThat(keys("")).hasSize(4);
        assertThat(keys("none/")).isEmpty();
    }

    @Test
    void throwsWhatTheCallerOfAListingThrows() {
        write("p/1", "x", Precondition.NONE);
        for (RuntimeException own : List.of(
                new IllegalStateException("not the store's fault"),
                new DateTimeException("of the caller"),
                new UncheckedIOException(new IOException("of the caller")))) {
            assertThatThrownBy(() -> store().list("p/", o -> {
                        throw own;
                    }))
                    .isSameAs(own);
        }
    }

    @Test
    void listsMoreThanOnePage() throws InterruptedException, ExecutionException {
        assertThat(winners(60, i -> write("many/" + i, "x", Precondition.NONE))).isEqualTo(60);

        assertThat(keys("many/")).hasSize(60).doesNotHaveDuplicates();
    }

    @Test
    void deletesObjects() {
        write("d", "x", Precondition.NONE);
        store().delete("d");

        assertThat(store().head("d")).isEmpty();
        assertThat(keys("")).isEmpty();
    }

    private interface Attempt {
        Optional<Observed> by(int writer);
    }

    /** The results of concurrent writers. They do not use the common pool, which the clients of the stores need. */
    private static long winners(int writers, Attempt attempt) throws InterruptedException, ExecutionException {
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Optional<Observed>>> all = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                int writer = i;
                all.add(executor.submit(() -> attempt.by(writer)));
            }
            long won = 0;
            for (Future<Optional<Observed>> f : all) {
                won += f.get().isPresent() ? 1 : 0;
            }
            return won;
        }
    }

    private Optional<Observed> write(String key, String content, Precondition precondition) {
        return store().write(key, content.getBytes(UTF_8), precondition);
    }

    private String text(String key) {
        return new String(store().read(key).orElseThrow().content(), UTF_8);
    }

    private byte[] bytes(String key, long offset, long length) throws IOException {
        try (InputStream in = store().open(key, offset, length).orElseThrow()) {
            return in.readAllBytes();
        }
    }

    private List<String> keys(String prefix) {
        List<ObjectInfo> found = new ArrayList<>();
        store().list(prefix, found::add);
        return found.stream().map(ObjectInfo::key).toList();
    }
}
