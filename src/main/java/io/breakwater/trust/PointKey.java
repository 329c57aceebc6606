package io.breakwater.trust;

import io.breakwater.api.RestorePoint;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.velero.BackupObjects;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Identity of a point in the store: the site whose operator captured it, the captured namespace, and the name of the
 * RestorePoint there. An identity comes from a key that a store listed, from a verified seal, from a capture of this site, or
 * from {@link IdentityRule}. The status of an object alone never becomes one.
 */
public final class PointKey {
    private final String site;
    private final String namespace;
    private final String point;

    PointKey(String site, String namespace, String point) {
        this.site = Objects.requireNonNull(site);
        this.namespace = Objects.requireNonNull(namespace);
        this.point = Objects.requireNonNull(point);
    }

    /** The point whose seal a store listed; empty for any other object. */
    public static Optional<PointKey> ofSeal(ObjectInfo listed) {
        return ofObject(listed.key()).filter(point -> point.sealKey().equals(listed.key()));
    }

    /** The point whose deleted seal has this key in a listing of tombstones; empty for any other object. */
    public static Stream<PointKey> ofDeletedSeal(String listed) {
        return ofObject(listed).filter(point -> point.sealKey().equals(listed)).stream();
    }

    /** The point in whose directory a store listed an object; empty for any other object. */
    public static Optional<PointKey> ofObject(ObjectInfo listed) {
        return ofObject(listed.key());
    }

    /** The point of a seal, whose key the caller found in a store or whose signature it verifies. */
    public static PointKey ofStore(String site, String namespace, String point) {
        return new PointKey(site, namespace, point);
    }

    /** The point that this site captures, or has captured, for an object: its place follows from the metadata alone. */
    public static PointKey ofCapture(String site, RestorePoint object) {
        return new PointKey(
                site, object.getMetadata().getNamespace(), object.getMetadata().getName());
    }

    public String site() {
        return site;
    }

    public String namespace() {
        return namespace;
    }

    public String point() {
        return point;
    }

    /** Key of the seal. */
    public String sealKey() {
        return StoreLayout.seal(site, namespace, point);
    }

    /** Prefix of the seal, and of the objects that vouch for it. */
    public String directory() {
        return StoreLayout.point(site, namespace, point);
    }

    /**
     * Name of the point in Velero's layout.
     *
     * @param uid of the RestorePoint that the point was captured for
     */
    public String backupName(String uid) {
        return BackupObjects.name(site, namespace, point, uid);
    }

    /** Prefix of the point's objects outside the repository, except the seal. No other point has it. */
    public String archivePrefix(String uid) {
        return BackupObjects.prefix(backupName(uid));
    }

    /** Key of the archive of resources. */
    public String archiveKey(String uid) {
        return BackupObjects.archiveKey(backupName(uid));
    }

    /** The prefix that earlier versions used instead. Another point can have the same one. */
    public String oldArchivePrefix() {
        return BackupObjects.prefix(BackupObjects.oldName(site, namespace, point));
    }

    /** Prefix of the namespace's restic repository. */
    public String repositoryPrefix() {
        return StoreLayout.repository(site, namespace);
    }

    private static Optional<PointKey> ofObject(String key) {
        String points = StoreLayout.points();
        String[] parts = key.startsWith(points) ? key.substring(points.length()).split("/", -1) : new String[0];
        return parts.length == 4 ? Optional.of(new PointKey(parts[0], parts[1], parts[2])) : Optional.empty();
    }

    /** Parses the text that {@link #toString} returned, from an object that only Breakwater and administrators can write. */
    public static PointKey parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("'" + text + "' is not a valid key of a point");
        }
        return new PointKey(parts[0], parts[1], parts[2]);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PointKey key
                && site.equals(key.site)
                && namespace.equals(key.namespace)
                && point.equals(key.point);
    }

    @Override
    public int hashCode() {
        return Objects.hash(site, namespace, point);
    }

    /** {@code <site>/<namespace>/<point>}. */
    @Override
    public String toString() {
        return site + "/" + namespace + "/" + point;
    }
}
