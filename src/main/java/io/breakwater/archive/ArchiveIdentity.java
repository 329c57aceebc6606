package io.breakwater.archive;

import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.PointKey;

/**
 * What an archive is: its role in a point, the point, and the RestorePoint that it was captured for. An archive can only be
 * decrypted with the identity that it was encrypted for. The location is not a part of it, so copies of an archive can be
 * decrypted too.
 *
 * @param role of the archive in the point
 * @param source the captured namespace
 * @param point name of the point
 * @param uid of the RestorePoint
 */
public record ArchiveIdentity(String role, CapturedNamespace source, String point, String uid) {
    private static final String VERSION = "breakwater archive 1";
    private static final String RESOURCES = "resources";

    /** The archive of a point's objects. */
    public static ArchiveIdentity ofResources(PointKey key, String uid) {
        return new ArchiveIdentity(RESOURCES, key.source(), key.point(), uid);
    }

    /** The identity as bytes. Each part has its length before it, so two identities never have the same bytes. */
    byte[] associatedData() {
        return source.bytes(VERSION, role, point, uid);
    }

    @Override
    public String toString() {
        return source.path() + "/" + point + "/" + uid + "/" + role;
    }
}
