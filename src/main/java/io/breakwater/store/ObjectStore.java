package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * An object store below one prefix: Azure Blob, S3 or a directory. Keys are relative to the prefix and separated by slashes.
 *
 * <p>All calls block and may be made from many (virtual) threads. Every failure is a {@link BreakwaterException} with
 * reason {@code StoreUnavailable} or {@code CredentialsRejected}; implementations retry throttling (429, 503) and cut
 * connections themselves within a budget of about 30 seconds. A write is either complete and visible, or has no effect.
 */
public interface ObjectStore extends AutoCloseable {
    /** Bytes of the largest object that {@link #read(String)} accepts. */
    int MAX_OBJECT = 16 << 20;

    /** Bytes of the largest document: a seal, a lease, or a report about a location, a site or a key. */
    int MAX_DOCUMENT = 1 << 20;

    /**
     * Facts about an object without its content.
     *
     * @param lastModified null after a write whose answer does not contain it; {@link #head} has it then
     */
    record ObjectInfo(String key, long size, String etag, Instant lastModified) {}

    /** An object's facts with the store's time of the answer, so that leases are checked by one clock only. */
    record Observed(ObjectInfo info, Instant storeTime) {}

    /** Content, with the facts about the object that it was read from. */
    record Document(ObjectInfo info, byte[] content, Instant storeTime) {}

    /** The state of the object that a write depends on. */
    sealed interface Precondition {
        /** Overwrites any object. */
        record None() implements Precondition {}

        /** The object must not exist. */
        record Absent() implements Precondition {}

        /** The object must still be the one with this ETag. */
        record Matches(String etag) implements Precondition {}

        Precondition NONE = new None();
        Precondition ABSENT = new Absent();
    }

    /** Prepares the store for the first write, where the protocol of the store can do that; may be called again. */
    default void prepare() {}

    /** Facts about one object; empty when it does not exist. */
    Optional<Observed> head(String key);

    /** A small object (at most {@link #MAX_OBJECT} bytes), whole; empty when it does not exist. */
    default Optional<Document> read(String key) {
        return read(key, MAX_OBJECT);
    }

    /**
     * A small object, whole; empty when it does not exist. The bound applies to the bytes that arrive, so it also holds for a
     * store that reports a wrong size.
     *
     * @param max bytes that the object may have
     * @throws BreakwaterException Tampered, when it has more
     */
    Optional<Document> read(String key, int max);

    /** Like {@link #read(String, int)}, but empty for a larger object too: for documents that can be lost. */
    default Optional<Document> readIfBounded(String key, int max) {
        try {
            return read(key, max);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Tampered) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * The signer of the documents of this location.
     *
     * @throws IllegalStateException in a store that has no keys
     */
    default DocumentSigner documents() {
        throw new IllegalStateException("this store has no keys");
    }

    /**
     * A signed document; empty when it does not exist.
     *
     * @param max bytes that the object may have
     * @throws BreakwaterException Tampered, when it is larger, or its signature is missing, foreign or wrong
     */
    default Optional<SignedDocument> readSigned(String key, int max) {
        Optional<Document> found;
        try {
            found = read(key, max);
        } catch (BreakwaterException e) {
            documents().refused(key, "", e);
            throw e;
        }
        return found.map(documents()::verify);
    }

    /**
     * Like {@link #readSigned}, but whatever site signed the document: only the signature of the master key is valid for certain.
     */
    default Optional<SignedDocument> readStated(String key, int max) {
        return read(key, max).map(documents()::verifyStated);
    }

    /**
     * Signs and writes a document.
     *
     * @param counter grows with each version of the document
     * @return facts about the new object, or empty when the precondition did not hold (nothing was written)
     */
    default Optional<Observed> writeSigned(String key, long counter, byte[] payload, Precondition precondition) {
        return write(key, documents().sign(key, counter, payload), precondition);
    }

    /**
     * A stream of the object's bytes from offset on, at most length of them ({@code -1}: to the end).
     *
     * @return the stream, to be closed by the caller; empty when the object does not exist
     */
    Optional<InputStream> open(String key, long offset, long length);

    /**
     * Calls back for every object whose key starts with the prefix, in any order, page by page. A caller that retains the objects
     * uses {@link #gather}.
     *
     * @throws BreakwaterException TooManyObjects, when the listing exceeds the {@link #limits}
     */
    void list(String prefix, Consumer<ObjectInfo> each);

    /**
     * What a caller needs of the objects whose key starts with the prefix.
     *
     * @param pick what to retain of an object; empty for an object that does not matter
     * @throws BreakwaterException TooManyObjects, when more objects matter than the {@link #limits} permit
     */
    default <T> List<T> gather(String prefix, Function<ObjectInfo, Optional<T>> pick) {
        GatheringBound bound = new GatheringBound(this, prefix);
        List<T> found = new ArrayList<>();
        list(
                prefix,
                o -> pick.apply(o).ifPresent(t -> {
                    bound.add(o.key());
                    found.add(t);
                }));
        return found;
    }

    /** What a listing may cost. */
    default ListingLimits limits() {
        return ListingLimits.DEFAULT;
    }

    /** The store in messages. */
    default String place() {
        return "store";
    }

    /**
     * Names of the directories directly below a prefix that ends with a slash, in order: the part of the keys between the prefix
     * and the next slash.
     *
     * @throws BreakwaterException TooManyObjects, when there are more than the {@link #limits} permit to gather
     */
    Set<String> directories(String prefix);

    /**
     * Writes a small object (at most 16 MiB) in one piece.
     *
     * @return facts about the new object, or empty when the precondition did not hold (nothing was written)
     */
    Optional<Observed> write(String key, byte[] content, Precondition precondition);

    /**
     * Starts writing an object of any size in bounded memory. Nothing is visible before {@link Upload#commit}.
     */
    Upload upload(String key, Precondition precondition);

    /** Deletes an object; has no effect if it does not exist. */
    void delete(String key);

    /**
     * Deletes the parts of uploads that did not finish, where the store does not delete them automatically.
     *
     * @param before time before which the uploads started
     * @return number of uploads
     */
    default int abandonUploads(String prefix, Instant before) {
        return 0;
    }

    /**
     * Capabilities that a store reports.
     *
     * @param versioning whether it retains deleted and overwritten objects as older versions; null when it does not report that
     * @param objectLock whether it can lock objects; null when it does not report that
     */
    record Locking(Boolean versioning, Boolean objectLock) {}

    /**
     * One of the objects that had the same key, one after the other.
     *
     * @param deletion whether it is a delete marker, which has no content
     * @param newest whether it is the current version
     */
    record Version(String key, String id, long size, Instant modified, boolean deletion, boolean newest) {}

    /** Whether the store has locks and versions. */
    default Locking locking() {
        return new Locking(false, false);
    }

    /** Checks that a lock of the location protects an object, by trying to delete an object with this key. */
    default boolean enforcesLocks(String key) {
        return false;
    }

    /**
     * Locks an object for the location's whole period from now on. Never shortens a lock.
     *
     * @param least time that a lock must still last to stay unchanged
     * @return whether the lock was extended
     */
    default boolean relock(String key, Duration least) {
        return false;
    }

    /** Id of the current version of an object; empty where there is none, or the store retains no versions. */
    default Optional<String> version(String key) {
        return Optional.empty();
    }

    /** Calls back with the versions of each key that has older versions or was deleted, the newest first. */
    default void histories(String prefix, Consumer<List<Version>> each) {}

    /**
     * Deletes one version permanently.
     *
     * @return end of its lock, when it is locked; empty when it was deleted
     */
    default Optional<Instant> destroy(Version version) {
        throw new UnsupportedOperationException("this store has no versions");
    }

    /** The signer of deletions; empty where nothing is locked. Every deletion is valid there. */
    default Optional<DeletionSigner> removals() {
        return Optional.empty();
    }

    @Override
    void close();

    /** An object that is being written. After a close without commit nothing remains. */
    abstract class Upload extends java.io.OutputStream {
        /**
         * Makes the object visible.
         *
         * @return facts about it, or empty when the precondition did not hold (nothing was written)
         */
        public abstract Optional<Observed> commit() throws IOException;
    }
}
