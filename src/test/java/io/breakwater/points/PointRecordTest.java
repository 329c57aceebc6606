package io.breakwater.points;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.PointLock;
import io.breakwater.api.RestorePoint;
import io.breakwater.points.PackedTexts.Packer;
import io.breakwater.points.PackedTexts.Unpacker;
import io.breakwater.testing.ChildClasspath;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A record answers like the complete object, and is small. */
class PointRecordTest {
    private static final int POINTS = 20_000;

    @Test
    void answersLikeTheCompleteObject() {
        LongStream.range(0, 300).forEach(seed -> {
            List<RestorePoint> points = new RandomPoints(seed).some();
            PointSource source = TestIndex.of(points);
            for (RestorePoint whole : points) {
                RestorePoint slim =
                        source.find("shop", whole.getMetadata().getName()).orElseThrow();
                assertThat(answers(slim)).as("seed %d", seed).isEqualTo(answers(whole));
            }
            assertThat(source.in("shop")).hasSameSizeAs(points);
        });
    }

    /** Very many events can wait in memory, so the object of each has only what the handlers of an informer read. */
    @Test
    void shortensTheObjectsOfEvents() {
        List<RestorePoint> points = LongStream.range(0, 100)
                .boxed()
                .flatMap(seed -> new RandomPoints(seed).some().stream())
                .toList();
        PointStore store = new PointStore();
        for (RestorePoint point : points) {
            boolean needsWork = RestorePoint.needsWork(point);
            List<String> finalizers = point.getMetadata().getFinalizers();
            point.getMetadata().setManagedFields(List.of(new ManagedFieldsEntry()));

            store.put(store.getKey(point), point);

            assertThat(RestorePoint.needsWork(point)).isEqualTo(needsWork);
            assertThat(point.getMetadata().getFinalizers()).isEqualTo(finalizers);
            assertThat(point.getMetadata().getManagedFields()).isNullOrEmpty();
            if (!needsWork) {
                assertThat(point.getStatus()).isNull();
                assertThat(point.getMetadata().getLabels()).isNullOrEmpty();
            }
        }
        assertThat(points.stream()
                        .filter(p -> !RestorePoint.needsWork(p))
                        .map(p -> System.identityHashCode(p.getSpec()))
                        .distinct())
                .as("one specification for all points without work")
                .hasSize(1);
    }

    /** The informer has all of them in memory at the same time, after each list. */
    @Test
    void informerGetsNamesOnly() {
        PointStore store = new PointStore();
        List<RestorePoint> points = new RandomPoints(1).some();
        List<String> keys = points.stream().map(store::getKey).toList();
        points.forEach(point -> store.put(store.getKey(point), point));
        store.markListed();

        assertThat(store.values())
                .allSatisfy(point -> assertThat(point.getMetadata().getUid()).isNull())
                .allSatisfy(point -> assertThat(point.getSpec()).isNull())
                .allSatisfy(
                        point -> assertThat(point.getMetadata().getFinalizers()).isNull())
                .extracting(store::getKey)
                .containsExactlyInAnyOrderElementsOf(keys);
    }

    /** Then the events of all points wait in memory. Nothing that was listed for the first time can be gone. */
    @Test
    void informerGetsNoNamesAfterTheFirstList() {
        PointStore store = new PointStore();
        new RandomPoints(1).some().forEach(point -> store.put(store.getKey(point), point));

        assertThat(store.values()).isEmpty();
        store.markListed();
        assertThat(store.values()).hasSize(store.size());
    }

    @Test
    void informerGetsAllNamesAfterAFirstListThatWasStartedAgain() {
        PointStore store = new PointStore();
        List<RestorePoint> points = new RandomPoints(1).some();
        points.forEach(point -> store.put(store.getKey(point), point));
        store.put(store.getKey(points.getFirst()), points.getFirst());

        assertThat(store.values()).hasSize(store.size());
    }

    private static List<Object> answers(RestorePoint p) {
        return Arrays.asList(
                p.getMetadata().getUid(),
                p.getMetadata().getResourceVersion(),
                p.getMetadata().getGeneration(),
                p.getMetadata().getCreationTimestamp(),
                p.getMetadata().getDeletionTimestamp(),
                p.getMetadata().getFinalizers(),
                p.getMetadata().getLabels().get(Api.POLICY),
                p.getMetadata().getLabels().get(Api.PLAN),
                p.isSealed(),
                p.isOver(),
                p.hasFailed(),
                p.isTidying(),
                RestorePoint.needsWork(p),
                PointLock.of(p, PointLock.until(p, null), Instant.parse("2026-11-15T00:00:00Z")),
                p.getSpec().hold,
                p.getSpec().deletionPolicy,
                p.getStatus() == null
                        ? null
                        : Arrays.asList(
                                p.getStatus().epoch,
                                p.getStatus().digest,
                                p.getStatus().sequence,
                                p.getStatus().storeTime,
                                p.cause(),
                                p.getStatus().copies == null
                                        ? null
                                        : p.getStatus().copies.stream()
                                                .map(c -> c.location + c.state + c.message)
                                                .toList()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "ab",
                "AB",
                "abc",
                "0123456789abcdef",
                "grüße",
                "00000000-0000-0000-0000-00000000000g",
                "1-2-3-4-5",
                "9F8E7D6C-0000-4000-8000-000000000001",
                "9f8e7d6c-0000-4000-8000-000000000001",
                "2026-11-30T10:00:00Z",
                "2026-11-30T24:00:00Z",
                "2016-12-31T23:59:60Z",
                "2026-11-30t10:00:00z",
                "2026-13-30T10:00:00Z",
                "2026-11-30T10:00:00.5Z",
                "2026-11-30T10:00+00Z",
                "1969-12-31T23:59:59Z",
                "1970-01-01T00:00:00Z",
                "2106-02-07T06:28:15Z",
                "2106-02-07T06:28:16Z"
            })
    void readsEachTextAsItWasWritten(String text) {
        byte[] bytes = new Packer()
                .add(text)
                .add(300)
                .add((String) null)
                .add(text.repeat(200))
                .add(0)
                .bytes();
        Unpacker read = new Unpacker(bytes);
        assertThat(Objects.requireNonNull(read.text())).isEqualTo(text);
        assertThat(read.number()).isEqualTo(300);
        assertThat(read.text()).isNull();
        assertThat(read.text()).isEqualTo(text.repeat(200));
        assertThat(read.number()).isZero();
    }

    /** 20,000 complete objects of this size need 330 MB. */
    @Test
    void keepsAPointInFewBytes() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx40m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        ChildClasspath.text(),
                        Heap.class.getName())
                .redirectErrorStream(true)
                .start();
        String out = new String(child.getInputStream().readAllBytes()).strip();
        assertThat(child.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(out).matches("[0-9]+");
        assertThat(Integer.parseInt(out)).as("bytes of heap per point").isLessThan(400);
    }

    /** Prints the bytes of heap per point. */
    public static final class Heap {
        public static void main(String[] arguments) {
            PointStore store = new PointStore();
            add(store, "warm", 100);
            long before = used();
            for (int i = 0; i < POINTS / 100; i++) {
                add(store, "namespace-of-team-" + i, 100);
            }
            System.out.println((used() - before) / POINTS);
            if (store.size() != POINTS + 100) {
                throw new IllegalStateException();
            }
        }

        private static void add(PointStore store, String namespace, int number) {
            for (int i = 0; i < number; i++) {
                RestorePoint point = RandomPoints.complete(
                        namespace, "hourly-20261130-%06d".formatted(i), new UUID(namespace.hashCode(), i));
                store.put(store.getKey(point), point);
            }
        }

        private static long used() {
            for (int i = 0; i < 3; i++) {
                System.gc();
            }
            return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
        }
    }
}
