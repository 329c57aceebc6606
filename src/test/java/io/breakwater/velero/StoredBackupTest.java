package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
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
