package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.catalog.PointDocument.StoredObject;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ObjectStore;
import io.fabric8.kubernetes.api.model.Quantity;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The archives that runs read. The first call of a run copies the archive out of the store and verifies the copy; all later calls
 * read the copy. So a run never reads the store twice, and restores the bytes that were verified. After a restart of the process,
 * a run copies and verifies the archive again.
 */
@ApplicationScoped
public class ArchiveSpools {
    /** Bytes of the largest archive; a restore accepts as many bytes of objects. */
    static final long LARGEST = 16L << 30;

    /** Runs whose end is remembered. A call of a run that has ended is at most some minutes late. */
    private static final int ENDED = 10_000;

    private final Stores stores;
    private final LocationKeys keys;
    private final Map<String, Spool> spools = new ConcurrentHashMap<>();

    private final SpoolRoom room;

    /** Runs that have ended, the oldest first. */
    private final Set<String> ended = new LinkedHashSet<>();

    @Inject
    public ArchiveSpools(Stores stores, LocationKeys keys, BreakwaterConfig config) {
        this(
                stores,
                keys,
                Quantity.getAmountInBytes(Quantity.parse(config.restore().tmp()))
                        .longValueExact());
    }

    /** @param limit bytes of the temporary directory */
    public ArchiveSpools(Stores stores, LocationKeys keys, long limit) {
        this.room = new SpoolRoom(limit);
        this.stores = stores;
        this.keys = keys;
    }

    /** The copy of one run. */
    private final class Spool {
        private final ReentrantLock lock = new ReentrantLock();
        private String source;
        private VerifiedArchive archive;
        private long reserved;
        private boolean isReleased;

        private void close() {
            try {
                if (archive != null) {
                    archive.close();
                }
            } catch (IOException e) {
                // the file has no name, so it disappears anyway
            }
            archive = null;
            room.release(reserved);
            reserved = 0;
        }
    }

    /**
     * Verifies the archive of a point. Blocks.
     *
     * @param run identity of the run
     * @param digest of the point's seal
     * @throws BreakwaterException Tampered or KeyMismatch, when the archive must not be read; StoreUnavailable, when it could not
     *     be read, or the temporary directory has no room for it
     */
    public void verify(String run, BackupLocation location, PointDocument document, String digest) {
        try {
            archive(run, location, document, digest);
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "could not copy the archive of point " + document.key() + " into the temporary directory: "
                            + e.getMessage(),
                    e);
        }
    }

    /**
     * The verified and decrypted archive of a point, as tar.gz.
     *
     * @throws BreakwaterException as in {@link #verify}
     */
    public InputStream open(String run, BackupLocation location, PointDocument document, String digest)
            throws IOException {
        return archive(run, location, document, digest).decrypted();
    }

    /** Deletes the copy of a run that has ended. The run gets no other one: an activity that still runs fails. */
    public void release(String run) {
        Spool spool;
        synchronized (ended) {
            ended.add(run);
            if (ended.size() > ENDED) {
                ended.remove(ended.iterator().next());
            }
            spool = spools.remove(run);
        }
        if (spool != null) {
            spool.lock.lock();
            try {
                spool.isReleased = true;
                spool.close();
            } finally {
                spool.lock.unlock();
            }
        }
    }

    private Spool spool(String run) {
        synchronized (ended) {
            if (ended.contains(run)) {
                throw hasEnded(run);
            }
            return spools.computeIfAbsent(run, r -> new Spool());
        }
    }

    private static BreakwaterException hasEnded(String run) {
        return BreakwaterException.permanent(
                Reason.ResourcesFailed, "run " + run + " has ended, so its archive was not read; create a new Restore");
    }

    private VerifiedArchive archive(String run, BackupLocation location, PointDocument document, String digest)
            throws IOException {
        Spool spool = spool(run);
        String source =
                location.getMetadata().getUid() + "/" + location.getMetadata().getNamespace() + "/"
                        + location.getMetadata().getName() + "/" + digest;
        spool.lock.lock();
        try {
            if (spool.isReleased) {
                throw hasEnded(run);
            }
            if (spool.archive == null || !source.equals(spool.source)) {
                spool.close();
                StoredObject archive = stored(document);
                room.reserve("archive " + archive.key() + " of point " + document.key(), archive.size());
                spool.reserved = archive.size();
                try {
                    spool.archive = copy(location, document, digest, archive);
                    spool.source = source;
                } finally {
                    if (spool.archive == null) {
                        spool.close();
                    }
                }
            }
            return spool.archive;
        } finally {
            spool.lock.unlock();
        }
    }

    private VerifiedArchive copy(BackupLocation location, PointDocument document, String digest, StoredObject archive)
            throws IOException {
        ObjectStore store = stores.open(location);
        if (location.getSpec().hasVeleroLayout()) {
            ArchiveIdentity identity = ArchiveIdentity.ofResources(document.key(), document.uid());
            return VerifiedArchive.ofClear(store, document, archive, ArchiveCipher.create(identity));
        }
        if (!archive.key().equals(document.key().archiveKey(document.uid()))) {
            throw SealCodec.tampered(document.key(), "it names archive " + archive.key() + ", which is not its own");
        }
        ArchiveCipher cipher = new SealSignatures(location, store, keys.ring(location)).cipher(document, digest);
        return VerifiedArchive.ofEncrypted(store, document, archive, cipher);
    }

    private static StoredObject stored(PointDocument document) {
        StoredObject archive = document.storedArchive()
                .orElseThrow(() -> SealCodec.tampered(document.key(), "it names no archive with a digest"));
        if (archive.size() < 0 || archive.size() > LARGEST) {
            throw SealCodec.tampered(
                    document.key(),
                    "archive " + archive.key() + " has " + archive.size() + " bytes, more than the " + LARGEST
                            + " allowed");
        }
        return archive;
    }
}
