package io.breakwater.cleanup;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletedObjects.Swept;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** Frees the data that this site deleted longer than the grace period ago, and undeletes RestorePoints on request. */
@Singleton
@ControllerConfiguration(name = "sweep", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class TombstoneReconciler extends LocationController<Swept> {
    private final KubernetesClient client;
    private final Stores stores;
    private final UndeletePoint undelete;
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Events events;
    private final Clock clock;
    private final NamespaceIdentities identities;
    private final RepositoryRegister register;

    /** Locations whose last sweep succeeded. In other locations an earlier sweep may have left claimed tombstones. */
    private final Set<String> swept = ConcurrentHashMap.newKeySet();

    TombstoneReconciler(
            ObjectCache objects,
            KubernetesClient client,
            Stores stores,
            UndeletePoint undelete,
            BreakwaterConfig config,
            Meters meters,
            Events events,
            Clock clock,
            NamespaceIdentities identities,
            RepositoryRegister register) {
        super(objects, LocationWork.TOMBSTONES, clock);
        this.client = client;
        this.stores = stores;
        this.undelete = undelete;
        this.config = config;
        this.meters = meters;
        this.events = events;
        this.clock = clock;
        this.identities = identities;
        this.register = register;
    }

    @Override
    protected boolean applies(BackupLocation location) {
        return super.applies(location) && location.getSpec().accessMode != AccessMode.ReadOnly;
    }

    @Override
    protected boolean isRequested(BackupLocation location) {
        return undeleteRequest(location).isPresent();
    }

    @Override
    protected Swept work(BackupLocation location) {
        undeleteRequest(location).ifPresent(point -> undelete(location, point));
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        boolean thorough = !swept.contains(location.getMetadata().getUid());
        // An entry that cannot be verified names no repository, so nothing is freed there.
        return new DeletedObjects(
                        store,
                        config.site(),
                        register.ownedBy(location, config.site(), e -> warn(location, e)),
                        Repositories.longest(config),
                        repository -> isAlone(location, repository),
                        unpruned(store, now))
                .sweep(config.sweep().grace(), now, thorough);
    }

    private boolean isAlone(BackupLocation location, String repository) {
        try {
            return register.owners(location, repository).stream()
                    .allMatch(owner -> owner.site().equals(config.site()));
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            warn(location, e);
            return false;
        }
    }

    /** The hidden snapshots that are newer than the last prune of their repository. Reads the record of each repository once. */
    private static Predicate<ObjectInfo> unpruned(ObjectStore store, Instant now) {
        Map<String, PruneRecord> records = new HashMap<>();
        return tombstone -> StoreLayout.repositoryOfHiddenSnapshot(tombstone.key())
                .map(id -> records.computeIfAbsent(
                        id, repository -> PruneRecord.read(store, repository).at(now)))
                .filter(record -> record.isPending(tombstone.lastModified()))
                .isPresent();
    }

    private void warn(BackupLocation location, BreakwaterException e) {
        events.warning(location, e.reason(), e.getMessage());
    }

    @Override
    protected Duration done(BackupLocation location, Swept result) {
        swept.add(location.getMetadata().getUid());
        report(location, result);
        return config.sweep().interval();
    }

    /** The next reconciliation repeats the sweep, and that sweep is thorough. */
    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        swept.remove(location.getMetadata().getUid());
        events.warning(location, e.reason(), "could not free deleted data, will retry: " + e.getMessage());
        return Duration.ZERO;
    }

    @Override
    protected void forget(BackupLocation location) {
        swept.remove(location.getMetadata().getUid());
        meters.remove(MeterName.TOMBSTONES, tags(location));
    }

    private static Optional<String> undeleteRequest(BackupLocation location) {
        return Optional.ofNullable(location.getMetadata().getAnnotations()).map(a -> a.get(Api.UNDELETE));
    }

    private void undelete(BackupLocation location, String point) {
        try {
            undelete.undelete(location, named(point));
            events.audited(
                    location,
                    Reason.Completed,
                    "undeleted RestorePoint " + point,
                    AuditEntry.of(AuditAction.Undelete, AuditResult.Finished).between("RestorePoint " + point, null));
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            events.audited(
                    location,
                    e.reason(),
                    "could not undelete RestorePoint " + point + ": " + e.getMessage(),
                    AuditEntry.failure(AuditAction.Undelete, e.reason()).between("RestorePoint " + point, null));
        }
        client.resource(location).edit(l -> {
            l.getMetadata().getAnnotations().remove(Api.UNDELETE, point);
            return l;
        });
    }

    /** The point that an administrator names: by the namespace that has the name now, or by its full path. */
    private PointKey named(String point) {
        String[] parts = point.split("/", -1);
        Optional<PointKey> found = parts.length == 2
                ? identities.named(parts[0]).map(source -> PointKey.ofStore(source, parts[1]))
                : PointKey.find(point).filter(key -> key.site().equals(config.site()));
        return found.orElseThrow(() -> BreakwaterException.permanent(
                Reason.InvalidSpec,
                "annotation " + Api.UNDELETE + ": '" + point + "' is not a valid <namespace>/<restorepoint>; for a"
                        + " namespace that was deleted, set it to <site>/<namespace>/<uid of the cluster>/<uid of the"
                        + " namespace>/<restorepoint>"));
    }

    private void report(BackupLocation location, Swept result) {
        String[] tags = tags(location);
        meters.count(MeterName.SWEPT_OBJECTS, result.objects(), tags);
        meters.count(MeterName.SWEPT_BYTES, result.bytes(), tags);
        meters.set(MeterName.TOMBSTONES, result.waiting(), tags);
        meters.count(MeterName.FOREIGN_REMOVALS, result.forged(), tags);
        if (result.forged() > 0) {
            events.warning(
                    location,
                    Reason.Tampered,
                    "ignored " + result.forged()
                            + " tombstones without a valid signature: someone else is writing to this location. Rotate"
                            + " the store credentials and check the store's access log");
        }
        if (result.invalid() > 0) {
            events.warning(
                    location,
                    Reason.Tampered,
                    "skipped " + result.invalid()
                            + " objects below breakwater/tombstones/ that are not valid tombstones: someone else is"
                            + " writing to this location. Delete these objects and check the store's access log");
        }
        if (result.objects() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "freed " + result.bytes() + " bytes of " + result.objects() + " deleted objects");
        }
    }
}
