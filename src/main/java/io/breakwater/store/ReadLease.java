package io.breakwater.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * A reader of a repository and its archives. Until its lease expires, no data is freed that was deleted after it started.
 *
 * @param since when it started, by the store's clock
 */
public record ReadLease(Instant since) {
    private static final Logger LOG = Logger.getLogger(ReadLease.class);
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final String SINCE = "since";

    /** The times of one lease. */
    private record Term(Instant since, Instant until) {}

    /** Writes a lease that expires at a time. A lease is not released earlier. */
    public static void acquire(ObjectStore store, String repository, Instant until) {
        byte[] lease = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("until", until.toString())
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        String id = UUID.randomUUID().toString();
        store.writeSigned(StoreLayout.readLease(repository, id), 1, lease, Precondition.ABSENT);
    }

    /**
     * The leases of repositories that have not expired, by id. Deletes the expired ones.
     *
     * @param repositories ids
     * @param now by the store's clock
     * @param longest the longest validity of a lease. One that cannot be verified expires after that
     */
    static Map<String, List<ReadLease>> active(
            ObjectStore store, Set<String> repositories, Instant now, Duration longest) {
        String prefix = StoreLayout.readLeases();
        List<ObjectInfo> found = store.gather(
                prefix, o -> repositories.contains(repository(prefix, o.key())) ? Optional.of(o) : Optional.empty());
        Map<String, List<ReadLease>> readers = new HashMap<>();
        for (ObjectInfo o : found) {
            Term term = term(store, o, o.lastModified().plus(longest));
            if (term.until.isAfter(now)) {
                readers.computeIfAbsent(repository(prefix, o.key()), k -> new ArrayList<>())
                        .add(new ReadLease(term.since));
            } else {
                store.delete(o.key());
            }
        }
        return readers;
    }

    private static String repository(String prefix, String key) {
        return key.substring(prefix.length()).split("/", 2)[0];
    }

    /**
     * A lease that is too large or has no valid signature expires last: data stays rather too long than too short. It does not
     * stay for ever, since a lease has no valid signature after its master key was removed, too. A lease that does not exist has expired.
     */
    private static Term term(ObjectStore store, ObjectInfo o, Instant last) {
        try {
            return store.readSigned(o.key(), ObjectStore.MAX_DOCUMENT)
                    .map(ReadLease::term)
                    .orElse(new Term(o.lastModified(), Instant.MIN));
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Tampered) {
                LOG.warnf("no data of the repository is freed until %s: %s", last, e.getMessage());
                return new Term(o.lastModified(), last);
            }
            throw e;
        }
    }

    /** A lease that cannot be parsed never expires: data stays rather too long than too short. */
    private static Term term(SignedDocument document) {
        try {
            JsonNode lease = JSON.readTree(document.payload());
            JsonNode since = lease.path(SINCE);
            return new Term(
                    since.isTextual() ? Instant.parse(since.asText()) : document.modified(),
                    Instant.parse(lease.path("until").asText()));
        } catch (IOException | DateTimeException e) {
            return new Term(document.modified(), Instant.MAX);
        }
    }

    /** The payload of a lease with the time when it started, so that it can be written again; empty if it cannot be parsed. */
    public static Optional<byte[]> dated(SignedDocument document) {
        try {
            return JSON.readTree(document.payload()) instanceof ObjectNode lease
                    ? Optional.of(lease.put(SINCE, term(document).since.toString())
                            .toString()
                            .getBytes(StandardCharsets.UTF_8))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
