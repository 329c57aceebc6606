package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.testing.ParserFuzz;
import io.breakwater.velero.ArchiveReader.Item;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Archives and backups that others may have written: headers, sizes, compression and documents can have any value. */
@Tag("slow")
@Tag("random")
class ArchiveFuzzTest {
    private static final ArchiveReader.Limits LIMITS = new ArchiveReader.Limits(64 << 10, 1 << 20, 100);

    /** Bytes to which some small inputs unpack. */
    private static final int BOMB = 80 << 20;

    @Test
    void readsArchives() throws IOException {
        new ParserFuzz("archive")
                .sample(unpacked(archive(3, "{}".getBytes(StandardCharsets.UTF_8))))
                .encoding(ArchiveFuzzTest::packed)
                .longest(4 << 20)
                .allocation(96L << 20)
                .refusals(e -> e instanceof IOException || isTampered(e))
                .run(ArchiveFuzzTest::read);
    }

    /** Objects of any size and number, in archives that are whole. */
    @Test
    void readsArchivesWithAnyObjects() throws IOException {
        new ParserFuzz("objects of an archive")
                .sample("{\"metadata\":{\"name\":\"web\"}}")
                .encoding(content -> archive(1 + Math.floorMod(Arrays.hashCode(content), 150), content))
                .longest(128 << 10)
                .allocation(96L << 20)
                .refusals(e -> e instanceof IOException || isTampered(e))
                .run(ArchiveFuzzTest::read);
    }

    @Test
    void readsMetadataOfBackups() throws IOException {
        try (var metadata = getClass().getResourceAsStream("/velero/backups/nightly/velero-backup.json")) {
            new ParserFuzz("velero-backup.json")
                    .sample(metadata.readAllBytes())
                    .longest(4 << 20)
                    .allocation(256L << 20)
                    .refusals(e -> e instanceof IOException)
                    .run(input -> StoredBackup.read("nightly", input));
        }
    }

    @Test
    void readsResourceLists() throws IOException {
        try (var list = getClass().getResourceAsStream("/velero/backups/nightly/nightly-resource-list.json.gz")) {
            new ParserFuzz("resource list")
                    .sample(unpacked(list.readAllBytes()))
                    .encoding(ArchiveFuzzTest::packed)
                    .longest(1 << 20)
                    .allocation(192L << 20)
                    .refusals(e -> e instanceof IOException)
                    .run(input -> StoredBackup.contents(new ByteArrayInputStream(input)));
        }
    }

    private static void read(byte[] archive) throws IOException {
        try (ArchiveReader reader = new ArchiveReader(new ByteArrayInputStream(archive), LIMITS)) {
            long total = 0;
            long entries = 0;
            for (Optional<Item> item = reader.next(); item.isPresent(); item = reader.next()) {
                ObjectJson.exceeded(item.get().json());
                assertThat(item.get().json()).hasSizeLessThanOrEqualTo(LIMITS.object());
                total += item.get().json().length;
                entries++;
            }
            assertThat(total).isLessThanOrEqualTo(LIMITS.total());
            assertThat(entries).isLessThanOrEqualTo(LIMITS.entries());
        }
    }

    private static byte[] archive(int objects, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.parse("2026-11-23T10:00:00Z"))) {
            for (int i = 0; i < objects; i++) {
                writer.add(new ObjectKey("apps", "deployments", "shop", "web" + i), "v1", "Deployment", content);
            }
            writer.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] unpacked(byte[] packed) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            return in.readAllBytes();
        }
    }

    private static byte[] packed(byte[] plain) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            // Some are repeated: they unpack to much more than their packed size.
            int times = plain.length % 211 == 0 ? BOMB / Math.max(1, plain.length) : 1;
            for (int i = Math.max(1, times); i > 0; i--) {
                gzip.write(plain);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static boolean isTampered(Throwable e) {
        return e instanceof BreakwaterException b && b.reason() == Reason.Tampered;
    }
}
