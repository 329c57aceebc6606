package io.breakwater.rotation;

import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Reason;
import java.util.List;

/**
 * State of the keys of a location.
 *
 * @param writing id of the key that the location is written with
 * @param switched whether this pass changed that key
 * @param keys all keys, for the status
 * @param unread number of points and repositories that no key in the Secret decrypts
 * @param readable condition Readable: whether all data can be decrypted
 * @param rotated condition Rotated: whether all data uses the current key of the Secret; null if the location is only read
 * @param busy whether Jobs are running, so that the next pass should come soon
 */
record RotationResult(
        String writing,
        boolean switched,
        List<BackupLocationStatus.Key> keys,
        int unread,
        Finding readable,
        Finding rotated,
        boolean busy) {

    /** Value of a condition. */
    record Finding(boolean holds, Reason reason, String message) {}
}
