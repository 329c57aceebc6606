package io.breakwater.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.RepositoryNames;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.util.List;
import java.util.Optional;

/**
 * What belongs to a point whose seal was deleted, in the tombstone of the seal. The operator that deletes the point takes it from
 * the verified seal, and signs it with the tombstone. So the deletion needs no other object, and a reader needs no seal.
 *
 * @param directories of its archive
 * @param repository id of the repository with its snapshots; null without moved data
 * @param snapshots ids of its snapshots in that repository
 * @param added bytes that its capture added to the repository, as its seal states them
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeletedPoint(List<String> directories, String repository, List<String> snapshots, long added) {
    public DeletedPoint {
        directories = directories == null ? List.of() : List.copyOf(directories);
        snapshots = snapshots == null ? List.of() : List.copyOf(snapshots);
    }

    /**
     * The point of the tombstone of a seal; empty unless it is a valid one of a deletion that was not undone. A tombstone alone is no
     * proof: while the seal exists, the point needs its snapshots.
     */
    public static Optional<DeletedPoint> read(ObjectStore store, ObjectInfo tombstone) {
        return Tombstone.readIfValid(store, tombstone.key())
                .filter(t ->
                        t.state() == Tombstone.State.Dead && tombstone.key().endsWith("/" + t.key()))
                .filter(t -> !t.isUndone(store))
                .map(Tombstone::point);
    }

    /**
     * Writes the tombstones of the snapshots. A snapshot that has a valid one, or does not exist, is skipped. Another object in its
     * place hides nothing, so it is replaced.
     *
     * @return number of snapshots that were hidden now
     */
    public int hideSnapshots(ObjectStore store) {
        int hidden = 0;
        for (String key : snapshotKeys()) {
            DeletionScope scope = DeletionScope.repository(repository);
            boolean dead = Tombstone.readIfValid(store, scope.tombstone(key))
                    .filter(t -> t.state() != Tombstone.State.Revived && key.equals(t.key()))
                    .isPresent();
            if (!dead) {
                new SoftDeleteStore(store, scope).delete(key);
                hidden++;
            }
        }
        return hidden;
    }

    /** Undoes {@link #hideSnapshots}. */
    public void showSnapshots(ObjectStore store) {
        snapshotKeys().forEach(key -> new SoftDeleteStore(store, DeletionScope.repository(repository)).undelete(key));
    }

    /** Keys of the snapshots. An id that is not valid names nothing. */
    private List<String> snapshotKeys() {
        return RepositoryNames.isRepository(repository)
                ? snapshots.stream()
                        .filter(RepositoryNames::isSnapshot)
                        .map(id -> StoreLayout.repository(repository) + "snapshots/" + id)
                        .toList()
                : List.of();
    }

    /** The directories that are of archives of the namespace. */
    List<String> archives(DeletionScope points) {
        return directories.stream().filter(points::mayBeArchive).toList();
    }
}
