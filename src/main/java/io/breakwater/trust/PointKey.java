package io.breakwater.trust;

import io.breakwater.api.Digests;
import io.breakwater.api.RestorePoint;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.velero.BackupObjects;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Identity of a point in the store: the captured namespace, and the name of the RestorePoint there. An identity comes from a key that a store listed, from a verified seal, from a capture of this site, or
 * from {@link IdentityRule}. The status of an object alone never becomes one.
 */
public final class PointKey {
    /** Names of RestorePoints: DNS subdomains. Velero accepts the same names. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?");

    private static final Pattern UID = Pattern.compile("[0-9A-Za-z][0-9A-Za-z-]{0,63}");

    private final CapturedNamespace source;
    private final String point;

    PointKey(CapturedNamespace source, String point) {
        this.source = Objects.requireNonNull(source);
        this.point = Objects.requireNonNull(point);
    }

    /** The point whose seal a store listed; empty for any other object. */
    public static Optional<PointKey> ofSeal(ObjectInfo listed) {
        return ofObject(listed.key()).filter(point -> point.sealKey().equals(listed.key()));
    }

    /** The point whose deleted seal has a tombstone that a store listed; empty for any other object. */
    public static Optional<PointKey> ofTombstone(ObjectInfo listed) {
        int at = listed.key()
                .indexOf(StoreLayout.points(), StoreLayout.pointTombstones().length());
        return at < 0
                ? Optional.empty()
                : ofObject(listed.key().substring(at))
                        .filter(point -> listed.key()
                                .equals(StoreLayout.pointTombstones() + point.source.path() + "/" + point.sealKey()));
    }

    /** The point in whose directory a store listed an object; empty for any other object. */
    public static Optional<PointKey> ofObject(ObjectInfo listed) {
        return ofObject(listed.key());
    }

    /** The point of a seal, whose key the caller found in a store or whose signature it verifies. */
    public static PointKey ofStore(CapturedNamespace source, String point) {
        return new PointKey(source, point);
    }

    /** The point that this site captures, or has captured, for an object of this namespace. */
    public static PointKey ofCapture(CapturedNamespace source, RestorePoint object) {
        return new PointKey(source, object.getMetadata().getName());
    }

    /** An equal key that shares the namespace with another key if it is the same one, since lists contain very many keys. */
    public PointKey sharing(PointKey other) {
        return other != null && other.source.equals(source) ? new PointKey(other.source, point) : this;
    }

    /** Whose data it is. */
    public CapturedNamespace source() {
        return source;
    }

    public String site() {
        return source.site();
    }

    /** Name of the captured namespace. */
    public String namespace() {
        return source.name();
    }

    public String point() {
        return point;
    }

    /** Key of the seal. */
    public String sealKey() {
        return StoreLayout.seal(source, point);
    }

    /** Prefix of the seal, and of the objects that vouch for it. */
    public String directory() {
        return StoreLayout.point(source, point);
    }

    /**
     * Prefix of the encrypted archive. No other RestorePoint has it.
     *
     * @param uid of the RestorePoint that the point was captured for
     */
    public String archivePrefix(String uid) {
        return StoreLayout.archive(source, point, UID.matcher(uid).matches() ? uid : Digests.sha256Hex(uid));
    }

    /** Key of the encrypted archive of objects. */
    public String archiveKey(String uid) {
        return archivePrefix(uid) + "resources.enc";
    }

    /** Name of the point in Velero's layout, for locations that ask for it. */
    public String backupName(String uid) {
        return BackupObjects.name(source, point, uid);
    }

    /** Prefix of the point's objects in Velero's layout. No other RestorePoint has it. */
    public String veleroPrefix(String uid) {
        return BackupObjects.prefix(backupName(uid));
    }

    /** Prefixes of all objects of the point, except its seal and the data in the repository. */
    public List<String> objectPrefixes(String uid) {
        return List.of(archivePrefix(uid), veleroPrefix(uid));
    }

    private static Optional<PointKey> ofObject(String key) {
        String points = StoreLayout.points();
        return key.startsWith(points) ? ofParts(key.substring(points.length()).split("/", -1), 6) : Optional.empty();
    }

    /** The point of a path and, where {@code count} is larger than 5, parts that follow it. */
    private static Optional<PointKey> ofParts(String[] parts, int count) {
        return parts.length == count && NAME.matcher(parts[4]).matches()
                ? CapturedNamespace.of(Arrays.asList(parts).subList(0, 4)).map(source -> new PointKey(source, parts[4]))
                : Optional.empty();
    }

    /** Parses a {@link #path}, from an object that only Breakwater and administrators can write. */
    public static PointKey parse(String path) {
        return find(path)
                .orElseThrow(() -> new IllegalArgumentException("'" + path + "' is not a valid key of a point"));
    }

    /** The same; empty when the text is not a valid path. */
    public static Optional<PointKey> find(String path) {
        return ofParts(path.split("/", -1), 5);
    }

    /** All parts: {@code <site>/<namespace>/<uid of the cluster>/<uid of the namespace>/<point>}. Equal paths are equal points. */
    public String path() {
        return source.path() + "/" + point;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PointKey key && source.equals(key.source) && point.equals(key.point);
    }

    @Override
    public int hashCode() {
        return Objects.hash(source, point);
    }

    /** {@code <site>/<namespace>/<point>}, for messages. */
    @Override
    public String toString() {
        return source + "/" + point;
    }
}
