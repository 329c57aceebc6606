package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other readers of the archives: the library that corresponds to the one of Velero's plugins, and the system's tar. */
class TarWriterTest {
    private static final Instant TIME = Instant.parse("2026-11-23T10:00:00Z");

    @ParameterizedTest
    @ValueSource(
            ints = {1, 90, 91, 92, 98, 99, 100, 101, 102, 103, 155, 156, 253, 988, 989, 990, 991, 992, 993, 994, 1000})
    void writesNamesOfAnyLength(int length) throws IOException {
        String name = "resources/" + "n".repeat(Math.max(0, length - 10));
        String cut = name.substring(0, Math.min(length, name.length()));
        assertThat(names(archive(cut))).containsExactly(cut, "after");
    }

    @Test
    void writesNonAsciiNames() throws IOException {
        String name = "resources/zwölf/" + "日本".repeat(40);
        assertThat(names(archive(name))).containsExactly(name, "after");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 513, 1_500_000})
    void writesContentOfAnySize(int size) throws IOException {
        byte[] content = new byte[size];
        java.util.Arrays.fill(content, (byte) 7);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TarWriter tar = new TarWriter(out, 0755, TIME);
        tar.file("a", content);
        tar.finish();

        try (TarArchiveInputStream in = read(out.toByteArray())) {
            TarArchiveEntry entry = in.getNextEntry();
            assertThat(entry.getSize()).isEqualTo(size);
            assertThat(entry.getMode()).isEqualTo(0755);
            assertThat(entry.getLastModifiedTime().toInstant()).isEqualTo(TIME);
            assertThat(entry.isCheckSumOK()).isTrue();
            assertThat(in.readAllBytes()).isEqualTo(content);
            assertThat(in.getNextEntry()).isNull();
        }
    }

    @Test
    void writesArchivesThatTheSystemTarReads(@TempDir Path directory) throws IOException, InterruptedException {
        Path file = directory.resolve("a.tar");
        String name = "resources/" + "x".repeat(150);
        Files.write(file, archive(name));

        Process process = new ProcessBuilder("tar", "-tf", file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said.lines()).containsExactly(name, "after");
    }

    private static byte[] archive(String name) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TarWriter tar = new TarWriter(out, 0755, TIME);
        tar.file(name, new byte[] {1, 2, 3});
        tar.file("after", new byte[0]);
        tar.finish();
        assertThat(out.size() % 512).isZero();
        return out.toByteArray();
    }

    private static List<String> names(byte[] archive) throws IOException {
        List<String> names = new java.util.ArrayList<>();
        try (TarArchiveInputStream in = read(archive)) {
            for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                names.add(e.getName());
            }
        }
        return names;
    }

    private static TarArchiveInputStream read(byte[] archive) {
        return new TarArchiveInputStream(new ByteArrayInputStream(archive), StandardCharsets.UTF_8.name());
    }
}
