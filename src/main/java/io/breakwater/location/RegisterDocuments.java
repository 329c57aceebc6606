package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the records of repositories and the owner entries of namespaces: each with its signature, its place, and a counter that is
 * never lower than what this process has read.
 */
final class RegisterDocuments {
    private static final int CACHED = 10_000;

    private final Map<String, Known> entries = BoundedCache.of(CACHED);

    /** The highest counter of each document that this process read. A lower one is an older version that someone restored. */
    private final Map<String, Long> counters = BoundedCache.of(CACHED);

    private record Known(String etag, Instant modified, OwnerEntry entry) {
        boolean isOf(ObjectInfo o) {
            return o.etag() != null && o.etag().equals(etag) && o.lastModified().equals(modified);
        }
    }

    /** The entry of a listed object; it is read once for each version of the object. */
    Optional<OwnerEntry> entry(
            BackupLocation location, ObjectStore store, CapturedNamespace source, ObjectInfo listed) {
        String cached = cached(location, source.path());
        Known before = entries.get(cached);
        if (before != null && before.isOf(listed)) {
            return Optional.of(before.entry());
        }
        Optional<OwnerEntry> entry = entry(location, store, source);
        entry.ifPresent(e -> entries.put(cached, new Known(listed.etag(), listed.lastModified(), e)));
        return entry;
    }

    /** The entry of a namespace; empty when it has none. */
    Optional<OwnerEntry> entry(BackupLocation location, ObjectStore store, CapturedNamespace source) {
        String key = StoreLayout.owner(source);
        return signed(location, store, key)
                .map(document -> OwnerEntry.parse(document.payload())
                        .orElseThrow(() -> tampered(location, key, "it is not a valid owner entry")));
    }

    /** The verified record of a repository. */
    RepositoryRecord record(BackupLocation location, ObjectStore store, String id) {
        return parsed(location, id, document(location, store, id));
    }

    /** The signed document with the record of a repository. */
    SignedDocument document(BackupLocation location, ObjectStore store, String id) {
        String key = StoreLayout.repositoryRecord(id);
        return signed(location, store, key)
                .orElseThrow(() -> tampered(location, key, "it does not exist, but the repository has an owner"));
    }

    /** The record in a verified document. */
    static RepositoryRecord parsed(BackupLocation location, String id, SignedDocument document) {
        RepositoryRecord record = RepositoryRecord.parse(document.payload())
                .orElseThrow(() -> tampered(location, document.key(), "it is not a valid record"));
        if (!record.id().equals(id)) {
            throw tampered(location, document.key(), "it is the record of repository " + record.id());
        }
        if (!record.engine().equals(RepositoryRecord.ENGINE)) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    document.key() + " in " + ObjectNames.of(location) + " names engine '" + record.engine()
                            + "', which this version does not know; upgrade Breakwater");
        }
        return record;
    }

    /** A verified document; empty when it does not exist, or cannot be verified. */
    Optional<SignedDocument> readIfValid(BackupLocation location, ObjectStore store, String key) {
        try {
            return signed(location, store, key);
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** Reads a document. Another thread may read a newer version in the meantime, so an older one is read once more. */
    private Optional<SignedDocument> signed(BackupLocation location, ObjectStore store, String key) {
        Optional<SignedDocument> document = store.readSigned(key, ObjectStore.MAX_DOCUMENT);
        boolean older =
                document.isPresent() && document.get().counter() < counters.getOrDefault(cached(location, key), 0L);
        Optional<SignedDocument> newest = older ? store.readSigned(key, ObjectStore.MAX_DOCUMENT) : document;
        newest.ifPresent(d -> requireNewer(location, d));
        return newest;
    }

    private void requireNewer(BackupLocation location, SignedDocument document) {
        String cached = cached(location, document.key());
        Long newest = counters.merge(cached, document.counter(), Math::max);
        if (document.counter() < newest) {
            throw tampered(
                    location,
                    document.key(),
                    "it is an older version, with counter " + document.counter() + " instead of " + newest);
        }
    }

    /** The key of a cache for a name in a location. */
    static String cached(BackupLocation location, String name) {
        return location.getMetadata().getUid() + "/" + location.getMetadata().getGeneration() + "/" + name;
    }

    static BreakwaterException tampered(BackupLocation location, String key, String cause) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                key + " in " + ObjectNames.of(location) + " cannot be used: " + cause
                        + "; restore the object or an older version of it, and check who can write to the location");
    }

    /** Accepts a lower counter of a document that was deleted. */
    void forget(BackupLocation location, String key) {
        counters.remove(cached(location, key));
    }
}
