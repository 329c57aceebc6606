package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class ParallelGzipTest {
    private static final int MIB = 1 << 20;

    private final GzipWorkers workers = new GzipWorkers(2);

    /** All of them write at the same time, so the room is taken by some and the others compress themselves. */
    @Test
    void writesManyArchivesWithTheSameWorkers() throws IOException {
        List<ByteArrayOutputStream> files = new ArrayList<>();
        List<ParallelGzip> open = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            files.add(new ByteArrayOutputStream());
            open.add(new ParallelGzip(files.get(i), workers));
        }
        for (int part = 0; part < 5; part++) {
            for (int i = 0; i < open.size(); i++) {
                open.get(i).write(content(i, part));
            }
        }
        for (ParallelGzip gzip : open) {
            gzip.close();
        }

        for (int i = 0; i < files.size(); i++) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            for (int part = 0; part < 5; part++) {
                expected.write(content(i, part));
            }
            byte[] read =
                    new GZIPInputStream(new ByteArrayInputStream(files.get(i).toByteArray())).readAllBytes();
            assertThat(read).as("archive %d", i).isEqualTo(expected.toByteArray());
        }
        assertThat(workers.room()).isEqualTo(4);
    }

    @Test
    void takesNoMoreBlocksThanAllArchivesMayHave() throws IOException {
        for (int i = 0; i < 50; i++) {
            new ParallelGzip(new ByteArrayOutputStream(), workers).write(content(i, 0));
        }
        assertThat(workers.room()).isNotNegative();
    }

    @Test
    void releasesTheRoomOfAnAbortedArchive() throws IOException {
        ParallelGzip gzip = new ParallelGzip(new ByteArrayOutputStream(), workers);
        gzip.write(content(1, 0));
        gzip.write(content(1, 1));
        gzip.abort();
        assertThat(workers.room()).isEqualTo(4);
    }

    private static byte[] content(int archive, int part) {
        byte[] bytes = new byte[MIB + 1000];
        Random random = new Random(archive * 31L + part);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ('a' + random.nextInt(6));
        }
        return bytes;
    }
}
