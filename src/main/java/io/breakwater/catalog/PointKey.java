package io.breakwater.catalog;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.store.StoreLayout;
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
    /** The point that an object represents, once its status names it; empty before. */
    public static Optional<PointKey> of(RestorePoint object) {
        RestorePointStatus s = object.getStatus();
        return s == null || s.site == null || s.namespace == null || s.point == null
                ? Optional.empty()
                : Optional.of(new PointKey(s.site, s.namespace, s.point));
    }

    /** Key of the seal. */
    public String sealKey() {
        return StoreLayout.seal(site, namespace, point);
    }

    /** Prefix of the seal, and of the objects that vouch for it. */
    public String directory() {
        return StoreLayout.point(site, namespace, point);
    }

    /** Name of the point in Velero's layout. */
    public String backupName() {
        return BackupObjects.name(site, namespace, point);
    }

    /** Prefix of the point's objects outside the repository, except the seal. */
    public String archivePrefix() {
        return BackupObjects.prefix(backupName());
    }

    /** Key of the archive of resources. */
    public String archiveKey() {
        return BackupObjects.archiveKey(backupName());
    }

    /** Prefix of the namespace's restic repository. */
    public String repositoryPrefix() {
        return StoreLayout.repository(site, namespace);
    }

    /** The point whose seal has this key; empty for any other key. */
    public static Optional<PointKey> ofSeal(String key) {
        return ofObject(key).filter(point -> point.sealKey().equals(key));
    }

    /** The point in whose directory this key is; empty for any other key. */
    static Optional<PointKey> ofObject(String key) {
        String points = StoreLayout.points();
        String[] parts = key.startsWith(points) ? key.substring(points.length()).split("/", -1) : new String[0];
        return parts.length == 4 ? Optional.of(new PointKey(parts[0], parts[1], parts[2])) : Optional.empty();
    }

    /** Parses the text that {@link #toString} returned. */
    public static PointKey parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("'" + text + "' is not a valid key of a point");
        }
        return new PointKey(parts[0], parts[1], parts[2]);
    }

    /** {@code <site>/<namespace>/<point>}. */
    @Override
    public String toString() {
        return site + "/" + namespace + "/" + point;
    }
}
