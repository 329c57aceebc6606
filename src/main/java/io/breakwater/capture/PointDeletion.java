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
 * What deleting a RestorePoint removes: first the seals, so that from then on there is no point in any location; then the
 * archives; then, by a Job at the gateway, the repository's snapshots and what only they needed. All of it is put under
 * tombstones, kept snapshots are marked, and the bytes are free after a grace period. Data stays when the object
 * says Retain, when another site captured it, and when the whole namespace is being deleted.
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
     * Goes on with removing what a deleted RestorePoint stands for.
     *
     * @return when to look again; empty when everything is dealt with and the object may go
     */
    Optional<Duration> remove(RestorePoint point) {
        steps.abandon(point);
        Optional<PointKey> key = PointKey.of(point);
        if (key.isEmpty() || dataStays(point, key.get())) {
            return Optional.empty();
        }
        Optional<Duration> kept = kept(point);
        if (kept.isPresent()) {
            return kept;
        }
        boolean gone = true;
        for (String name : places(point)) {
            gone &= removedFrom(point, key.get(), name);
        }
        if (gone) {
            snapshots.markDeleted(key.get().toString(), clock.instant());
            movers.delete(config.namespace(), RunLabel.of(point));
            events.normal(point, Reason.Deleting, "removed the data of " + key.get() + " from " + places(point));
            return Optional.empty();
        }
        return Optional.of(RECHECK);
    }

    /** Admission refuses the deletion of a held or locked point; where it was passed by, the data stays all the same. */
    private Optional<Duration> kept(RestorePoint point) {
        NamedRef ref = point.getSpec().policyRef;
        BackupPolicy policy = ref == null
                ? null
                : client.resources(BackupPolicy.class)
                        .inNamespace(point.getMetadata().getNamespace())
                        .withName(ref.name)
                        .get();
        Optional<PointLock> lock =
                PointLock.of(point, policy == null ? null : policy.getSpec().retention, clock.instant());
        lock.ifPresent(l -> tell(point, l.reason(), l.message() + "; its data goes once it may"));
        return lock.map(l -> LOCK_RECHECK);
    }

    private boolean dataStays(RestorePoint point, PointKey key) {
        Namespace namespace =
                client.namespaces().withName(point.getMetadata().getNamespace()).get();
        return point.getSpec().deletionPolicy == DeletionPolicy.Retain
                || !config.site().equals(key.site())
                || namespace == null
                || namespace.getMetadata().getDeletionTimestamp() != null;
    }

    /** Names of the locations in which anything of the point may lie. */
    private static Set<String> places(RestorePoint point) {
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

    private boolean removedFrom(RestorePoint point, PointKey key, String name) {
        try {
            BackupLocation location = locations.resolve(point.getMetadata().getNamespace(), new NamedRef(name));
            ObjectStore store = new SoftDeleteStore(stores.open(location), key.site(), key.namespace());
            catalog.unseal(location, key);
            List<String> archive = new ArrayList<>();
            store.list(key.archivePrefix(), o -> archive.add(o.key()));
            archive.forEach(store::delete);
            boolean gone = pruned(point, key, location);
            if (gone) {
                catalog.markFinished(location, key);
            }
            return gone;
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.LocationNotFound) {
                events.warning(
                        point,
                        e.reason(),
                        "the data of " + key + " stays in location " + name + ", which is not known here any more");
                return true;
            }
            tell(point, e.reason(), "removing the data from location " + name + ": " + e.getMessage());
            return false;
        }
    }

    private boolean pruned(RestorePoint point, PointKey key, BackupLocation location) {
        List<String> snapshots = snapshots(point);
        Repositories.Access access = new Repositories.Access(
                location, key.site(), key.namespace(), Repositories.Mode.MAINTAIN, Optional.empty());
        if (snapshots.isEmpty() || !repositories.initialised(access)) {
            return true;
        }
        String name = location.getMetadata().getName();
        if (copies.busy(key.site(), key.namespace())) {
            tell(point, Reason.Deleting, "location " + name + ": waiting for a copy of the repository to end");
            return false;
        }
        String run = RunLabel.of(point);
        String id = point.getMetadata().getUid() + "/forget/" + name;
        var request = new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Forget(snapshots), access);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                tell(point, Reason.Deleting, "location " + name + ": " + message);
                yield false;
            }
            case MoverJobs.State.Succeeded s -> true;
            case MoverJobs.State.Failed(String message) -> {
                movers.discard(request);
                tell(point, Reason.MoverFailed, "location " + name + ": " + message + "; trying again");
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

    private void tell(RestorePoint point, Reason reason, String message) {
        writer.update(point, RestorePointStatus.class, s -> {
            s.progress = "removing data";
            Conditions.of(s, point.getMetadata().getGeneration(), clock)
                    .set(Condition.READY, false, reason, message)
                    .set(Condition.RECONCILING, true, reason, message);
        });
    }
}
