package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.IdentityRule;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Deletes the data that {@link UnsealedData} finds. Archives are deleted by tombstones for exactly the objects that were found.
 * Snapshots are deleted by a Job through the gateway, which writes tombstones too. Can be repeated after an interruption.
 */
@ApplicationScoped
class UnsealedSweep {
    /** Number of snapshots that one Job deletes; the next round finds the others again. */
    private static final int AT_A_TIME = 200;

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Stores stores;
    private final Catalog catalog;
    private final MoverJobs movers;
    private final PointCopies copies;
    private final KeptSnapshotSweep kept;
    private final Clock clock;
    private final IdentityRule rule;

    UnsealedSweep(
            KubernetesClient client,
            BreakwaterConfig config,
            Stores stores,
            Catalog catalog,
            MoverJobs movers,
            PointCopies copies,
            KeptSnapshots kept,
            Clock clock,
            IdentityRule rule) {
        this.client = client;
        this.config = config;
        this.stores = stores;
        this.catalog = catalog;
        this.movers = movers;
        this.copies = copies;
        this.kept = new KeptSnapshotSweep(kept, catalog, config.sweep().grace());
        this.clock = clock;
        this.rule = rule;
    }

    /**
     * Result of one sweep of a location.
     *
     * @param archives number of archives of unfinished points that have tombstones now
     * @param bytes size of these archives
     * @param uploads number of deleted unfinished uploads
     * @param kept number of deleted retained snapshots that no point references
     * @param snapshots snapshots that no point references, by namespace, for {@link #forget}. An empty list stands for data
     *     without any snapshot
     * @param trouble errors of parts that could not be swept
     */
    record Found(
            int archives,
            long bytes,
            int uploads,
            int kept,
            Map<String, List<String>> snapshots,
            List<BreakwaterException> trouble) {}

    /**
     * Sweeps a location, and deletes all data that needs no Job. Blocks.
     *
     * @throws BreakwaterException if the location could not be read; deletions made before that stay
     */
    Found sweep(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        Instant before = now.minus(config.sweep().unsealed());
        List<RestorePoint> points =
                client.resources(RestorePoint.class).inAnyNamespace().list().getItems();
        UnsealedData data = new UnsealedData(location, store, catalog, config, before, points, rule);
        List<BreakwaterException> trouble = new ArrayList<>();
        int archives = 0;
        long bytes = 0;
        int uploads = abandon(store, StoreLayout.repositories(config.site()), before, trouble);
        Set<String> loose = new TreeSet<>();
        for (InProgressMarker marker : data.abandoned()) {
            Optional<List<ObjectInfo>> archive = data.archive(marker);
            if (archive.isPresent()) {
                List<String> prefixes =
                        marker.uid(store).map(marker.key()::objectPrefixes).orElse(List.of());
                SoftDeleteStore soft = new SoftDeleteStore(
                                store, marker.key().site(), marker.key().namespace())
                        .withArchives(prefixes);
                archive.get().forEach(soft::delete);
                uploads += prefixes.stream()
                        .mapToInt(p -> abandon(store, p, before, trouble))
                        .sum();
                if (mayHaveMoved(store, marker)) {
                    loose.add(marker.key().namespace());
                } else {
                    InProgressMarker.delete(store, marker.key());
                }
                archives += archive.get().isEmpty() ? 0 : 1;
                bytes += archive.get().stream().mapToLong(ObjectInfo::size).sum();
            }
        }
        int deleted = kept.sweep(location, now, before, data::isBusy, trouble);
        Map<String, List<String>> snapshots = snapshots(data, loose, trouble);
        deleteEndedJobs(location, data, snapshots);
        return new Found(archives, bytes, uploads, deleted, snapshots, trouble);
    }

    /** Whether the repository may contain data of an unfinished backup without a snapshot. Its marker stays as long. */
    private static boolean mayHaveMoved(ObjectStore store, InProgressMarker marker) {
        return store.head(marker.key().sealKey()).isEmpty()
                && store.head(marker.key().repositoryPrefix() + "config").isPresent();
    }

    /** Deletes ended Jobs of namespaces that need no cleanup now; copies would wait for them. */
    private void deleteEndedJobs(BackupLocation location, UnsealedData data, Map<String, List<String>> snapshots) {
        Set<String> runs = movers.runs(config.namespace());
        data.namespaces().stream()
                .filter(namespace -> !snapshots.containsKey(namespace))
                .map(namespace -> RunLabel.ofCleanup(location, config.site(), namespace))
                .filter(runs::contains)
                .forEach(run -> movers.delete(config.namespace(), run));
    }

    private static int abandon(ObjectStore store, String prefix, Instant before, List<BreakwaterException> trouble) {
        try {
            return store.abandonUploads(prefix, before);
        } catch (BreakwaterException e) {
            trouble.add(e); // some stores need a separate permission for this
            return 0;
        }
    }

    /** @param loose namespaces whose repositories may contain data without a snapshot */
    private Map<String, List<String>> snapshots(
            UnsealedData data, Set<String> loose, List<BreakwaterException> trouble) {
        Map<String, List<String>> found = new TreeMap<>();
        for (String namespace : data.namespaces()) {
            try {
                List<String> unsealed = data.isBusy(namespace) ? List.of() : data.snapshots(namespace);
                if (!unsealed.isEmpty() || loose.contains(namespace) && data.isWhole(namespace)) {
                    found.put(namespace, unsealed.stream().limit(AT_A_TIME).toList());
                }
            } catch (BreakwaterException e) {
                trouble.add(e); // unreadable seals of one namespace must not stop the cleanup of others
            }
        }
        return found;
    }

    /**
     * Deletes snapshots and the data that only they need, by a Job. Call it until the Job ends. A repository has at most one
     * such Job.
     *
     * @return empty if the Job cannot start now, because a capture, a deletion or a copy has priority
     */
    Optional<MoverJobs.State> forget(BackupLocation location, String namespace, List<String> snapshots) {
        MoverJobs.Request request = request(location, namespace, snapshots);
        if (!movers.runs(config.namespace()).contains(request.run())) {
            String head = StoreLayout.repository(config.site(), namespace) + "config";
            if (stores.open(location).head(head).isEmpty()) {
                return Optional.of(new MoverJobs.State.Failed(
                        "the repository of namespace " + namespace + " has no config, so it cannot be opened"));
            }
            if (isBusy(location, namespace) || copies.busy(config.site(), namespace)) {
                return Optional.empty();
            }
        }
        MoverJobs.State state = movers.poll(request);
        if (state instanceof MoverJobs.State.Succeeded) {
            deleteMarkers(location, namespace);
        }
        if (!(state instanceof MoverJobs.State.Running)) {
            movers.delete(config.namespace(), request.run());
        }
        return Optional.of(state);
    }

    /** Deletes the markers of unfinished backups of a namespace whose data is deleted. */
    private void deleteMarkers(BackupLocation location, String namespace) {
        ObjectStore store = stores.open(location);
        Instant before = LocationDocument.now(store, clock).minus(config.sweep().unsealed());
        List<RestorePoint> points =
                client.resources(RestorePoint.class).inAnyNamespace().list().getItems();
        new UnsealedData(location, store, catalog, config, before, points, rule)
                .abandoned().stream()
                        .filter(b -> b.key().namespace().equals(namespace))
                        .filter(b -> store.head(b.key().sealKey()).isEmpty())
                        .forEach(b -> InProgressMarker.delete(store, b.key()));
    }

    private MoverJobs.Request request(BackupLocation location, String namespace, List<String> snapshots) {
        String run = RunLabel.ofCleanup(location, config.site(), namespace);
        String id = "unsealed/" + location.getMetadata().getUid() + "/" + namespace;
        var access = new Repositories.Access(
                location, config.site(), namespace, Repositories.Mode.MAINTAIN, Optional.empty());
        return new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Forget(snapshots), access);
    }

    private boolean isBusy(BackupLocation location, String namespace) {
        List<RestorePoint> points = client.resources(RestorePoint.class)
                .inNamespace(namespace)
                .list()
                .getItems();
        return new UnsealedData(location, stores.open(location), catalog, config, clock.instant(), points, rule)
                .isBusy(namespace);
    }
}
