package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.PointLock;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointKey;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Stores;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Deletes the data of a deleted RestorePoint. First it deletes the seals: from then on the point exists in no location.
 * Then it deletes the archives. Then a Job at the gateway deletes the snapshots in the repository, and the data that only
 * they use. All these objects get tombstones, and retained snapshots are marked; the bytes are free after the grace period.
 * The data stays if the object has {@code deletionPolicy: Retain}, if another site captured the point, and if the whole
 * namespace is being deleted.
 */
@ApplicationScoped
class PointDeletion {
    private static final Duration RECHECK = Duration.ofSeconds(2);
    private static final Duration LOCK_RECHECK = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final Stores stores;
    private final Catalog catalog;
    private final Repositories repositories;
    private final MoverJobs movers;
    private final CaptureSteps steps;
    private final PointCopies copies;
    private final KeptSnapshots snapshots;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    PointDeletion(
            KubernetesClient client,
            BreakwaterConfig config,
            LocationResolver locations,
            Stores stores,
            Catalog catalog,
            Repositories repositories,
            MoverJobs movers,
            CaptureSteps steps,
            PointCopies copies,
            KeptSnapshots snapshots,
            StatusWriter writer,
            Events events,
            Clock clock) {
        this.client = client;
        this.config = config;
        this.locations = locations;
        this.stores = stores;
        this.catalog = catalog;
        this.repositories = repositories;
        this.movers = movers;
        this.steps = steps;
        this.copies = copies;
        this.snapshots = snapshots;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    /**
     * Continues the deletion of the data.
     *
     * @return when to call again; empty when the deletion is complete and the object can be released
     */
    Optional<Duration> deleteData(RestorePoint point) {
        steps.cleanUp(point);
        Optional<PointKey> key = PointKey.of(point);
        if (key.isEmpty() || dataStays(point, key.get())) {
            return Optional.empty();
        }
        if (checkLock(point).isPresent()) {
            return Optional.of(LOCK_RECHECK);
        }
        boolean deleted = true;
        for (String name : locationNames(point)) {
            deleted &= deleteFrom(point, key.get(), name);
        }
        if (deleted) {
            snapshots.markDeleted(key.get().toString(), clock.instant());
            movers.delete(config.namespace(), RunLabel.of(point));
            events.normal(
                    point,
                    Reason.Deleting,
                    "deleted the data of point " + key.get() + " from locations "
                            + String.join(", ", locationNames(point)));
            return Optional.empty();
        }
        return Optional.of(RECHECK);
    }

    /** The data of a held or locked point stays, also where admission was bypassed, which refuses such a deletion. */
    private Optional<PointLock> checkLock(RestorePoint point) {
        NamedRef ref = point.getSpec().policyRef;
        BackupPolicy policy = ref == null
                ? null
                : client.resources(BackupPolicy.class)
                        .inNamespace(point.getMetadata().getNamespace())
                        .withName(ref.name)
                        .get();
        Optional<PointLock> lock =
                PointLock.of(point, policy == null ? null : policy.getSpec().retention, clock.instant());
        lock.ifPresent(
                l -> report(point, l.reason(), l.message() + "; its data is deleted as soon as that is permitted"));
        return lock;
    }

    private boolean dataStays(RestorePoint point, PointKey key) {
        Namespace namespace =
                client.namespaces().withName(point.getMetadata().getNamespace()).get();
        return point.getSpec().deletionPolicy == DeletionPolicy.Retain
                || !config.site().equals(key.site())
                || namespace == null
                || namespace.getMetadata().getDeletionTimestamp() != null;
    }

    /** Names of the locations that may have data of the point. */
    private static Set<String> locationNames(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        Set<String> names = new LinkedHashSet<>();
        if (s.location != null) {
            names.add(s.location);
        }
        if (s.copies != null) {
            s.copies.forEach(c -> names.add(c.location));
        }
        return names;
    }

    /** Deletes the data in one location; false while that is not complete. */
    private boolean deleteFrom(RestorePoint point, PointKey key, String name) {
        try {
            BackupLocation location = locations.resolve(point.getMetadata().getNamespace(), new NamedRef(name));
            ObjectStore store = new SoftDeleteStore(stores.open(location), key.site(), key.namespace());
            catalog.unseal(location, key);
            List<String> archive = new ArrayList<>();
            store.list(key.archivePrefix(), o -> archive.add(o.key()));
            archive.forEach(store::delete);
            boolean deleted = deleteSnapshots(point, key, location);
            if (deleted) {
                catalog.markFinished(location, key);
            }
            return deleted;
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.LocationNotFound) {
                events.warning(
                        point,
                        e.reason(),
                        "the data of point " + key + " stays in location " + name
                                + ": the BackupLocation does not exist any more");
                return true;
            }
            report(
                    point,
                    e.reason(),
                    "could not delete the data in location " + name + ", will retry: " + e.getMessage());
            return false;
        }
    }

    private boolean deleteSnapshots(RestorePoint point, PointKey key, BackupLocation location) {
        List<String> snapshots = snapshots(point);
        Repositories.Access access = new Repositories.Access(
                location, key.site(), key.namespace(), Repositories.Mode.MAINTAIN, Optional.empty());
        if (snapshots.isEmpty() || !repositories.initialised(access)) {
            return true;
        }
        String name = location.getMetadata().getName();
        if (copies.busy(key.site(), key.namespace())) {
            report(point, Reason.Deleting, "location " + name + ": waiting until the copy of the repository has ended");
            return false;
        }
        String run = RunLabel.of(point);
        String id = point.getMetadata().getUid() + "/forget/" + name;
        var request = new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Forget(snapshots), access);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                report(point, Reason.Deleting, "location " + name + ": " + message);
                yield false;
            }
            case MoverJobs.State.Succeeded s -> true;
            case MoverJobs.State.Failed(String message) -> {
                movers.discard(request);
                report(point, Reason.MoverFailed, "location " + name + ": " + message + "; will retry");
                yield false;
            }
        };
    }

    private static List<String> snapshots(RestorePoint point) {
        return point.getStatus().volumes == null
                ? List.of()
                : point.getStatus().volumes.stream()
                        .map(v -> v.repositorySnapshot)
                        .filter(Objects::nonNull)
                        .toList();
    }

    private void report(RestorePoint point, Reason reason, String message) {
        writer.update(point, RestorePointStatus.class, s -> {
            s.progress = "deleting data";
            Conditions.of(s, point.getMetadata().getGeneration(), clock)
                    .set(Condition.READY, false, reason, message)
                    .set(Condition.RECONCILING, true, reason, message);
        });
    }
}
