package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.cleanup.PruneRules.Garbage;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DeletedPoint;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.Tombstone;
import io.breakwater.trust.PointKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Hides the snapshots of deleted points in their repositories, and estimates the garbage there. The signed tombstones of the seals
 * name the snapshots. Each tombstone is read once in the life of the process, and only while it is newer than the last prune.
 */
final class DeletedSnapshots {
    private static final int MOST_READ = 100_000;

    /** @param version of the tombstone that was read; the same point deleted again has the same content, so also the same etag */
    private record ReadPoint(Tombstone.Version version, long added) {}

    private final Map<String, ReadPoint> read = BoundedCache.of(MOST_READ);

    /**
     * Hides the snapshots of a site's deleted points.
     *
     * @param owned the repositories that only this site owns, by their owners; nothing is hidden in others
     * @param records the record of the prunes of a repository
     * @return what was deleted in each repository since its last prune, by the id
     */
    Map<String, Garbage> hide(
            BackupLocation location,
            ObjectStore store,
            String site,
            Map<CapturedNamespace, String> owned,
            Function<String, PruneRecord> records) {
        Map<String, Garbage> pending = new HashMap<>();
        for (ObjectInfo tombstone : store.gather(
                StoreLayout.pointTombstones(site), o -> PointKey.ofTombstone(o).map(key -> o))) {
            String repository =
                    owned.get(PointKey.ofTombstone(tombstone).orElseThrow().source());
            if (repository != null && records.apply(repository).isPending(tombstone.lastModified())) {
                added(location, store, tombstone, repository)
                        .ifPresent(bytes -> pending.merge(
                                repository,
                                Garbage.NONE.and(bytes, tombstone.lastModified()),
                                (a, b) -> a.and(b.bytes(), b.oldest())));
            }
        }
        Set<String> ids = new HashSet<>(owned.values());
        store.list(
                StoreLayout.repositoryTombstones(),
                o -> StoreLayout.repositoryOfHiddenSnapshot(o.key())
                        .filter(ids::contains)
                        .filter(id -> records.apply(id).isPending(o.lastModified()))
                        .ifPresent(id -> pending.merge(
                                id, Garbage.NONE.and(0, o.lastModified()), (a, b) -> a.and(b.bytes(), b.oldest()))));
        return pending;
    }

    /**
     * Bytes that a deleted point added to its repository; empty without snapshots there, and while its seal exists. Hides the
     * snapshots at the first call.
     */
    private Optional<Long> added(BackupLocation location, ObjectStore store, ObjectInfo tombstone, String repository) {
        String key = location.getMetadata().getUid() + "/" + tombstone.key();
        ReadPoint known = read.get(key);
        Tombstone.Version version = Tombstone.Version.of(tombstone);
        if (known == null || !known.version().equals(version)) {
            Optional<DeletedPoint> point = DeletedPoint.read(store, tombstone)
                    .filter(p ->
                            repository.equals(p.repository()) && !p.snapshots().isEmpty());
            point.ifPresent(p -> hide(store, tombstone, p));
            known = new ReadPoint(version, point.map(DeletedPoint::added).orElse(-1L));
            if (point.isPresent()
                    || store.head(PointKey.ofTombstone(tombstone).orElseThrow().sealKey())
                            .isEmpty()) {
                read.put(key, known); // the next round looks again at one whose seal exists
            }
        }
        return Optional.of(known.added()).filter(bytes -> bytes >= 0);
    }

    /** An undelete changes the tombstone first. If it did so meanwhile, it may have looked before the snapshots were hidden. */
    private static void hide(ObjectStore store, ObjectInfo tombstone, DeletedPoint point) {
        point.hideSnapshots(store);
        boolean same = store.head(tombstone.key())
                .filter(o -> Tombstone.Version.of(o.info()).equals(Tombstone.Version.of(tombstone)))
                .isPresent();
        if (!same) {
            point.showSnapshots(store);
        }
    }
}
