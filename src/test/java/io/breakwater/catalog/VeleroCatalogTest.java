package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory with one backup that Velero 1.18.3 wrote. */
class VeleroCatalogTest {
    private static final PointKey NIGHTLY = PointKeys.ofVelero("velero-old", "neighbours", "nightly");

    @TempDir
    private Path directory;

    private final VeleroCatalog catalog = new VeleroCatalog();
    private BackupLocation location;
    private ObjectStore store;

    @BeforeEach
    void copy() throws IOException, URISyntaxException {
        location = new FakeClusterPoints("ops").addLocation("ops", "old");
        store = TestStores.filesystem(directory);
        Path from = Path.of(Objects.requireNonNull(getClass().getResource("/velero/backups/nightly"))
                .toURI());
        Files.createDirectories(backup("nightly"));
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, backup("nightly").resolve(file.getFileName().toString()));
            }
        }
    }

    @Test
    void listsEachNamespaceOfABackupAsAPoint() throws IOException {
        assertThat(catalog.list(location, store)).containsExactly(NIGHTLY);

        PointDocument point = read(NIGHTLY).document();

        assertThat(point.trigger()).isEqualTo(Trigger.Imported);
        assertThat(point.resourceCount()).isEqualTo(54);
        assertThat(point.absentVolumes()).containsExactly("data");
        assertThat(point.capturedAt()).isEqualTo("2026-11-23T22:28:31Z");
        assertThat(point.archive()).isEqualTo("backups/nightly/nightly.tar.gz");
        long size = Files.size(backup("nightly").resolve("nightly.tar.gz"));
        assertThat(point.objects()).singleElement().satisfies(o -> {
            assertThat(o.key()).isEqualTo(point.archive());
            assertThat(o.size()).isEqualTo(size);
        });
    }

    @Test
    void findsNoPointOfAnotherNamespaceSiteOrBackup() {
        for (PointKey key : List.of(
                PointKeys.ofVelero("velero-old", "default", "nightly"),
                PointKeys.ofVelero("west", "neighbours", "nightly"),
                PointKeys.ofVelero("velero-old", "neighbours", "weekly"))) {
            assertThat(catalog.read(location, store, key)).as(key.toString()).isEmpty();
        }
    }

    @Test
    void changesTheDigestWithTheArchive() throws IOException {
        String before = read(NIGHTLY).digest();
        assertThat(read(NIGHTLY).digest()).isEqualTo(before);

        Path archive = backup("nightly").resolve("nightly.tar.gz");
        byte[] bytes = Files.readAllBytes(archive);
        bytes[bytes.length / 2] ^= 1;
        replace(archive, bytes);

        assertThat(read(NIGHTLY).digest()).isNotEqualTo(before);
    }

    @Test
    void aMissingArchiveIsNamed() throws IOException {
        Files.delete(backup("nightly").resolve("nightly.tar.gz"));

        assertThatThrownBy(() -> read(NIGHTLY))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining("backups/nightly/nightly.tar.gz");
    }

    @Test
    void hidesOnlyTheDamagedBackup() throws IOException {
        Files.createDirectories(backup("weekly"));
        Files.writeString(backup("weekly").resolve("velero-backup.json"), "{");

        assertThat(catalog.list(location, store)).containsExactly(NIGHTLY);

        Files.write(backup("weekly").resolve("velero-backup.json"), new byte[(3 << 20) + 1]);
        assertThat(catalog.list(location, store)).containsExactly(NIGHTLY);
    }

    /** Whoever writes the list of objects of a backup can write any name into it. */
    @Test
    void skipsOnlyTheNamespaceWithAnIllegalName() throws IOException {
        java.io.ByteArrayOutputStream list = new java.io.ByteArrayOutputStream();
        try (java.util.zip.GZIPOutputStream out = new java.util.zip.GZIPOutputStream(list)) {
            out.write("{\"v1/ConfigMap\":[\"Not_Legal/a\",\"neighbours/a\"]}".getBytes());
        }
        replace(backup("nightly").resolve("nightly-resource-list.json.gz"), list.toByteArray());

        assertThat(catalog.list(location, store)).containsExactly(NIGHTLY);
    }

    @Test
    void listsOnlyCompletedBackupsThatStillExist() throws IOException {
        Path metadata = backup("nightly").resolve("velero-backup.json");
        String completed = Files.readString(metadata);
        replace(metadata, completed.replace("\"Completed\"", "\"InProgress\"").getBytes());
        assertThat(catalog.list(location, store)).isEmpty();

        replace(metadata, completed.getBytes());
        assertThat(catalog.list(location, store)).containsExactly(NIGHTLY);

        Files.delete(metadata);
        assertThat(catalog.list(location, store)).isEmpty();
        assertThat(catalog.read(location, store, NIGHTLY)).isEmpty();
    }

    @Test
    void derivesUniqueSitesFromLongLocationNames() {
        BackupLocation one = new FakeClusterPoints("ops").addLocation("ops", "a".repeat(100) + "1");
        BackupLocation two = new FakeClusterPoints("ops").addLocation("ops", "a".repeat(100) + "2");

        assertThat(VeleroCatalog.site(one)).hasSizeLessThanOrEqualTo(63).isNotEqualTo(VeleroCatalog.site(two));
    }

    private Catalog.Sealed read(PointKey key) {
        return catalog.read(location, store, key).orElseThrow();
    }

    private Path backup(String name) {
        return directory.resolve("backups").resolve(name);
    }

    /** Writes a new file, as every store does when it replaces an object. */
    private static void replace(Path file, byte[] content) throws IOException {
        Path next = file.resolveSibling("next");
        Files.write(next, content);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
