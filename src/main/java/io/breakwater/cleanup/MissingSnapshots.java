package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.points.PointSource;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.IdentityRule;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds snapshots that points of this cluster need and a repository does not have. A prune deletes the data of a snapshot that is
 * not there, and Breakwater signs that deletion. So nothing is pruned while a snapshot is deleted or hidden that Breakwater did not delete.
 */
final class MissingSnapshots {
    private final PointSource points;
    private final IdentityRule rule;

    /** @param points as the API server has them now */
    MissingSnapshots(PointSource points, IdentityRule rule) {
        this.points = points;
        this.rule = rule;
    }

    /**
     * The first RestorePoint whose data a repository lacks, as a cause with a way out; empty when it is complete.
     *
     * @param owners all owners of the repository
     */
    Optional<String> describe(
            BackupLocation location,
            ObjectStore store,
            OwnedRepository repository,
            Collection<CapturedNamespace> owners) {
        Set<String> present = present(store, repository);
        return owners.stream()
                .map(CapturedNamespace::name)
                .distinct()
                .flatMap(namespace -> points.in(namespace).stream())
                .filter(p -> isComplete(p, location.getMetadata().getName()))
                .filter(p -> rule.reportedSnapshots(p, owners, location).anyMatch(id -> !present.contains(id)))
                .findFirst()
                .map(p -> "nothing was pruned in repository " + repository + ": it lacks a snapshot of "
                        + ObjectNames.of(p)
                        + ", and a prune would free its data; restore the snapshot in the store, or delete that"
                        + " RestorePoint");
    }

    private static Set<String> present(ObjectStore store, OwnedRepository repository) {
        String prefix = repository.snapshot("");
        List<String> ids = new SoftDeleteStore(store, repository.deletions())
                .gather(prefix, o -> Optional.of(o.key().substring(prefix.length())));
        return new HashSet<>(ids);
    }

    /** Whether the data of a point must be in a location. The snapshots of a point that is being deleted may be gone. */
    private static boolean isComplete(RestorePoint p, String location) {
        RestorePointStatus s = p.getStatus();
        if (p.getMetadata().getDeletionTimestamp() != null || !p.isSealed()) {
            return false;
        }
        return location.equals(s.location)
                || Stream.ofNullable(s.copies)
                        .flatMap(List::stream)
                        .anyMatch(c -> c.location.equals(location) && c.state == CopyState.Completed);
    }
}
