package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveTest {
    private static final Instant TIME = Instant.parse("2026-11-23T10:00:00Z");
    private static final ObjectKey WEB = new ObjectKey("apps", "deployments", "shop", "web");
    private static final ObjectKey SHOP = new ObjectKey("", "namespaces", "", "shop");

    @Test
    void writesTheSameEntriesAsVelero() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, TIME)) {
            writer.add(WEB, "v1", "Deployment", json("web"));
            writer.add(SHOP, "v1", "Namespace", json("shop"));
            writer.finish();
        }
        Map<String, String> entries = new LinkedHashMap<>();
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new GZIPInputStream(new ByteArrayInputStream(out.toByteArray())))) {
            for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
                assertThat(e.isFile()).as(e.getName()).isTrue();
                assertThat(e.getMode() & 0777).as(e.getName()).isEqualTo(0755);
                entries.put(e.getName(), new String(tar.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertThat(entries)
                .containsExactly(
                        Map.entry("metadata/version", "1.1.0\n"),
                        Map.entry("resources/deployments.apps/namespaces/shop/web.json", "{\"name\":\"web\"}"),
                        Map.entry(
                                "resources/deployments.apps/v1-preferredversion/namespaces/shop/web.json",
                                "{\"name\":\"web\"}"),
                        Map.entry("resources/namespaces/cluster/shop.json", "{\"name\":\"shop\"}"),
                        Map.entry("resources/namespaces/v1-preferredversion/cluster/shop.json", "{\"name\":\"shop\"}"));
    }

    /**
     * The stream of a store reads a complete block again when its position moves back, which happens at the end of
     * every gzip member.
     */
    @Test
    void readsTheStoredArchiveExactlyOnce() throws Exception {
        byte[] content = new byte[1_000_000];
        new Random(7).nextBytes(content);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, TIME)) {
            for (int i = 0; i < 5; i++) {
                writer.add(new ObjectKey("", "configmaps", "shop", "c" + i), "v1", "ConfigMap", content);
            }
            writer.finish();
        }
        AtomicInteger setBack = new AtomicInteger();
        InputStream stored = new ByteArrayInputStream(out.toByteArray()) {
            @Override
            public synchronized void reset() {
                setBack.incrementAndGet();
                super.reset();
            }
        };
        int items = 0;
        try (ArchiveReader reader = new ArchiveReader(stored, ArchiveReader.Limits.DEFAULT)) {
            while (reader.next().isPresent()) {
                items++;
            }
        }
        assertThat(items).isEqualTo(5);
        assertThat(setBack).hasValue(0);
    }

    @Test
    void readsBackEveryWrittenObjectOnce() throws Exception {
        Map<ObjectKey, byte[]> written = new LinkedHashMap<>();
        Random random = new Random(42);
        for (int i = 0; i < 40; i++) {
            byte[] content = new byte[random.nextInt(200_000)];
            random.nextBytes(content);
            written.put(new ObjectKey("", "configmaps", "shop", "name-" + i + " ü:" + "x".repeat(i * 5)), content);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, TIME)) {
            for (Map.Entry<ObjectKey, byte[]> e : written.entrySet()) {
                writer.add(e.getKey(), "v1", "ConfigMap", e.getValue());
            }
            writer.finish();
            assertThat(writer.count()).isEqualTo(40);
        }
        Map<ObjectKey, byte[]> read = read(out.toByteArray(), ArchiveReader.Limits.DEFAULT);
        assertThat(read.keySet()).containsExactlyElementsOf(written.keySet());
        written.forEach(
                (key, bytes) -> assertThat(read.get(key)).as(key.toString()).isEqualTo(bytes));
    }

    @Test
    void rejectsUnfinishedArchives() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] random = new byte[100_000];
        new Random(1).nextBytes(random);
        try (ArchiveWriter writer = new ArchiveWriter(out, TIME)) {
            for (int i = 0; i < 60; i++) {
                writer.add(new ObjectKey("", "configmaps", "shop", "c" + i), "v1", "ConfigMap", random);
            }
        }
        assertThat(out.size()).as("blocks already written").isPositive();
        assertThatThrownBy(() -> read(out.toByteArray(), ArchiveReader.Limits.DEFAULT))
                .isInstanceOf(IOException.class);
    }

    @Test
    void rejectsTruncatedArchives() throws Exception {
        byte[] whole = tar(entry("resources/pods/namespaces/shop/a.json", new byte[5000]));
        byte[] tar = new GZIPInputStream(new ByteArrayInputStream(whole)).readAllBytes();
        byte[] cut = gzip(Arrays.copyOf(tar, 2000));
        assertThatThrownBy(() -> read(cut, ArchiveReader.Limits.DEFAULT)).isInstanceOf(IOException.class);
        byte[] broken = Arrays.copyOf(whole, whole.length / 2);
        assertThatThrownBy(() -> read(broken, ArchiveReader.Limits.DEFAULT)).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "resources/pods/namespaces/../../../etc/passwd.json",
                "resources/pods/namespaces/shop/../x.json",
                "../resources/pods/namespaces/shop/x.json",
                "resources//pods/cluster/x.json",
                "resources/./pods/cluster/x.json",
                "/etc/passwd",
            })
    void rejectsPathsOutsideTheArchive(String path) throws Exception {
        TarArchiveEntry entry = new TarArchiveEntry(path, true);
        assertTampered(tar(Map.entry(entry, new byte[2])), ArchiveReader.Limits.DEFAULT, "not a path below");
    }

    @ParameterizedTest
    @ValueSource(bytes = {TarConstants.LF_SYMLINK, TarConstants.LF_LINK, TarConstants.LF_FIFO, TarConstants.LF_CHR})
    void rejectsLinksAndDevices(byte type) throws Exception {
        TarArchiveEntry entry = new TarArchiveEntry("resources/pods/namespaces/shop/x.json", type);
        entry.setLinkName("/etc/passwd");
        assertTampered(
                tar(Map.entry(entry, new byte[0])), ArchiveReader.Limits.DEFAULT, "not a plain file or a directory");
    }

    @Test
    void rejectsArchivesOverTheLimits() throws Exception {
        byte[] archive = tar(
                entry("resources/pods/namespaces/shop/a.json", new byte[1000]),
                entry("resources/pods/namespaces/shop/b.json", new byte[1000]));
        assertThat(read(archive, new ArchiveReader.Limits(1000, 2000, 2))).hasSize(2);
        assertTampered(archive, new ArchiveReader.Limits(999, 2000, 2), "more than the 999 allowed for an object");
        assertTampered(archive, new ArchiveReader.Limits(1000, 1999, 2), "limit of 1999 bytes");
        assertTampered(archive, new ArchiveReader.Limits(1000, 2000, 1), "or 1 entries");
    }

    /** An object is read into memory. */
    @Test
    void rejectsObjectsOfMoreThan16MiB() throws Exception {
        byte[] most = new byte[16 << 20];
        assertThat(read(tar(entry("resources/configmaps/namespaces/shop/a.json", most)), ArchiveReader.Limits.DEFAULT))
                .hasSize(1);
        assertTampered(
                tar(entry("resources/configmaps/namespaces/shop/a.json", new byte[(16 << 20) + 1])),
                ArchiveReader.Limits.DEFAULT,
                "more than the 16777216 allowed for an object");
    }

    /** The reader of tar stores the name of an entry in memory, and the name may have any length. */
    @ParameterizedTest
    @ValueSource(bytes = {TarConstants.LF_GNUTYPE_LONGNAME, TarConstants.LF_PAX_EXTENDED_HEADER_LC})
    void rejectsEntriesWithLargeHeaders(byte type) throws Exception {
        byte[] name = "x".repeat(8 << 20).getBytes(StandardCharsets.UTF_8);
        byte[] pax = ("8388617 path=" + "x".repeat(8 << 20)).getBytes(StandardCharsets.UTF_8);
        byte[] content = type == TarConstants.LF_GNUTYPE_LONGNAME ? name : Arrays.copyOf(pax, 8388617);
        content[content.length - 1] = '\n';
        assertTampered(
                tar(
                        entry("resources/configmaps/namespaces/shop/a.json", new byte[3 << 20]),
                        entry("skipped", new byte[3 << 20]),
                        Map.entry(new TarArchiveEntry("header", type), content),
                        entry("x", new byte[1])),
                ArchiveReader.Limits.DEFAULT,
                "the header of entry 3 has more than 1048576 bytes");
    }

    @Test
    void skipsFilesThatVeleroIgnores() throws Exception {
        byte[] archive = tar(
                entry("metadata/version", json("x")),
                entry("resources/pods/namespaces/shop/readme.txt", json("x")),
                entry("resources/pods/v1-preferredversion/namespaces/shop/a.json", json("x")),
                entry("resources/pods/namespaces/shop/a.json", json("a")),
                entry("other/thing.json", json("x")));
        assertThat(read(archive, ArchiveReader.Limits.DEFAULT).keySet())
                .containsExactly(new ObjectKey("", "pods", "shop", "a"));
    }

    @Test
    void listsEveryObjectByItsKind() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, TIME)) {
            writer.add(WEB, "v1", "Deployment", json("web"));
            writer.add(SHOP, "v1", "Namespace", json("shop"));
            writer.add(new ObjectKey("apps", "deployments", "shop", "api"), "v1", "Deployment", json("api"));
            writer.finish();
            JsonNode list =
                    new ObjectMapper().readTree(new GZIPInputStream(new ByteArrayInputStream(writer.resourceList())));
            assertThat(list)
                    .isEqualTo(
                            new ObjectMapper()
                                    .readTree(
                                            "{\"apps/v1/Deployment\":[\"shop/web\",\"shop/api\"],\"v1/Namespace\":[\"shop\"]}"));
        }
    }

    private static Map<ObjectKey, byte[]> read(byte[] archive, ArchiveReader.Limits limits) throws IOException {
        Map<ObjectKey, byte[]> all = new LinkedHashMap<>();
        try (ArchiveReader reader = new ArchiveReader(new ByteArrayInputStream(archive), limits)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                assertThat(all.put(i.get().key(), i.get().json()))
                        .as("read twice")
                        .isNull();
            }
        }
        return all;
    }

    private static void assertTampered(byte[] archive, ArchiveReader.Limits limits, String message) {
        assertThatThrownBy(() -> read(archive, limits))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Tampered))
                .hasMessageContaining(message);
    }

    private static Map.Entry<TarArchiveEntry, byte[]> entry(String path, byte[] content) {
        return Map.entry(new TarArchiveEntry(path), content);
    }

    @SafeVarargs
    private static byte[] tar(Map.Entry<TarArchiveEntry, byte[]>... entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (Map.Entry<TarArchiveEntry, byte[]> e : new ArrayList<>(List.of(entries))) {
                e.getKey().setSize(e.getValue().length);
                tar.putArchiveEntry(e.getKey());
                tar.write(e.getValue());
                tar.closeArchiveEntry();
            }
        }
        return gzip(out.toByteArray());
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] json(String name) {
        return ("{\"name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8);
    }
}
