package io.breakwater.catalog;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;

/**
 * The bytes that copies of archives may have together. The size limit of the temporary directory cannot be read from its file
 * system, and the kubelet evicts a pod that exceeds it. So the room is counted here, before a copy starts.
 */
final class SpoolRoom {
    /** Bytes that stay free for everything else that uses the temporary directory. */
    private static final long RESERVE = 64L << 20;

    private final long all;
    private long used;

    /** @param limit bytes of the temporary directory */
    SpoolRoom(long limit) {
        this.all = Math.max(limit - RESERVE, 0);
    }

    /**
     * Reserves the bytes of an archive until {@link #release}.
     *
     * @throws BreakwaterException ResourcesFailed, if it can never fit; StoreUnavailable, if it must wait for others
     */
    synchronized void reserve(String archive, long bytes) {
        if (bytes > all) {
            throw BreakwaterException.permanent(
                    Reason.ResourcesFailed,
                    archive + " was not copied: it has " + bytes + " bytes, but the operator has room for " + all
                            + "; increase the Helm value operator.tmp, then create a new Restore");
        }
        if (bytes > all - used) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    archive + " was not copied: it has " + bytes + " bytes, but archives of other restores use " + used
                            + " of " + all + " in the temporary directory; will retry when they have ended, or increase"
                            + " the Helm value operator.tmp");
        }
        used += bytes;
    }

    synchronized void release(long bytes) {
        used -= bytes;
    }
}
