package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * An object store below one prefix: Azure Blob, or a directory. Keys are relative to the prefix, separated by slashes.
 *
 * <p>All calls block and may be made from many (virtual) threads. Every failure is a {@link BreakwaterException} with
 * reason {@code StoreUnavailable} or {@code CredentialsRejected}; implementations retry throttling (429, 503) and cut
 * connections themselves within a budget of about 30 seconds. A write is either complete and visible, or not there.
 */
public interface ObjectStore extends AutoCloseable {

    /** What the store knows about an object without its content. */
    record ObjectInfo(String key, long size, String etag, Instant lastModified) {}

    /** An object's facts with the store's own time of the answer, for judging leases by one clock only. */
    record Observed(ObjectInfo info, Instant storeTime) {}

    /** Content that was read together with what it was read from. */
    record Document(ObjectInfo info, byte[] content, Instant storeTime) {}

    /** On which state of the object a write depends. */
    sealed interface Precondition {
        /** Overwrite whatever is there. */
        record None() implements Precondition {}

        /** The object must not exist. */
        record Absent() implements Precondition {}

        /** The object must still be the one with this ETag. */
        record Matches(String etag) implements Precondition {}

        Precondition NONE = new None();
        Precondition ABSENT = new Absent();
    }

    /** Sets up what the store needs before the first write, where that can be done through it; may be called again. */
    default void prepare() {}

    /** Facts about one object; empty when it does not exist. */
    Optional<Observed> head(String key);

    /** A small object (at most 16 MiB), whole; empty when it does not exist. */
    Optional<Document> read(String key);

    /**
     * A stream of the object's bytes from offset on, at most length of them ({@code -1}: to the end).
     *
     * @return the stream, to be closed by the caller; empty when the object does not exist
     */
    Optional<InputStream> open(String key, long offset, long length);

    /** Calls back for every object whose key starts with the prefix, in no promised order, page by page. */
    void list(String prefix, Consumer<ObjectInfo> each);

    /**
     * Names of the directories right below a prefix that ends with a slash, in order: what stands before the next slash of the
     * keys there.
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

    /** Removes an object; removing what is not there is no error. */
    void delete(String key);

    /**
     * Removes what uploads that never came to their end left behind, where the store does not do it by itself.
     *
     * @param before when they began, at the latest
     * @return how many
     */
    default int abandonUploads(String prefix, Instant before) {
        return 0;
    }

    /**
     * What a store says of itself.
     *
     * @param versioning whether it keeps what is removed or written anew as older versions; null when it does not tell us
     * @param objectLock whether it can lock objects; null when it does not tell us
     */
    record Locking(Boolean versioning, Boolean objectLock) {}

    /**
     * One of the objects that lay under a key, one after the other.
     *
     * @param deletion whether it stands for the removal of the object, and holds nothing
     * @param newest whether it is what is seen now
     */
    record Version(String key, String id, long size, Instant modified, boolean deletion, boolean newest) {}

    /** What the store says of locks and versions. */
    default Locking locking() {
        return new Locking(false, false);
    }

    /** Finds out whether a lock of the location's keeps an object from being removed, by trying to. Uses the key for that. */
    default boolean enforcesLocks(String key) {
        return false;
    }

    /**
     * Locks what lies under a key for the location's whole period from now on; shortens nothing.
     *
     * @param least how long a lock has to last still to be left as it is
     * @return whether the lock was extended
     */
    default boolean relock(String key, Duration least) {
        return false;
    }

    /** Id of the version that is seen now under a key; empty where there is none, or none that could be found again. */
    default Optional<String> version(String key) {
        return Optional.empty();
    }

    /** Calls back with the versions of each key that has older ones, or was removed, the newest first. */
    default void histories(String prefix, Consumer<List<Version>> each) {}

    /**
     * Removes one version for good.
     *
     * @return until when it cannot be removed; empty when it is gone
     */
    default Optional<Instant> destroy(Version version) {
        throw new UnsupportedOperationException("this store has no versions");
    }

    /** What tells our own removals here; empty where nothing is locked, and everybody's are believed. */
    default Optional<DeletionSigner> removals() {
        return Optional.empty();
    }

    @Override
    void close();

    /** An object being written. Closing without commit leaves nothing behind. */
    abstract class Upload extends java.io.OutputStream {
        /**
         * Makes the object visible.
         *
         * @return facts about it, or empty when the precondition did not hold (nothing was written)
         */
        public abstract Optional<Observed> commit() throws IOException;
    }
}
