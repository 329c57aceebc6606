package io.breakwater.velero;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.FilterInputStream;
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
    /** Bytes of the largest {@code velero-backup.json}. */
    public static final int MAX_METADATA = ObjectJson.MAX_BYTES;

    /** Bytes of the largest resource list, unpacked. A list of a million objects has about as many. */
    private static final int MAX_LIST = 64 << 20;

    private static final int MAX_ITEMS = 1_000_000;

    /** Names of namespaces and claims in a list, which stay in memory. */
    private static final int MAX_NAMES = 100_000;

    /** Names in a list do not repeat, so a table of them would only use memory. */
    private static final JsonFactory STREAMS = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(1024)
                    .maxNameLength(1024)
                    .maxNestingDepth(8)
                    .build())
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

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
        JsonNode backup = ObjectJson.parse(metadata);
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
     *
     * @throws IOException if it is not such a list, or exceeds the limits of one
     */
    public static Map<String, Contents> contents(InputStream resourceList) throws IOException {
        Map<String, Integer> objects = new TreeMap<>();
        Map<String, List<String>> claims = new TreeMap<>();
        try (JsonParser json = STREAMS.createParser(unpacked(resourceList))) {
            boolean isClaim = false;
            int items = 0;
            int names = 0;
            for (JsonToken t = json.nextToken(); t != null; t = json.nextToken()) {
                if (t == JsonToken.FIELD_NAME) {
                    isClaim = json.currentName().equals("v1/PersistentVolumeClaim");
                }
                String item = t == JsonToken.VALUE_STRING ? json.getText() : "";
                int slash = item.indexOf('/');
                if (t.isScalarValue() && ++items > MAX_ITEMS) {
                    throw new IOException("the resource list has more than " + MAX_ITEMS + " items");
                }
                if (slash > 0) {
                    String namespace = item.substring(0, slash);
                    names += objects.merge(namespace, 1, Integer::sum) == 1 ? 1 : 0;
                    names += isClaim ? 1 : 0;
                    if (names > MAX_NAMES) {
                        throw new IOException(
                                "the resource list names more than " + MAX_NAMES + " namespaces and claims");
                    }
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

    /** A list of some kilobytes may unpack to gigabytes. */
    private static InputStream unpacked(InputStream list) throws IOException {
        return new FilterInputStream(new GZIPInputStream(list)) {
            private long left = MAX_LIST;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                return count(super.read(bytes, offset, length));
            }

            private int count(int n) throws IOException {
                left -= Math.max(n, 0);
                if (left < 0) {
                    throw new IOException("the resource list has more than " + MAX_LIST + " bytes when it is unpacked");
                }
                return n;
            }
        };
    }
}
