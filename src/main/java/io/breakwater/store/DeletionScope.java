package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.List;
import java.util.stream.Stream;

/**
 * Objects whose deletions belong together, and where their tombstones are: the points and archives of a namespace, or one
 * repository. All readers of a repository see the same tombstones, whichever namespace or site deleted.
 *
 * @param tombstones prefix of the tombstones; the key of the deleted object follows it
 * @param own prefixes of the objects that may be deleted
 * @param archives prefix of the encrypted archives of the namespace; null for a repository
 */
public record DeletionScope(String tombstones, List<String> own, String archives) {
    public DeletionScope {
        own = List.copyOf(own);
    }

    /** The points of a namespace, and the archives that {@link SoftDeleteStore#withArchives} names. */
    public static DeletionScope points(CapturedNamespace source) {
        return new DeletionScope(
                StoreLayout.pointTombstones(source), List.of(StoreLayout.points(source)), StoreLayout.archives(source));
    }

    /** One repository. */
    public static DeletionScope repository(String id) {
        return new DeletionScope(StoreLayout.repositoryTombstones(id), List.of(StoreLayout.repository(id)), null);
    }

    /** @param more directories of archives, each of one RestorePoint of the namespace or in Velero's layout */
    DeletionScope with(List<String> more) {
        for (String prefix : more) {
            if (!mayBeArchive(prefix)) {
                throw new IllegalArgumentException("'" + prefix + "' is not the directory of an archive");
            }
        }
        return new DeletionScope(
                tombstones, Stream.concat(own.stream(), more.stream()).toList(), archives);
    }

    /** Whether a prefix is the directory of one archive: of the namespace, or in Velero's layout. */
    boolean mayBeArchive(String prefix) {
        return isArchive(prefix) || prefix.matches(StoreLayout.veleroArchives() + "[^/]+/");
    }

    private boolean isArchive(String prefix) {
        return archives != null
                && prefix.startsWith(archives)
                && prefix.substring(archives.length()).matches("[^/]+/[^/]+/");
    }

    /** Key of the tombstone of an object. */
    String tombstone(String key) {
        return tombstones + key;
    }

    /** Key of the object of a tombstone. */
    String deleted(String tombstone) {
        return tombstone.substring(tombstones.length());
    }

    boolean covers(String key) {
        return own.stream().anyMatch(key::startsWith);
    }

    void require(String key) {
        if (!covers(key)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden, "object " + key + " was not deleted: it is not in " + String.join(", ", own));
        }
    }
}
