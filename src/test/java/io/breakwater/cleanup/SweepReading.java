package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.points.TestIndex;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.IdentityRule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the sweep and the lock extension find in a location, for tests of other packages. */
public final class SweepReading {
    private SweepReading() {}

    /** What the sweep would delete of unfinished points, one a line. */
    public static List<String> unfinished(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            BreakwaterConfig config,
            Instant before,
            IdentityRule rule,
            RepositoryRegister register,
            List<RestorePoint> points) {
        UnsealedData data =
                new UnsealedData(location, store, catalog, config, before, TestIndex.of(points), rule, register);
        List<String> lines = new ArrayList<>();
        for (InProgressMarker marker : data.abandoned()) {
            data.archive(marker).ifPresent(found -> found.forEach(o -> lines.add("would delete " + o.key())));
        }
        return lines;
    }

    /** The snapshots of a repository that the sweep would delete, one a line. */
    public static List<String> snapshots(
            BackupLocation location,
            ObjectStore store,
            Catalog catalog,
            BreakwaterConfig config,
            Instant before,
            IdentityRule rule,
            RepositoryRegister register,
            List<RestorePoint> points,
            OwnedRepository repository) {
        UnsealedData data =
                new UnsealedData(location, store, catalog, config, before, TestIndex.of(points), rule, register);
        Set<String> candidates = data.candidates(repository);
        return data.unsealed(repository, candidates, data.sealed(List.of(repository))).stream()
                .map(id -> "would delete " + repository.snapshot(id))
                .toList();
    }

    /** Runs the lock extension of a site. */
    public static void extend(ObjectStore store, BackupLocation location, Catalog catalog, String site, Instant now) {
        new LockExtension(
                        store,
                        key -> {
                            Optional<PointDocument> document = catalog.find(location, key);
                            return new LockExtension.Needs(
                                    document.stream()
                                            .flatMap(d -> d.objects().stream())
                                            .map(PointDocument.StoredObject::key)
                                            .toList(),
                                    document.map(PointDocument::repository));
                        },
                        site,
                        Duration.ofDays(40),
                        now)
                .run();
    }

    /** Records a prune of a repository that started and succeeded. */
    public static void prune(ObjectStore store, String repository, Instant at) {
        PruneRecord started = PruneRecord.NONE.start(at);
        started.write(store, repository);
        started.succeed(at.plusSeconds(1), 1L).write(store, repository);
    }

    /** The prunes of a repository, in a line. */
    public static String prunes(ObjectStore store, String repository) {
        return PruneRecord.read(store, repository).toString();
    }
}
