package io.breakwater.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A reader of a repository and its archives. While its lease lasts, nothing that was deleted after it started is freed.
 *
 * @param since when it started, by the store's clock
 */
public record ReadLease(Instant since) {
    private static final String PREFIX = "breakwater/readers/";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Writes a lease that lasts until a time. Leases are never given back: they run out. */
    public static void acquire(ObjectStore store, String site, String namespace, Instant until) {
        byte[] lease = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("until", until.toString())
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        store.write(PREFIX + site + "/" + namespace + "/" + UUID.randomUUID() + ".json", lease, Precondition.ABSENT);
    }

    /**
     * Leases of a site that last, by repository as {@code <site>/<namespace>}. Deletes those that ran out.
     *
     * @param now by the store's clock
     */
    static Map<String, List<ReadLease>> active(ObjectStore store, String site, Instant now) {
        List<ObjectInfo> found = new ArrayList<>();
        store.list(PREFIX + site + "/", found::add);
        Map<String, List<ReadLease>> readers = new HashMap<>();
        for (ObjectInfo o : found) {
            String[] parts = o.key().substring(PREFIX.length()).split("/", 3);
            Optional<Document> document = store.read(o.key());
            if (document.isPresent() && until(document.get()).isAfter(now)) {
                readers.computeIfAbsent(parts[0] + "/" + parts[1], k -> new ArrayList<>())
                        .add(new ReadLease(o.lastModified()));
            } else {
                store.delete(o.key());
            }
        }
        return readers;
    }

    /** A lease that cannot be read never ends: too much is kept rather than too little. */
    private static Instant until(Document document) {
        try {
            JsonNode lease = JSON.readTree(document.content());
            return Instant.parse(lease.path("until").asText());
        } catch (IOException | DateTimeException e) {
            return Instant.MAX;
        }
    }
}
