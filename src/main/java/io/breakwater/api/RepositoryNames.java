package io.breakwater.api;

import java.util.regex.Pattern;

/**
 * The names in a repository that become arguments of restic or paths in a mover. They come from documents and statuses that
 * others may have written, so nothing else is accepted.
 */
public final class RepositoryNames {
    /** Pattern of a snapshot's id: the SHA-256 of its content. */
    public static final String SNAPSHOT = "^[0-9a-f]{64}$";

    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern REPOSITORY = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern CLAIM = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");
    private static final String VOLUMES = "/volumes/";

    /** Characters of an illegal name in a message. */
    private static final int SHOWN = 80;

    private RepositoryNames() {}

    /** Whether a text is the id of a snapshot. */
    public static boolean isSnapshot(String id) {
        return id != null && ID.matcher(id).matches();
    }

    /** Whether a text is the id of a repository. */
    public static boolean isRepository(String id) {
        return id != null && REPOSITORY.matcher(id).matches();
    }

    /**
     * The id of a repository, unchanged. It becomes part of a key, so nothing else is accepted.
     *
     * @throws BreakwaterException Tampered, when it is not one
     */
    public static String requireRepository(String id) {
        if (!isRepository(id)) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    "'" + Texts.cut(String.valueOf(id), SHOWN)
                            + "' is not a valid id of a repository (32 hexadecimal digits); check who can write to the"
                            + " location");
        }
        return id;
    }

    /** Whether a text is a valid name of a PersistentVolumeClaim. */
    public static boolean isClaim(String name) {
        return name != null && CLAIM.matcher(name).matches();
    }

    /** Path of a volume with files in a snapshot: {@code /volumes/<claim>}. */
    public static String filesOf(String claim) {
        return VOLUMES + claim;
    }

    /** Path of a raw block volume in a snapshot: {@code /<claim>}. */
    public static String deviceOf(String claim) {
        return "/" + claim;
    }

    /** Whether a text is the path of a volume with files. */
    public static boolean isFiles(String path) {
        return path != null && path.startsWith(VOLUMES) && isClaim(path.substring(VOLUMES.length()));
    }

    /** Whether a text is the path of a raw block volume. */
    public static boolean isDevice(String path) {
        return path != null && path.startsWith("/") && isClaim(path.substring(1));
    }

    /** @throws BreakwaterException Tampered, when it is not the id of a snapshot */
    public static void requireSnapshot(String id) {
        if (!isSnapshot(id)) {
            throw refused("'" + Texts.cut(String.valueOf(id), SHOWN)
                    + "' is not a valid snapshot id (64 hexadecimal digits)");
        }
    }

    /** @throws BreakwaterException Tampered, when it is not the path of a volume with files */
    public static void requireFiles(String path) {
        if (!isFiles(path)) {
            throw refused("'" + Texts.cut(String.valueOf(path), SHOWN) + "' is not a valid path (/volumes/<claim>)");
        }
    }

    /** @throws BreakwaterException Tampered, when it is not the path of a raw block volume */
    public static void requireDevice(String path) {
        if (!isDevice(path)) {
            throw refused("'" + Texts.cut(String.valueOf(path), SHOWN) + "' is not a valid path (/<claim>)");
        }
    }

    private static BreakwaterException refused(String what) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                what + ", so no mover is started; check who can write RestorePoints and their statuses."
                        + " To delete such a point without its data, set spec.deletionPolicy to Retain");
    }
}
