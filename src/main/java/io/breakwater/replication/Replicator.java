package io.breakwater.replication;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointKey;
import io.breakwater.location.Stores;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/** Brings sealed points from one location to another. Blocks; meant for virtual threads. */
@ApplicationScoped
public class Replicator {
    /** Objects that the whole process copies at the same time; each holds a few buffers of its stores' clients. */
    private static final int STREAMS = 8;

    private final Catalog catalog;
    private final Stores stores;
    private final Semaphore streams = new Semaphore(STREAMS);
    private final Map<String, ReentrantLock> repositories = new ConcurrentHashMap<>();

    public Replicator(Catalog catalog, Stores stores) {
        this.catalog = catalog;
        this.stores = stores;
    }

    /**
     * Copies a point; the seal, last, is the same to the byte as at the source. Copies of the same repository to the same
     * location follow one another, since the second one finds nearly everything there.
     *
     * @param mayGoOn throws when the copy is not wanted any more; called at the beginning and right before the seal
     * @throws BreakwaterException what stood in the way; a retryable one goes on where it stopped
     */
    public CopyResult copy(BackupLocation from, BackupLocation to, PointKey key, Runnable mayGoOn) {
        catalog.checkSharedKey(from, to);
        ReentrantLock lock = repositories.computeIfAbsent(
                to.getMetadata().getUid() + "/" + key.site() + "/" + key.namespace(), k -> new ReentrantLock());
        lock.lock();
        try {
            ObjectStore source = stores.open(from);
            Catalog.Sealed sealed = catalog.read(from, key).orElseThrow(() -> missing(from, key));
            byte[] seal = source.read(key.sealKey()).map(Document::content).orElseThrow(() -> missing(from, key));
            if (!sha256(seal).equals(sealed.digest())) {
                throw ObjectTransfer.changed(key.sealKey(), "it was replaced");
            }
            ObjectStore target = stores.open(to);
            if (target.head(key.sealKey()).isEmpty()) {
                InProgressMarker.create(target, key);
            }
            CopyResult copied =
                    new PointTransfer(grace(from, key), grace(to, key), streams).run(sealed.document(), seal, mayGoOn);
            InProgressMarker.delete(target, key);
            return copied;
        } finally {
            lock.unlock();
        }
    }

    /** What is deleted is not copied; what the target deleted and the source still has is copied again, which revives it. */
    private ObjectStore grace(BackupLocation location, PointKey key) {
        return new SoftDeleteStore(stores.open(location), key.site(), key.namespace());
    }

    private static BreakwaterException missing(BackupLocation from, PointKey key) {
        return BreakwaterException.permanent(
                Reason.RestorePointNotSealed,
                "BackupLocation " + name(from) + " has no seal of point " + key
                        + " any more, so there is nothing to copy; use another RestorePoint");
    }

    private static String name(BackupLocation location) {
        return location.getMetadata().getNamespace() + "/"
                + location.getMetadata().getName();
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
