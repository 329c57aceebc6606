package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of one backup that Velero 1.18.3 wrote. */
class StoredBackupTest {
    @Test
    void parsesABackupOfVelero() throws IOException {
        assertThat(StoredBackup.read("nightly", fixture("velero-backup.json").readAllBytes()))
                .contains(new StoredBackup(
                        "nightly", "038d3f46-54e1-40e3-8f93-66c444891a2e", Instant.parse("2026-11-23T22:28:31Z"), 0));
    }

    @Test
    void countsContentsPerNamespaceAndNamesClaims() throws IOException {
        assertThat(StoredBackup.contents(fixture("nightly-resource-list.json.gz")))
                .containsOnlyKeys("neighbours")
                .hasEntrySatisfying("neighbours", contents -> {
                    assertThat(contents.objects()).isEqualTo(54);
                    assertThat(contents.claims()).isEqualTo(List.of("data"));
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"New", "InProgress", "Finalizing", "Failed", "FailedValidation", "Deleting"})
    void ignoresIncompleteBackups(String phase) throws IOException {
        assertThat(StoredBackup.read("b", document("Backup", "b", phase, "2026-11-23T22:28:31Z")))
                .isEmpty();
    }

    @Test
    void acceptsABackupWithErrorsAndCountsThem() throws IOException {
        assertThat(StoredBackup.read("b", document("Backup", "b", "PartiallyFailed", "2026-11-23T22:28:31Z")))
                .hasValueSatisfying(b -> assertThat(b.errors()).isEqualTo(3));
    }

    @Test
    void refusesInvalidKindNameOrTime() {
        assertThatThrownBy(() -> StoredBackup.read("b", document("Restore", "b", "Completed", "2026-11-23T22:28:31Z")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> StoredBackup.read("b", document("Backup", "c", "Completed", "2026-11-23T22:28:31Z")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> StoredBackup.read("b", document("Backup", "b", "Completed", "yesterday")))
                .hasMessageContaining("yesterday");
        assertThatThrownBy(() -> StoredBackup.read("b", "{".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void recognizesBackupsByTheirMetadataFileOnly() {
        assertThat(StoredBackup.ofMetadata("backups/nightly/velero-backup.json"))
                .contains("nightly");
        assertThat(StoredBackup.ofMetadata("backups/nightly/nightly.tar.gz")).isEmpty();
        assertThat(StoredBackup.ofMetadata("backups/a/b/velero-backup.json")).isEmpty();
        assertThat(StoredBackup.ofMetadata("backups/../velero-backup.json")).isEmpty();
        assertThat(StoredBackup.ofMetadata("restores/nightly/velero-backup.json"))
                .isEmpty();
    }

    /** A list of 300 KB that has 256 MiB when it is unpacked. */
    @Test
    void refusesAListThatUnpacksToTooManyBytes() throws IOException {
        byte[] spaces = new byte[1 << 20];
        Arrays.fill(spaces, (byte) ' ');
        refusesList("more than 67108864 bytes", gzip -> {
            for (int i = 0; i < 256; i++) {
                gzip.write(spaces);
            }
        });
    }

    @Test
    void refusesAListOfTooManyItems() throws IOException {
        refusesList("more than 1000000 items", gzip -> items(gzip, "v1/Pod", 1_100_000));
        refusesList("more than 100000 namespaces and claims", gzip -> items(gzip, "v1/PersistentVolumeClaim", 110_000));
    }

    private static void items(OutputStream gzip, String kind, int count) throws IOException {
        byte[] item = "\"a/b\",".getBytes(StandardCharsets.UTF_8);
        gzip.write(("{\"" + kind + "\":[").getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < count; i++) {
            gzip.write(item);
        }
    }

    @Test
    void refusesAListWithLongOrDeepValues() throws IOException {
        refusesList(
                "String value length (1025)",
                gzip -> gzip.write(("{\"v1/Pod\":[\"a/" + "b".repeat(1023) + "\"]}").getBytes(StandardCharsets.UTF_8)));
        refusesList(
                "Document nesting depth (9)", gzip -> gzip.write("[".repeat(100).getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void refusesMetadataWithTooManyValues() {
        byte[] document = ("{\"a\":[" + "0,".repeat(1_000_000) + "0]}").getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> StoredBackup.read("b", document))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("exceeds the maximum allowed (1000000");
    }

    private interface Content {
        void write(OutputStream gzip) throws IOException;
    }

    private static void refusesList(String why, Content content) throws IOException {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(list)) {
            content.write(gzip);
        }
        assertThat(list.size()).isLessThan(1 << 20);
        assertThatThrownBy(() -> StoredBackup.contents(new ByteArrayInputStream(list.toByteArray())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why);
    }

    private static byte[] document(String kind, String name, String phase, String start) {
        return """
            {"kind":"%s","apiVersion":"velero.io/v1","metadata":{"name":"%s"},
             "status":{"phase":"%s","startTimestamp":"%s","errors":3}}\
            """.formatted(kind, name, phase, start).getBytes(StandardCharsets.UTF_8);
    }

    private static InputStream fixture(String file) {
        return Objects.requireNonNull(StoredBackupTest.class.getResourceAsStream("/velero/backups/nightly/" + file));
    }
}
