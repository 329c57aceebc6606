package io.breakwater.catalog;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.velero.BackupObjects;
import java.util.Optional;

/**
 * Identity of a point in the store.
 *
 * @param site the site whose operator captured it
 * @param namespace the captured namespace
 * @param point name of the RestorePoint there
 */
public record PointKey(String site, String namespace, String point) {
    /** Prefix of all points. */
    public static final String PREFIX = "breakwater/points/";

    static final String SEAL = "point.json";

    /** The point that an object stands for, once its status says so; empty before. */
    public static Optional<PointKey> of(RestorePoint object) {
        RestorePointStatus s = object.getStatus();
        return s == null || s.site == null || s.namespace == null || s.point == null
                ? Optional.empty()
                : Optional.of(new PointKey(s.site, s.namespace, s.point));
    }

    /** Key of the seal. */
    public String sealKey() {
        return directory() + SEAL;
    }

    /** Prefix of the seal, and of what vouches for it. */
    public String directory() {
        return PREFIX + site + "/" + namespace + "/" + point + "/";
    }

    /** Name of the point in Velero's layout. */
    public String backupName() {
        return BackupObjects.name(site, namespace, point);
    }

    /** Prefix of everything that is written beside the repository for the point. */
    public String archivePrefix() {
        return BackupObjects.prefix(backupName());
    }

    /** Key of the archive of resources. */
    public String archiveKey() {
        return BackupObjects.archiveKey(backupName());
    }

    /** Prefix of the namespace's restic repository. */
    public String repositoryPrefix() {
        return "breakwater/repos/" + site + "/" + namespace + "/";
    }

    /** The point whose seal has this key; empty for any other key. */
    public static Optional<PointKey> ofSeal(String key) {
        String[] parts = key.startsWith(PREFIX) ? key.substring(PREFIX.length()).split("/", -1) : new String[0];
        return parts.length == 4 && parts[3].equals(SEAL)
                ? Optional.of(new PointKey(parts[0], parts[1], parts[2]))
                : Optional.empty();
    }

    /** The key that {@link #toString} gave. */
    public static PointKey parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("not the key of a point: " + text);
        }
        return new PointKey(parts[0], parts[1], parts[2]);
    }

    /** {@code <site>/<namespace>/<point>}. */
    @Override
    public String toString() {
        return site + "/" + namespace + "/" + point;
    }
}
