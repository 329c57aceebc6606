package io.breakwater.rotation;

import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Reason;
import java.util.List;

/**
 * How the keys of a location stand.
 *
 * @param writing id of the key that it is written with
 * @param turned whether that changed just now
 * @param keys all keys, for the status
 * @param unread how much no key at hand opens
 * @param readable why everything can be read, or what cannot
 * @param rotated whether everything is where the Secret wants it; null where nothing may be written
 * @param busy whether work is going on that is worth a look soon
 */
record RotationResult(
        String writing,
        boolean turned,
        List<BackupLocationStatus.Key> keys,
        int unread,
        Told readable,
        Told rotated,
        boolean busy) {

    /** A condition in the making. */
    record Told(boolean holds, Reason reason, String message) {}
}
