package io.breakwater.replication;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.ServerMessage;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.LocationResolver;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.PointIndex;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.Activities;
import io.breakwater.steps.RetryPauses;
import io.breakwater.steps.RunLabel;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Copies a sealed point to its further locations, independently of each other: a location that cannot be reached does not delay
 * the others. A failed copy is retried at growing intervals, as long as the RestorePoint exists.
 */
@ApplicationScoped
public class PointCopies {
    private static final Duration RECHECK = Duration.ofSeconds(30);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);
    private static final Duration LONGEST_PAUSE_FOR_CHANGE = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final PointIndex index;
    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final PointRoutes routes;
    private final EpochGuard epochs;
    private final Catalog catalog;
    private final Replicator replicator;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final NamespaceIdentities identities;
    private final Activities activities = new Activities();
    private final RetryPauses pauses;
    private final Map<String, Integer> running = new ConcurrentHashMap<>();

    public PointCopies(
            KubernetesClient client,
            PointIndex index,
            BreakwaterConfig config,
            LocationResolver locations,
            PointRoutes routes,
            EpochGuard epochs,
            Catalog catalog,
            Replicator replicator,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock,
            NamespaceIdentities identities) {
        this.client = client;
        this.index = index;
        this.config = config;
        this.locations = locations;
        this.routes = routes;
        this.epochs = epochs;
        this.catalog = catalog;
        this.replicator = replicator;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.identities = identities;
        this.pauses = new RetryPauses(clock);
    }

    /** A copy that has not started yet. */
    public static PointCopy pending(String location) {
        PointCopy copy = new PointCopy();
        copy.location = location;
        copy.state = CopyState.Pending;
        return copy;
    }

    /**
     * Continues the copies of a point that this site has captured and sealed. The place of the point follows from the object's
     * own namespace and name, whatever its status says.
     *
     * @param wake called when a copy finished or failed
     * @return longest time until the next call; empty when every copy is complete
     */
    public Optional<Duration> push(RestorePoint point, Runnable wake) {
        List<PointCopy> copies = point.getStatus().copies;
        if (copies == null) {
            return Optional.empty();
        }
        PointKey key = PointKey.ofCapture(identities.of(point), point);
        return copies.stream().filter(c -> c.state != CopyState.Completed).map(c -> c.location).toList().stream()
                .map(location -> advance(point, key, location, wake))
                .flatMap(Optional::stream)
                .min(Duration::compareTo);
    }

    /**
     * Whether a copy of this repository is running. The repository must not be pruned meanwhile.
     *
     * @param repository its id
     */
    public boolean busy(String repository) {
        return running.containsKey(repository);
    }

    /**
     * Whether a copy of a point is running. Its deletion waits, because the copy may write a seal.
     *
     * @param uid of the RestorePoint
     */
    public boolean isCopying(String uid) {
        return running.containsKey(uid);
    }

    private Optional<Duration> advance(RestorePoint point, PointKey key, String location, Runnable wake) {
        String id = point.getMetadata().getUid() + "/copy/" + location;
        Optional<Duration> pause = pauses.left(id);
        if (pause.isPresent()) {
            return pause;
        }
        try {
            Optional<CopyResult> copied = activities.poll(id, () -> copy(point, key, location), wake);
            if (copied.isEmpty()) {
                edit(point, location, c -> c.state = CopyState.Copying);
                return Optional.of(RECHECK);
            }
            pauses.forget(id);
            completed(point, location, copied.get());
            return Optional.empty();
        } catch (BreakwaterException e) {
            return Optional.of(failed(point, location, id, e));
        } catch (RuntimeException e) {
            return Optional.of(failed(point, location, id, unexpected(key, location, e)));
        }
    }

    /** Runs outside the thread of the reconciler. */
    private CopyResult copy(RestorePoint point, PointKey key, String location) {
        Instant started = clock.instant();
        BackupLocation from = usable(point, point.getStatus().location);
        BackupLocation to = usable(point, location);
        // A point without a repository shares nothing that a prune could delete.
        String repository =
                catalog.find(from, key).map(PointDocument::repository).orElse(key.path());
        List<String> used = List.of(repository, point.getMetadata().getUid());
        used.forEach(id -> running.merge(id, 1, Integer::sum));
        try {
            CopyResult copied = replicator.copy(
                    from, to, key, point.getMetadata().getUid(), () -> requireWanted(point, repository, from, to));
            if (isBeingRemoved(current(point))) {
                // The deletion waits for this copy, and may have looked for the seal before it was written.
                catalog.unseal(to, key);
                throw unwanted(point);
            }
            Duration took = Duration.between(started, clock.instant());
            meters.time(MeterName.REPLICATION_DURATION, took, tags(point, location));
            meters.time(MeterName.COPY_DURATION, took, "location", location);
            return copied;
        } finally {
            used.forEach(id -> running.computeIfPresent(id, (k, n) -> n == 1 ? null : n - 1));
        }
    }

    private BackupLocation usable(RestorePoint point, String name) {
        BackupLocation location = locations.resolve(point.getMetadata().getNamespace(), new NamedRef(name));
        if (location.getStatus() == null || !location.getStatus().holds(Condition.READY)) {
            throw BreakwaterException.retryable(
                    Reason.LocationNotReady,
                    ObjectNames.of(location) + " is not ready: "
                            + Optional.ofNullable(location.getStatus())
                                    .flatMap(s -> s.condition(Condition.READY))
                                    .map(c -> c.message)
                                    .orElse("it has not been probed yet"));
        }
        return location;
    }

    /**
     * Throws unless the copy is wanted. A site that lost its lease seals no points, except divergent ones. A point that is being
     * deleted gets no new seal. And no data is copied while the repository is being pruned.
     */
    private void requireWanted(RestorePoint point, String repository, BackupLocation... locations) {
        RestorePoint now = current(point);
        if (now == null || now.getMetadata().getDeletionTimestamp() != null) {
            throw unwanted(point);
        }
        if (Stream.of(locations).anyMatch(l -> hasJob(RunLabel.ofPrune(l, repository)))) {
            throw BreakwaterException.retryable(
                    Reason.Deleting, "waiting until the prune of repository " + repository + " has ended");
        }
        if (point.getSpec().trigger != Trigger.Divergent) {
            policy(point).flatMap(p -> routes.of(p).guard()).ifPresent(epochs::check);
        }
    }

    private Optional<BackupPolicy> policy(RestorePoint point) {
        return Optional.ofNullable(client.resources(BackupPolicy.class)
                .inNamespace(point.getMetadata().getNamespace())
                .withName(point.getSpec().policyRef.name)
                .get());
    }

    private boolean hasJob(String run) {
        return !client.batch()
                .v1()
                .jobs()
                .inNamespace(config.namespace())
                .withLabel(Api.RUN, run)
                .list()
                .getItems()
                .isEmpty();
    }

    private RestorePoint current(RestorePoint point) {
        RestorePoint now = client.resource(point).get();
        boolean same = now != null
                && Objects.equals(
                        now.getMetadata().getUid(), point.getMetadata().getUid());
        return same ? now : null;
    }

    private static boolean isBeingRemoved(RestorePoint now) {
        return now != null
                && now.getMetadata().getDeletionTimestamp() != null
                && now.getSpec().deletionPolicy != DeletionPolicy.Retain;
    }

    private static BreakwaterException unwanted(RestorePoint point) {
        return BreakwaterException.retryable(
                Reason.Deleting, ObjectNames.of(point) + " was not copied: it is being deleted");
    }

    private void completed(RestorePoint point, String location, CopyResult copied) {
        edit(point, location, c -> {
            c.state = CopyState.Completed;
            c.completedAt = Conditions.timestamp(clock.instant());
            c.bytes = copied.bytes();
            c.message = null;
        });
        count(point, location, "Completed", Reason.Completed);
        meters.count(MeterName.REPLICATION_BYTES, copied.bytes(), tags(point, location));
        events.normal(
                point,
                Reason.Completed,
                "copied to location " + location + ": " + copied.objects() + " objects, " + copied.bytes() + " bytes; "
                        + copied.present() + " objects already existed");
    }

    private Duration failed(RestorePoint point, String location, String id, BreakwaterException e) {
        // Failures that need a change are retried too, but less often.
        Duration pause = pauses.failed(id, e.isRetryable() ? LONGEST_PAUSE : LONGEST_PAUSE_FOR_CHANGE);
        edit(point, location, c -> {
            c.state = CopyState.Failed;
            c.message = e.reason() + ": " + e.getMessage();
        });
        count(point, location, "Failed", e.reason());
        events.warning(point, e.reason(), "could not copy to location " + location + ", will retry: " + e.getMessage());
        return pause;
    }

    private static BreakwaterException unexpected(PointKey key, String location, RuntimeException e) {
        return BreakwaterException.retryable(
                Reason.InternalError,
                "could not copy " + key + " to location " + location + ": " + ServerMessage.of(e),
                e);
    }

    private void edit(RestorePoint point, String location, Consumer<PointCopy> change) {
        writer.update(point, RestorePointStatus.class, s -> {
            s.copies.stream().filter(c -> c.location.equals(location)).forEach(change);
            s.copiesCompleted = (int) s.copies.stream()
                    .filter(c -> c.state == CopyState.Completed)
                    .count();
        });
    }

    private void count(RestorePoint point, String location, String result, Reason reason) {
        String[] where = tags(point, location);
        meters.count(
                MeterName.REPLICATION_COPIES,
                Stream.concat(Stream.of(where), Stream.of("result", result, "reason", reason.name()))
                        .toArray(String[]::new));
    }

    private static String[] tags(RestorePoint point, String location) {
        return new String[] {
            "namespace",
            point.getMetadata().getNamespace(),
            "policy",
            point.getSpec().policyRef.name,
            "location",
            location
        };
    }
}
