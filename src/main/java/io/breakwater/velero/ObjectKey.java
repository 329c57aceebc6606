package io.breakwater.velero;

import java.util.Optional;

/**
 * Place of an object in an archive.
 *
 * @param group API group; empty for the core group
 * @param resource lower-case plural
 * @param namespace empty for cluster-scoped objects
 * @param name name of the object
 */
public record ObjectKey(String group, String resource, String namespace, String name) {
    static final String ROOT = "resources/";
    private static final String CLUSTER = "cluster";
    private static final String NAMESPACES = "namespaces";
    private static final String SUFFIX = ".json";

    /** Velero's name of the directory: {@code deployments.apps}, {@code pods}. */
    public String directory() {
        return group.isEmpty() ? resource : resource + "." + group;
    }

    public boolean isClusterScoped() {
        return namespace.isEmpty();
    }

    /** The entry that a restore reads. */
    String path() {
        return ROOT + directory() + "/" + place();
    }

    /** The second copy, by API version. */
    String preferredPath(String version) {
        return ROOT + directory() + "/" + version + "-preferredversion/" + place();
    }

    private String place() {
        return (namespace.isEmpty() ? CLUSTER : NAMESPACES + "/" + namespace) + "/" + name + SUFFIX;
    }

    /** The object of an entry; empty for the copies by version and for entries that are not objects. */
    static Optional<ObjectKey> of(String path) {
        if (!path.startsWith(ROOT) || !path.endsWith(SUFFIX)) {
            return Optional.empty();
        }
        String[] p =
                path.substring(ROOT.length(), path.length() - SUFFIX.length()).split("/", -1);
        if (p.length == 3 && p[1].equals(CLUSTER)) {
            return Optional.of(key(p[0], "", p[2]));
        }
        return p.length == 4 && p[1].equals(NAMESPACES) ? Optional.of(key(p[0], p[2], p[3])) : Optional.empty();
    }

    private static ObjectKey key(String directory, String namespace, String name) {
        int dot = directory.indexOf('.');
        return dot < 0
                ? new ObjectKey("", directory, namespace, name)
                : new ObjectKey(directory.substring(dot + 1), directory.substring(0, dot), namespace, name);
    }

    @Override
    public String toString() {
        return directory() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }
}
