package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.BackupStorageLocation;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Objects of Velero pass through the models without loss; VeleroIT checks every field of the installed CRDs. */
class ModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void readsAndWritesARealBackupUnchanged() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(getClass().getResourceAsStream("/velero/backups/nightly/velero-backup.json"))) {
            JsonNode before = JSON.readTree(in);
            Backup backup = JSON.treeToValue(before, Backup.class);

            assertThat(backup.getStatus().phase).isEqualTo("Completed");
            assertThat(backup.getSpec().more()).isEmpty();
            assertThat(JSON.readTree(JSON.writeValueAsString(backup))).isEqualTo(before);
        }
    }

    @Test
    void preservesFieldsOfALaterVersion() throws IOException {
        JsonNode before = JSON.readTree("""
            {"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","metadata":{"name":"a"},
             "spec":{"default":true,"novelty":{"a":[1,2]},"objectStorage":{"bucket":"b","color":"green"}}}\
            """);
        BackupStorageLocation location = JSON.treeToValue(before, BackupStorageLocation.class);

        assertThat(location.getSpec().isDefault).isTrue();
        assertThat(JSON.readTree(JSON.writeValueAsString(location))).isEqualTo(before);
    }
}
