package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.catalog.PointDocument.StoredObject;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ObjectStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
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

    /** Bytes that stay free for everything else that uses the temporary directory. */
    private static final long RESERVE = 64L << 20;

    private final Stores stores;
    private final LocationKeys keys;
    private final Map<String, Spool> spools = new ConcurrentHashMap<>();

    public ArchiveSpools(Stores stores, LocationKeys keys) {
        this.stores = stores;
        this.keys = keys;
    }

    /** The copy of one run. */
    private static final class Spool {
        private final ReentrantLock lock = new ReentrantLock();
        private String source;
        private VerifiedArchive archive;

        private void close() {
            try {
                if (archive != null) {
                    archive.close();
                }
            } catch (IOException e) {
                // the file has no name, so it disappears anyway
            }
            archive = null;
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

    /** Deletes the copy of a run that has ended. */
    public void release(String run) {
        Spool spool = spools.remove(run);
        if (spool != null) {
            spool.lock.lock();
            try {
                spool.close();
            } finally {
                spool.lock.unlock();
            }
        }
    }

    private VerifiedArchive archive(String run, BackupLocation location, PointDocument document, String digest)
            throws IOException {
        Spool spool = spools.computeIfAbsent(run, r -> new Spool());
        String source =
                location.getMetadata().getUid() + "/" + location.getMetadata().getNamespace() + "/"
                        + location.getMetadata().getName() + "/" + digest;
        spool.lock.lock();
        try {
            if (spool.archive == null || !source.equals(spool.source)) {
                spool.close();
                spool.archive = copy(location, document, digest);
                spool.source = source;
            }
            return spool.archive;
        } finally {
            spool.lock.unlock();
        }
    }

    private VerifiedArchive copy(BackupLocation location, PointDocument document, String digest) throws IOException {
        StoredObject archive = document.storedArchive()
                .orElseThrow(() -> SealCodec.tampered(document.key(), "it names no archive with a digest"));
        requireRoom(document, archive);
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

    private static void requireRoom(PointDocument document, StoredObject archive) {
        if (archive.size() < 0 || archive.size() > LARGEST) {
            throw SealCodec.tampered(
                    document.key(),
                    "archive " + archive.key() + " has " + archive.size() + " bytes, more than the " + LARGEST
                            + " allowed");
        }
        Path directory = Path.of(System.getProperty("java.io.tmpdir"));
        long free = directory.toFile().getUsableSpace() - RESERVE;
        if (archive.size() > free) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "archive " + archive.key() + " of point " + document.key() + " has " + archive.size()
                            + " bytes, but directory " + directory + " of the operator has room for "
                            + Math.max(free, 0)
                            + "; increase Helm value operator.tmp, or wait until other restores have ended");
        }
    }
}
