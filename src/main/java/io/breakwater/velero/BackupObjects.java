package io.breakwater.velero;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.breakwater.store.CapturedNamespace;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The objects next to the archive. Names: {@code velero/backups/<backup>/…}, where {@link #name} names the backup. A server that watches the location sees the backup when
 * {@code velero-backup.json} exists, so that is written last. {@code status.expiration} is not set, because a Velero
 * server would delete the backup.
 *
 * @param backup name of the backup, from {@link #name}
 * @param namespace the captured namespace
 * @param startedAt start of the capture
 * @param completedAt completion of the archive
 * @param items objects in the archive
 * @param serverVersion the API server's gitVersion; may be empty
 * @param labels further labels of the Backup
 * @param warnings problems for the reader
 */
public record BackupObjects(
        String backup,
        String namespace,
        Instant startedAt,
        Instant completedAt,
        long items,
        String serverVersion,
        Map<String, String> labels,
        List<String> warnings) {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final int MAX_NAME = 63;
    private static final int HASH = 16;
    private static final int UID = 32;
    private static final String DIRECTORY = "velero/backups/";

    /**
     * The name of the backup of one RestorePoint: the beginning of {@code <namespace>-<point>}, a hash of all parts, and the uid
     * without dashes. A DNS label of at most 63 characters. Two points never have the same name: the parts have their lengths in
     * the hash, and a uid is used once.
     *
     * @param uid of the RestorePoint
     */
    public static String name(CapturedNamespace source, String point, String uid) {
        String hash = Digests.sha256Hex(source.bytes(point, uid)).substring(0, HASH);
        String compact = uid.replace("-", "");
        String id = compact.matches("[0-9a-f]{" + UID + "}")
                ? compact
                : Digests.sha256Hex(uid).substring(0, UID);
        String full = source.name() + "-" + point;
        int keep = Math.min(full.length(), MAX_NAME - HASH - UID - 2);
        return full.substring(0, keep).replaceAll("[^a-z0-9]+", "-").replaceAll("-$", "") + "-" + hash + "-" + id;
    }

    /** Prefix of all objects of a backup. */
    public static String prefix(String backup) {
        return DIRECTORY + backup + "/";
    }

    /** Key of the archive. */
    public static String archiveKey(String backup) {
        return prefix(backup) + backup + ".tar.gz";
    }

    /** Key of the object that makes the backup visible; write it last. */
    public static String metadataKey(String backup) {
        return prefix(backup) + "velero-backup.json";
    }

    /**
     * Keys and contents of all objects except the archive. The last one makes the backup visible; write it last.
     *
     * @param resourceList from {@link ArchiveWriter#resourceList}
     */
    public SequencedMap<String, byte[]> documents(byte[] resourceList) {
        String file = prefix(backup) + backup;
        SequencedMap<String, byte[]> all = new LinkedHashMap<>();
        all.put(file + "-logs.gz", Gzip.of(log()));
        all.put(file + "-results.gz", Gzip.of(results()));
        all.put(file + "-resource-list.json.gz", resourceList);
        for (String none : List.of("podvolumebackups", "volumesnapshots", "itemoperations", "volumeinfo")) {
            all.put(file + "-" + none + ".json.gz", Gzip.of("[]\n"));
        }
        all.put(metadataKey(backup), (metadata() + "\n").getBytes(StandardCharsets.UTF_8));
        return all;
    }

    private String log() {
        StringBuilder text = new StringBuilder();
        warnings.forEach(w -> text.append(line("warning", w)));
        return text.append(line("info", "Captured " + items + " objects of namespace " + namespace))
                .toString();
    }

    private String line(String level, String message) {
        return JSON.createObjectNode()
                        .put("level", level)
                        .put("msg", message)
                        .put("backup", backup)
                        .put("time", time(completedAt))
                + "\n";
    }

    private String results() {
        ObjectNode root = JSON.createObjectNode();
        root.putObject("errors");
        ObjectNode listed = root.putObject("warnings");
        if (!warnings.isEmpty()) {
            warnings.forEach(listed.putObject("namespaces").putArray(namespace)::add);
        }
        return root + "\n";
    }

    private ObjectNode metadata() {
        ObjectNode root = JSON.createObjectNode();
        root.put("apiVersion", "velero.io/v1").put("kind", "Backup");
        ObjectNode meta = root.putObject("metadata");
        meta.put("name", backup).put("namespace", "velero").put("creationTimestamp", time(startedAt));
        ObjectNode marks = meta.putObject("labels");
        labels.forEach(marks::put);
        marks.put("velero.io/storage-location", "default");
        ObjectNode notes = meta.putObject("annotations");
        if (!serverVersion.isEmpty()) {
            notes.put("velero.io/source-cluster-k8s-gitversion", serverVersion);
            String[] parts = serverVersion.replaceFirst("^v", "").split("[.+-]");
            notes.put("velero.io/source-cluster-k8s-major-version", parts[0]);
            notes.put("velero.io/source-cluster-k8s-minor-version", parts.length > 1 ? parts[1] : "");
        }
        spec(root.putObject("spec"));
        status(root.putObject("status"));
        return root;
    }

    private void spec(ObjectNode spec) {
        spec.put("storageLocation", "default").put("ttl", "0s");
        spec.putArray("includedNamespaces").add(namespace);
        spec.putObject("hooks");
        spec.putObject("metadata");
        spec.put("csiSnapshotTimeout", "10m0s").put("itemOperationTimeout", "4h0m0s");
        spec.put("snapshotMoveData", false).put("snapshotVolumes", false).put("defaultVolumesToFsBackup", false);
    }

    private void status(ObjectNode status) {
        status.put("version", 1).put("formatVersion", ArchiveWriter.FORMAT).put("phase", "Completed");
        status.put("startTimestamp", time(startedAt)).put("completionTimestamp", time(completedAt));
        if (!warnings.isEmpty()) {
            status.put("warnings", warnings.size());
        }
        status.putObject("progress").put("totalItems", items).put("itemsBackedUp", items);
        status.putObject("hookStatus");
    }

    private static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
