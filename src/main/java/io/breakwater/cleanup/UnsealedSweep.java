package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.InProgressMarker;
import io.breakwater.catalog.PointKey;
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
 * Removes what {@link UnsealedData} finds: archives by tombstones that mean exactly the objects that were found, snapshots by
 * a Job at the gateway, whose deletions are tombstones too. May be cut off anywhere and done again.
 */
@ApplicationScoped
class UnsealedSweep {
    /** Snapshots that one Job removes; the rest is found again. */
    private static final int AT_A_TIME = 200;

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Stores stores;
    private final Catalog catalog;
    private final MoverJobs movers;
    private final PointCopies copies;
    private final KeptSnapshotSweep kept;
    private final Clock clock;

    UnsealedSweep(
            KubernetesClient client,
            BreakwaterConfig config,
            Stores stores,
            Catalog catalog,
            MoverJobs movers,
            PointCopies copies,
            KeptSnapshots kept,
            Clock clock) {
        this.client = client;
        this.config = config;
        this.stores = stores;
        this.catalog = catalog;
        this.movers = movers;
        this.copies = copies;
        this.kept = new KeptSnapshotSweep(kept, catalog, config.sweep().grace());
        this.clock = clock;
    }

    /**
     * What one look at a location did.
     *
     * @param archives of points that never were, which are under tombstones now
     * @param bytes of these archives
     * @param uploads that were cut off, and are gone
     * @param kept snapshots in the storage that no point names, which are removed
     * @param snapshots that no point names, by namespace; to be removed by {@link #forget}, as is data of which there is not
     *     even a snapshot, where there are none
     * @param trouble what could not be done, and why
     */
    record Found(
            int archives,
            long bytes,
            int uploads,
            int kept,
            Map<String, List<String>> snapshots,
            List<BreakwaterException> trouble) {}

    /**
     * Looks through a location, and removes what needs no Job. Blocks.
     *
     * @throws BreakwaterException when the location could not be read; what was done until then stays done
     */
    Found sweep(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        Instant before = now.minus(config.sweep().unsealed());
        List<RestorePoint> points =
                client.resources(RestorePoint.class).inAnyNamespace().list().getItems();
        UnsealedData data = new UnsealedData(location, store, catalog, config.site(), before, points);
        List<BreakwaterException> trouble = new ArrayList<>();
        int archives = 0;
        long bytes = 0;
        int uploads = abandon(store, StoreLayout.repositories(config.site()), before, trouble);
        Set<String> loose = new TreeSet<>();
        for (InProgressMarker begun : data.begun()) {
            Optional<List<ObjectInfo>> archive = data.archive(begun);
            if (archive.isPresent()) {
                SoftDeleteStore grace = new SoftDeleteStore(
                        store, begun.key().site(), begun.key().namespace());
                archive.get().forEach(grace::delete);
                uploads += abandon(store, begun.key().archivePrefix(), before, trouble);
                if (mayHaveMoved(store, begun)) {
                    loose.add(begun.key().namespace());
                } else {
                    InProgressMarker.delete(store, begun.key());
                }
                archives += archive.get().isEmpty() ? 0 : 1;
                bytes += archive.get().stream().mapToLong(ObjectInfo::size).sum();
            }
        }
        int dropped = kept.sweep(location, now, before, data::isBusy, trouble);
        Map<String, List<String>> snapshots = snapshots(data, loose, trouble);
        tidy(location, data, snapshots);
        return new Found(archives, bytes, uploads, dropped, snapshots, trouble);
    }

    /** Whether data of what was begun may lie in the repository, of which no snapshot tells: its mark stays until it is gone. */
    private static boolean mayHaveMoved(ObjectStore store, InProgressMarker begun) {
        return store.head(begun.key().sealKey()).isEmpty()
                && store.head(begun.key().repositoryPrefix() + "config").isPresent();
    }

    /** Takes Jobs away that ended while nobody looked; copies would wait for them. */
    private void tidy(BackupLocation location, UnsealedData data, Map<String, List<String>> snapshots) {
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
            trouble.add(e); // a right of its own, at some stores
            return 0;
        }
    }

    /** @param loose namespaces in whose repositories there may be data without a snapshot */
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
                trouble.add(e); // one namespace's seals must not keep the others' garbage
            }
        }
        return found;
    }

    /**
     * Removes snapshots and what only they needed. To be called until it is over; at most one Job runs for a repository.
     *
     * @return empty when it is not begun now, since a capture, a removal or a copy comes first
     */
    Optional<MoverJobs.State> forget(BackupLocation location, String namespace, List<String> snapshots) {
        MoverJobs.Request request = request(location, namespace, snapshots);
        if (!movers.runs(config.namespace()).contains(request.run())) {
            String head = new PointKey(config.site(), namespace, "").repositoryPrefix() + "config";
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
            settle(location, namespace);
        }
        if (!(state instanceof MoverJobs.State.Running)) {
            movers.delete(config.namespace(), request.run());
        }
        return Optional.of(state);
    }

    /** Takes the marks away of what was begun in a namespace, of which nothing is left. */
    private void settle(BackupLocation location, String namespace) {
        ObjectStore store = stores.open(location);
        Instant before = LocationDocument.now(store, clock).minus(config.sweep().unsealed());
        List<RestorePoint> points =
                client.resources(RestorePoint.class).inAnyNamespace().list().getItems();
        new UnsealedData(location, store, catalog, config.site(), before, points)
                .begun().stream()
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
        return new UnsealedData(location, stores.open(location), catalog, config.site(), clock.instant(), points)
                .isBusy(namespace);
    }
}
