package io.breakwater.velero;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * A backup that Velero has stored, with the properties that a reader needs. All its objects are under
 * {@code backups/<name>/} below the prefix of a BackupStorageLocation.
 *
 * @param name of the backup, its directory and its files
 * @param uid of the Backup; its name if none was written
 * @param startedAt start of the capture
 * @param errors number of errors that Velero counted; more than 0 in a backup that is PartiallyFailed
 */
public record StoredBackup(String name, String uid, Instant startedAt, int errors) {
    /** Prefix of all backups. */
    public static final String DIRECTORY = "backups/";

    private static final String METADATA = "/velero-backup.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonFactory STREAMS = JSON.getFactory();
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

    /** Backups in other phases have not ended, are empty, or are requests that Velero would execute. */
    private static final Set<String> WHOLE = Set.of("Completed", "PartiallyFailed");

    /**
     * Content of a backup for one namespace.
     *
     * @param objects number of objects
     * @param claims names of the PersistentVolumeClaims
     */
    public record Contents(int objects, List<String> claims) {}

    /** The backup whose metadata has this key; empty for any other key. */
    public static Optional<String> ofMetadata(String key) {
        if (!key.startsWith(DIRECTORY) || !key.endsWith(METADATA)) {
            return Optional.empty();
        }
        return Optional.of(key.substring(DIRECTORY.length(), key.length() - METADATA.length()))
                .filter(name -> NAME.matcher(name).matches());
    }

    public static String metadataKey(String name) {
        return DIRECTORY + name + METADATA;
    }

    public static String archiveKey(String name) {
        return DIRECTORY + name + "/" + name + ".tar.gz";
    }

    public static String resourceListKey(String name) {
        return DIRECTORY + name + "/" + name + "-resource-list.json.gz";
    }

    /**
     * Reads {@code velero-backup.json}.
     *
     * @return the backup, if it has ended and contains objects
     * @throws IOException if it is not such a document, or that of another backup
     */
    public static Optional<StoredBackup> read(String name, byte[] metadata) throws IOException {
        JsonNode backup = JSON.readTree(metadata);
        JsonNode meta = backup.path("metadata");
        JsonNode status = backup.path("status");
        if (!backup.path("kind").asText().equals("Backup")
                || !backup.path("apiVersion").asText().equals("velero.io/v1")
                || !meta.path("name").asText().equals(name)) {
            throw new IOException("it is not the velero.io/v1 Backup " + name);
        }
        if (!WHOLE.contains(status.path("phase").asText())) {
            return Optional.empty();
        }
        try {
            return Optional.of(new StoredBackup(
                    name,
                    meta.path("uid").asText(name),
                    Instant.parse(status.path("startTimestamp").asText()),
                    status.path("errors").asInt()));
        } catch (DateTimeParseException e) {
            throw new IOException("status.startTimestamp is not a valid time: " + e.getParsedString(), e);
        }
    }

    /**
     * Reads {@code <name>-resource-list.json.gz}: the content of the backup for each namespace. Cluster-scoped objects
     * are not counted.
     */
    public static Map<String, Contents> contents(InputStream resourceList) throws IOException {
        Map<String, Integer> objects = new TreeMap<>();
        Map<String, List<String>> claims = new TreeMap<>();
        try (JsonParser json = STREAMS.createParser(new GZIPInputStream(resourceList))) {
            boolean isClaim = false;
            for (JsonToken t = json.nextToken(); t != null; t = json.nextToken()) {
                if (t == JsonToken.FIELD_NAME) {
                    isClaim = json.currentName().equals("v1/PersistentVolumeClaim");
                }
                String item = t == JsonToken.VALUE_STRING ? json.getText() : "";
                int slash = item.indexOf('/');
                if (slash > 0) {
                    String namespace = item.substring(0, slash);
                    objects.merge(namespace, 1, Integer::sum);
                    if (isClaim) {
                        claims.computeIfAbsent(namespace, n -> new ArrayList<>())
                                .add(item.substring(slash + 1));
                    }
                }
            }
        }
        Map<String, Contents> all = new TreeMap<>();
        objects.forEach((n, count) -> all.put(n, new Contents(count, List.copyOf(claims.getOrDefault(n, List.of())))));
        return all;
    }
}
