package io.breakwater.velero;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.testing.RandomCases;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class BackupObjectsTest {
    private static final BackupObjects OBJECTS = new BackupObjects(
            "east-shop-p1",
            "shop",
            Instant.parse("2026-11-23T10:00:00.5Z"),
            Instant.parse("2026-11-23T10:00:02.25Z"),
            9,
            "v1.34.4+k3s1",
            Map.of("breakwater.io/policy", "shop"),
            List.of("an API did not answer"));
    private static final String FILE = "velero/backups/east-shop-p1/east-shop-p1";

    private final Map<String, byte[]> documents = OBJECTS.documents(Gzip.of("{}\n"));

    @Test
    void writesAllFilesForDescribeAndTheMetadataLast() {
        assertThat(documents.keySet())
                .containsExactly(
                        FILE + "-logs.gz",
                        FILE + "-results.gz",
                        FILE + "-resource-list.json.gz",
                        FILE + "-podvolumebackups.json.gz",
                        FILE + "-volumesnapshots.json.gz",
                        FILE + "-itemoperations.json.gz",
                        FILE + "-volumeinfo.json.gz",
                        "velero/backups/east-shop-p1/velero-backup.json");
        assertThat(BackupObjects.archiveKey("east-shop-p1")).isEqualTo(FILE + ".tar.gz");
    }

    @Test
    void describesACompletedBackupThatNeverExpires() throws IOException {
        JsonNode backup = new ObjectMapper().readTree(documents.get(BackupObjects.metadataKey("east-shop-p1")));
        assertThat(backup).isEqualTo(new ObjectMapper().readTree("""
            {"apiVersion":"velero.io/v1","kind":"Backup",
             "metadata":{"name":"east-shop-p1","namespace":"velero","creationTimestamp":"2026-11-23T10:00:00Z",
               "labels":{"breakwater.io/policy":"shop","velero.io/storage-location":"default"},
               "annotations":{"velero.io/source-cluster-k8s-gitversion":"v1.34.4+k3s1",
                 "velero.io/source-cluster-k8s-major-version":"1",
                 "velero.io/source-cluster-k8s-minor-version":"34"}},
             "spec":{"storageLocation":"default","ttl":"0s","includedNamespaces":["shop"],
               "hooks":{},"metadata":{},"csiSnapshotTimeout":"10m0s","itemOperationTimeout":"4h0m0s",
               "snapshotMoveData":false,"snapshotVolumes":false,"defaultVolumesToFsBackup":false},
             "status":{"version":1,"formatVersion":"1.1.0","phase":"Completed",
               "startTimestamp":"2026-11-23T10:00:00Z","completionTimestamp":"2026-11-23T10:00:02Z",
               "warnings":1,"progress":{"totalItems":9,"itemsBackedUp":9},"hookStatus":{}}}
            """));
    }

    @Test
    void writesResultsAndListsForTheVeleroCommandLine() throws IOException {
        assertThat(gunzip(FILE + "-results.gz"))
                .isEqualTo("{\"errors\":{},\"warnings\":{\"namespaces\":{\"shop\":[\"an API did not answer\"]}}}\n");
        assertThat(gunzip(FILE + "-volumeinfo.json.gz")).isEqualTo("[]\n");
    }

    private record Identity(CapturedNamespace source, String point, String uid) {
        String name() {
            return BackupObjects.name(source, point, uid);
        }
    }

    @Test
    void givesEachPointADirectoryOfItsOwn() {
        Map<String, Identity> seen = new HashMap<>();
        RandomCases.of(20_000, 1).seeds().forEach(seed -> {
            Identity drawn = identity(new Random(seed));
            String name = drawn.name();
            assertThat(name).matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
            Identity other = seen.put(name, drawn);
            assertThat(other == null || other.equals(drawn))
                    .as("%s and %s have the name %s", other, drawn, name)
                    .isTrue();
        });
        assertThat(seen).hasSizeGreaterThan(1000);
    }

    /** Parts that read alike when they are joined, and names that contain the hash of another name. */
    private static Identity identity(Random random) {
        List<String> words = List.of("a", "b", "a-b", "b-a", "a-b-a", "west", "x".repeat(60), "1-2", "a.b");
        String uid = uid(random);
        String point = words.get(random.nextInt(words.size()));
        String namespace = words.get(random.nextInt(words.size() - 1));
        if (random.nextInt(4) == 0) {
            CapturedNamespace other = new CapturedNamespace("a", "a-b", uid, uid);
            point += "-" + BackupObjects.name(other, "b", uid).split("-")[3].repeat(1 + random.nextInt(2));
        }
        String site = words.get(random.nextInt(words.size() - 1));
        return new Identity(new CapturedNamespace(site, namespace, uid(random), uid(random)), point, uid);
    }

    private static String uid(Random random) {
        return new UUID(random.nextInt(3), random.nextInt(3)).toString();
    }

    @Test
    void namesABackupByNamespaceAndUid() {
        assertThat(BackupObjects.name(
                        new CapturedNamespace("east", "shop", "c", "n"), "p1", "0b5bd5f4-8a4e-4b0f-9a43-1f3a6d6a7c11"))
                .startsWith("shop-p1-")
                .endsWith("-0b5bd5f48a4e4b0f9a431f3a6d6a7c11")
                .hasSize("shop-p1-".length() + 16 + 1 + 32);
    }

    private String gunzip(String key) throws IOException {
        return new String(
                new GZIPInputStream(new ByteArrayInputStream(documents.get(key))).readAllBytes(),
                StandardCharsets.UTF_8);
    }
}
