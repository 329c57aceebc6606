package io.breakwater.replication;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;

/**
 * Streams single objects from one store to another in bounded memory. An object becomes visible at the target only after every
 * byte arrived and its digest was verified.
 */
final class ObjectTransfer {
    private static final int BUFFER = 64 * 1024;
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    private final ObjectStore source;
    private final ObjectStore target;
    private final LocationPlaces streams;

    /** Transfers between two stores; {@code streams} limits the number of concurrent transfers in the whole process. */
    ObjectTransfer(ObjectStore source, ObjectStore target, LocationPlaces streams) {
        this.source = source;
        this.target = target;
        this.streams = streams;
    }

    /**
     * Copies one object, and overwrites an object with the same key at the target.
     *
     * @param size bytes that the source's listing gave
     * @param sha256 of the content, lower-case hexadecimal
     * @throws BreakwaterException Tampered, when the source's content has another digest; retryable, when the object does not
     *     exist any more, has another size, or a stream was cut off
     */
    void copy(String key, long size, String sha256) {
        try (LocationPlaces.Place _ = stream(key);
                InputStream in = open(source, key);
                ObjectStore.Upload out = target.upload(key, Precondition.NONE)) {
            MessageDigest digest = Digests.sha256();
            long copied = 0;
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                out.write(buffer, 0, n);
                copied += n;
            }
            if (copied != size) {
                throw changed(key, copied + " of " + size + " bytes arrived");
            }
            String found = HexFormat.of().formatHex(digest.digest());
            if (!found.equals(sha256)) {
                throw BreakwaterException.permanent(
                        Reason.Tampered,
                        "object " + key + " was not copied: it has the digest " + found + " instead of " + sha256
                                + " at the source; check that location's storage");
            }
            if (out.commit().isEmpty()) {
                throw changed(key, "the target refused it");
            }
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "could not copy " + key + ", cut off: " + e.getMessage(), e);
        }
    }

    /** Whether the target holds an object with this digest. */
    boolean targetHas(String key, String sha256) {
        try (LocationPlaces.Place _ = stream(key);
                InputStream in = target.open(key, 0, -1).orElse(null)) {
            if (in == null) {
                return false;
            }
            MessageDigest digest = Digests.sha256();
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest()).equals(sha256);
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "could not read " + key + ", cut off: " + e.getMessage(), e);
        }
    }

    /** A copy that hangs has one store that hangs, and the other one serves other copies. So each pair has places of its own. */
    private LocationPlaces.Place stream(String key) {
        return streams.take(source.place() + " -> " + target.place(), LONGEST_WAIT)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable,
                        "object " + key + " was not copied to " + target.place()
                                + ": other copies to it did not end within " + LONGEST_WAIT.toMinutes()
                                + " minutes; check that store and the network"));
    }

    /** An object differs from the listing; the next attempt starts with a new listing. */
    static BreakwaterException changed(String key, String how) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable, "object " + key + " changed while it was copied: " + how);
    }

    private static InputStream open(ObjectStore store, String key) {
        return store.open(key, 0, -1).orElseThrow(() -> changed(key, "it was deleted"));
    }
}
