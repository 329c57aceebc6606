package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Retention;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.PointLock;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.RetryPauses;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Deletes the data of a deleted RestorePoint, by three calls for each location with its seal: one reads the seal, one writes its
 * tombstone, and one deletes it. From then on the point does not exist there. The signed tombstone names the archive and the
 * snapshots: the cleanup of the location hides the snapshots, deletes the archive after the grace period, and prunes the
 * repository at most once a day. Retained snapshots are marked. The data stays if the object has {@code deletionPolicy: Retain}, if
 * another site captured the point, and if the whole namespace is being deleted.
 *
 * <p>The seal of this RestorePoint decides what is deleted, and whether a lock forbids it. Without such a seal, only the
 * directory with the uid of the RestorePoint is deleted. The status decides nothing: it names locations in which to look.
 */
@ApplicationScoped
class PointDeletion {
    private static final Duration RECHECK = Duration.ofSeconds(2);
    private static final Duration LOCK_RECHECK = Duration.ofMinutes(1);

    /** Longest pause after failures in a row: each attempt may read a listing. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

    /** Age of a sealed point whose run has deleted the objects that it created in the cluster. */
    private static final Duration TIDY = Duration.ofDays(1);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final Stores stores;
    private final Catalog catalog;
    private final Repositories repositories;
    private final CaptureSteps steps;
    private final PointCopies copies;
    private final KeptSnapshots snapshots;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;
    private final IdentityRule rule;
    private final NamespaceIdentities identities;
    private final RepositoryRegister register;
    private final RetryPauses pauses;

    PointDeletion(
            KubernetesClient client,
            BreakwaterConfig config,
            LocationResolver locations,
            Stores stores,
            Catalog catalog,
            Repositories repositories,
            CaptureSteps steps,
            PointCopies copies,
            KeptSnapshots snapshots,
            StatusWriter writer,
            Events events,
            Clock clock,
            IdentityRule rule,
            NamespaceIdentities identities,
            RepositoryRegister register) {
        this.client = client;
        this.config = config;
        this.locations = locations;
        this.stores = stores;
        this.catalog = catalog;
        this.repositories = repositories;
        this.steps = steps;
        this.copies = copies;
        this.snapshots = snapshots;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
        this.rule = rule;
        this.identities = identities;
        this.register = register;
        this.pauses = new RetryPauses(clock);
    }

    /**
     * Continues the deletion of the data.
     *
     * @return when to call again; empty when the deletion is complete and the object can be released
     */
    Optional<Duration> deleteData(RestorePoint point) {
        String uid = point.getMetadata().getUid();
        boolean stays = dataStays(point);
        Optional<Duration> pause = stays ? Optional.empty() : pauses.left(uid);
        if (pause.isPresent()) {
            return pause;
        }
        if (!stays && steps.isBusy(uid)) {
            return Optional.of(RECHECK); // it ends soon, and may create snapshots or write objects before
        }
        if (!isTidy(point) && !steps.cleanUp(point, point.getMetadata().getDeletionTimestamp(), clock.instant())) {
            return Optional.of(RECHECK);
        }
        if (stays) {
            pauses.forget(uid);
            return Optional.empty();
        }
        if (copies.isCopying(uid)) {
            return Optional.of(RECHECK); // it stops soon, and may write a seal before
        }
        rule.mismatch(point).ifPresent(e -> events.warning(point, e.reason(), e.getMessage()));
        Optional<List<Place>> places = places(point);
        if (places.isEmpty()) {
            return Optional.of(pauses.failed(uid, LONGEST_PAUSE));
        }
        if (checkLock(point, places.get()).isPresent()) {
            return Optional.of(LOCK_RECHECK);
        }
        boolean deleted =
                places.get().stream().map(place -> deleteFrom(point, place)).reduce(true, Boolean::logicalAnd);
        if (!deleted) {
            return Optional.of(pauses.failed(uid, LONGEST_PAUSE));
        }
        pauses.forget(uid);
        places.get().stream()
                .filter(Place::mayRetainSnapshots)
                .map(Place::key)
                .distinct()
                .forEach(key -> snapshots.markDeleted(key.path(), clock.instant()));
        if (!places.get().isEmpty()) {
            PointKey first = places.get().getFirst().key();
            events.audited(
                    point,
                    Reason.Deleting,
                    "deleted the data of point " + first + " from locations "
                            + places.get().stream().map(Place::name).collect(Collectors.joining(", ")),
                    AuditEntry.of(AuditAction.DeletePoint, AuditResult.Finished).between(first.toString(), null));
        }
        return Optional.empty();
    }

    /** The run of an old sealed point deleted its objects in the cluster itself, as its last step. */
    private boolean isTidy(RestorePoint point) {
        return point.isSealed()
                && Instant.parse(point.getMetadata().getCreationTimestamp())
                        .plus(TIDY)
                        .isBefore(clock.instant());
    }

    /**
     * One location of the point.
     *
     * @param found the verified seal, or its tombstone; empty if the point has no seal here
     */
    private record Place(BackupLocation location, PointKey key, Optional<Catalog.Deletable> found) {
        String name() {
            return location.getMetadata().getName();
        }

        boolean mayRetainSnapshots() {
            return found.isEmpty() || !found.get().document().kept().isEmpty();
        }
    }

    /** The data of a held or locked point stays, also where admission was bypassed, which refuses such a deletion. */
    private Optional<PointLock> checkLock(RestorePoint point, List<Place> places) {
        NamedRef ref = point.getSpec().policyRef;
        BackupPolicy policy = ref == null
                ? null
                : client.resources(BackupPolicy.class)
                        .inNamespace(point.getMetadata().getNamespace())
                        .withName(ref.name)
                        .get();
        Retention retention = policy == null ? null : policy.getSpec().retention;
        Optional<Instant> until = places.stream()
                .flatMap(place -> place.found().stream())
                .map(Catalog.Deletable::document)
                .flatMap(d -> PointLock.until(d.capturedAt(), d.lockedUntil(), retention).stream())
                .max(Comparator.naturalOrder());
        Optional<PointLock> lock = PointLock.of(point, until, clock.instant());
        lock.ifPresent(
                l -> report(point, l.reason(), l.message() + "; its data is deleted as soon as that is permitted"));
        return lock;
    }

    private boolean dataStays(RestorePoint point) {
        Namespace namespace =
                client.namespaces().withName(point.getMetadata().getNamespace()).get();
        return point.getSpec().deletionPolicy == DeletionPolicy.Retain
                || namespace == null
                || namespace.getMetadata().getDeletionTimestamp() != null;
    }

    /** The locations with data of the point; empty if one of them could not be read. */
    private Optional<List<Place>> places(RestorePoint point) {
        Set<String> reported = reportedLocations(point);
        Set<String> names = new LinkedHashSet<>(reported);
        names.addAll(locations.names(point.getMetadata().getNamespace()));
        List<Place> places = new ArrayList<>();
        for (String name : names) {
            try {
                place(point, name, reported.contains(name)).ifPresent(places::add);
            } catch (BreakwaterException e) {
                if (!reported.contains(name)) {
                    continue; // nothing shows that the point has data there
                }
                if (e.reason() == Reason.LocationNotFound || e.reason() == Reason.Forbidden) {
                    events.warning(
                            point,
                            e.reason(),
                            "deleted nothing in location " + name + ", its data stays: " + e.getMessage());
                    continue;
                }
                report(
                        point,
                        e.reason(),
                        "could not delete the data in location " + name + ", will retry: " + e.getMessage()
                                + "; to delete only the object, set spec.deletionPolicy: Retain");
                return Optional.empty();
            }
        }
        return Optional.of(places);
    }

    private Optional<Place> place(RestorePoint point, String name, boolean reported) {
        BackupLocation location = locations.resolveToDelete(point.getMetadata().getNamespace(), new NamedRef(name));
        boolean written = location.getSpec().accessMode != AccessMode.ReadOnly
                && !location.getSpec().hasVeleroLayout();
        boolean ready = location.getStatus() != null && location.getStatus().holds(Condition.READY);
        if (!written || !ready && !reported) {
            return Optional.empty();
        }
        if (point.getSpec().trigger == Trigger.Imported) {
            return imported(point, location, reported);
        }
        PointKey key = PointKey.ofCapture(identities.of(point), point);
        String uid = point.getMetadata().getUid();
        Optional<Catalog.Deletable> found =
                catalog.findDeletable(location, key, document -> uid.equals(document.uid()));
        return found.isPresent() || reported ? Optional.of(new Place(location, key, found)) : Optional.empty();
    }

    /** An imported object may delete a point of this site whose RestorePoint does not exist any more. */
    private Optional<Place> imported(RestorePoint point, BackupLocation location, boolean reported) {
        Optional<PointKey> key = rule.deletable(point, location);
        if (key.isEmpty() && reported) {
            events.warning(
                    point,
                    Reason.Forbidden,
                    "deleted nothing in location " + location.getMetadata().getName()
                            + ", its data stays: another site or namespace captured the point; delete it there");
        }
        return key.flatMap(k -> catalog.findDeletable(location, k, document -> isOrphan(point, document))
                .map(found -> new Place(location, k, Optional.of(found))));
    }

    private boolean isOrphan(RestorePoint imported, PointDocument document) {
        RestorePoint captured = client.resources(RestorePoint.class)
                .inNamespace(document.namespace())
                .withName(document.point())
                .get();
        return captured == null
                || captured.getMetadata().getUid().equals(imported.getMetadata().getUid())
                || !captured.getMetadata().getUid().equals(document.uid());
    }

    /** Names of the locations that the status reports. The seals in them decide what is deleted. */
    private static Set<String> reportedLocations(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        Set<String> names = new LinkedHashSet<>();
        if (s != null && s.location != null) {
            names.add(s.location);
        }
        if (s != null && s.copies != null) {
            s.copies.forEach(c -> names.add(c.location));
        }
        return names;
    }

    /** Deletes the data in one location; false if that failed. */
    private boolean deleteFrom(RestorePoint point, Place place) {
        try {
            if (place.found().isPresent()) {
                catalog.unseal(place.location(), place.found().get());
            } else {
                deleteArchive(place, point.getMetadata().getUid());
                markUnsealed(place);
            }
            return true;
        } catch (BreakwaterException e) {
            report(
                    point,
                    e.reason(),
                    "could not delete the data in location " + place.name() + ", will retry: " + e.getMessage());
            return false;
        }
    }

    /** Deletes the objects in the directories of the RestorePoint. */
    private void deleteArchive(Place place, String uid) {
        PointKey key = place.key();
        List<String> prefixes = key.objectPrefixes(uid);
        SoftDeleteStore store = new SoftDeleteStore(stores.open(place.location()), DeletionScope.points(key.source()))
                .withArchives(prefixes);
        prefixes.stream()
                .flatMap(prefix -> store.gather(prefix, o -> Optional.of(o.key())).stream())
                .forEach(store::delete);
    }

    /** The mark of a point without a seal stays if its repository has data: the sweep deletes what no seal names. */
    private void markUnsealed(Place place) {
        boolean moved = register.find(place.location(), place.key().source())
                .map(repository -> new Repositories.Access(
                        place.location(), repository, Repositories.Mode.MAINTAIN, Optional.empty()))
                .filter(repositories::initialised)
                .isPresent();
        if (!moved) {
            catalog.markFinished(place.location(), place.key());
        }
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
