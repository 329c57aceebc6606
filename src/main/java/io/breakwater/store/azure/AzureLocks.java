package io.breakwater.store.azure;

import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.storage.blob.BlobClient;
import com.azure.storage.blob.models.BlobImmutabilityPolicy;
import com.azure.storage.blob.models.BlobImmutabilityPolicyMode;
import com.azure.storage.blob.models.BlobProperties;
import com.azure.storage.blob.models.BlobStorageException;
import com.azure.storage.blob.options.BlockBlobSimpleUploadOptions;
import io.breakwater.api.BackupLocationSpec.Immutability.Mode;
import io.breakwater.store.ObjectLock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** Azure's version-level immutability: policies of blobs, and a test that they are enforced. */
final class AzureLocks {
    private static final Duration TEST = Duration.ofDays(2);

    private final ObjectLock lock;

    /** @param lock of the location; null without one */
    AzureLocks(ObjectLock lock) {
        this.lock = lock;
    }

    /** The policy of a blob with this key; null for none. */
    BlobImmutabilityPolicy policy(String key) {
        return lock != null && ObjectLock.covers(key) ? policy(lock.mode(), lock.until()) : null;
    }

    private static BlobImmutabilityPolicy policy(Mode mode, Instant until) {
        return new BlobImmutabilityPolicy()
                .setPolicyMode(
                        mode == Mode.Compliance
                                ? BlobImmutabilityPolicyMode.LOCKED
                                : BlobImmutabilityPolicyMode.UNLOCKED)
                .setExpiryTime(OffsetDateTime.ofInstant(until, ZoneOffset.UTC));
    }

    /** Locks a small blob, or finds one that is already locked, and tries to delete it. */
    boolean enforced(BlobClient blob, Duration call) {
        try {
            String version = lockedVersion(blob, call);
            if (version == null) {
                return false;
            }
            blob.getVersionClient(version).deleteWithResponse(null, null, call, Context.NONE);
            return false;
        } catch (BlobStorageException e) {
            // A policy answers a deletion with 409. A container without policies answers a policy with 400.
            if (e.getStatusCode() == 409) {
                return "BlobImmutableDueToPolicy".equals(String.valueOf(e.getErrorCode()));
            }
            if (e.getStatusCode() == 400) {
                return false;
            }
            throw e;
        }
    }

    private String lockedVersion(BlobClient blob, Duration call) {
        if (blob.exists()) {
            BlobProperties there = blob.getProperties();
            if (until(there) != null
                    && until(there).isAfter(lock.clock().instant().plus(Duration.ofHours(1)))) {
                return there.getVersionId();
            }
        }
        var options = new BlockBlobSimpleUploadOptions(
                        BinaryData.fromBytes("locked".getBytes(StandardCharsets.US_ASCII)))
                .setImmutabilityPolicy(
                        policy(lock.mode(), lock.clock().instant().plus(TEST)));
        return blob.getBlockBlobClient()
                .uploadWithResponse(options, call, Context.NONE)
                .getValue()
                .getVersionId();
    }

    boolean relock(BlobClient blob, Duration least, Duration call) {
        BlobProperties there = blob.getProperties();
        Instant until = until(there);
        if (until != null && until.isAfter(lock.clock().instant().plus(least))) {
            return false;
        }
        Instant wanted = until != null && until.isAfter(lock.until()) ? until : lock.until();
        blob.setImmutabilityPolicyWithResponse(
                policy(isLocked(there) ? Mode.Compliance : lock.mode(), wanted), null, call, Context.NONE);
        return true;
    }

    /** Such a policy cannot be unlocked again. */
    private static boolean isLocked(BlobProperties p) {
        return p.getImmutabilityPolicy() != null
                && BlobImmutabilityPolicyMode.LOCKED.equals(
                        p.getImmutabilityPolicy().getPolicyMode());
    }

    boolean isAsked() {
        return lock != null;
    }

    private static Instant until(BlobProperties p) {
        BlobImmutabilityPolicy policy = p.getImmutabilityPolicy();
        return policy == null || policy.getExpiryTime() == null
                ? null
                : policy.getExpiryTime().toInstant();
    }
}
