package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.lease.Lease;
import io.breakwater.lease.PointRef;
import io.breakwater.points.Lineage;
import io.breakwater.points.PointIndex;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The RestorePoints of a plan's namespace: those that a site can start from, and the two that a failover creates. */
final class PlanPoints {
    /** Annotation on points that a run created: the id of the run, or the id of the lease and the lost epoch. */
    static final String RUN = Api.GROUP + "/failover-run";

    /**
     * Time for which a report may use a point that was read before. The guard has no index: its heap must not depend on the number
     * of points in the cluster.
     */
    private static final Duration REMEMBERED = Duration.ofSeconds(30);

    private record Remembered(PointRef point, long epoch, long nanos) {}

    private final KubernetesClient client;
    private final PointIndex index;
    private final LongSupplier nanos;
    private final Map<String, Remembered> newest = new ConcurrentHashMap<>();

    PlanPoints(KubernetesClient client, PointIndex index) {
        this(client, index, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    PlanPoints(KubernetesClient client, PointIndex index, LongSupplier nanos) {
        this.client = client;
        this.index = index;
        this.nanos = nanos;
    }

    /**
     * The newest point of the present history that is complete in the given location, for reports.
     */
    Optional<PointRef> newest(PlanSite plan, Lease lease, String location) {
        Remembered known = newest.get(key(plan, location));
        boolean usable =
                known != null && known.epoch == lease.epoch() && nanos.getAsLong() - known.nanos < REMEMBERED.toNanos();
        return usable ? Optional.of(known.point) : readNewest(plan, lease, location);
    }

    /** The same point, read now, for a site that may take over: it must not start from an older one. */
    Optional<PointRef> readNewest(PlanSite plan, Lease lease, String location) {
        long now = nanos.getAsLong();
        Optional<PointRef> found = newest(plan, lease, location, index.read(plan.namespace()));
        found.ifPresentOrElse(
                point -> newest.put(key(plan, location), new Remembered(point, lease.epoch(), now)),
                () -> newest.remove(key(plan, location)));
        return found;
    }

    /** Forgets the points of a plan that was deleted. */
    void forget(FailoverPlan plan) {
        newest.keySet().removeIf(key -> key.startsWith(PlanRoles.key(plan) + " "));
    }

    private static String key(PlanSite plan, String location) {
        return plan.key() + " " + location;
    }

    private static Optional<PointRef> newest(PlanSite plan, Lease lease, String location, List<RestorePoint> points) {
        return PlanHistory.lineage(lease)
                .newest(points.stream()
                        .filter(point -> isUsable(point, plan, location) || isStart(point, lease, location)))
                .map(PlanPoints::ref);
    }

    /**
     * A point of the epoch before this one that is newer than the one that the holder handed over. It shows that the lease does not
     * name the last data of that epoch. Empty where the lease was taken without the holder: a copy may arrive late then. Empty also
     * where the epoch before this one never served, and was given back with the point that it started from.
     */
    Optional<PointRef> newerThanStart(PlanSite plan, Lease lease, String location) {
        if (lease.fence() != Fence.Graceful || lease.start() == null) {
            return Optional.empty();
        }
        PointRef start = lease.start();
        if (start.epoch() != null && start.epoch() != lease.epoch() - 1) {
            return Optional.empty();
        }
        return index.read(plan.namespace()).stream()
                .filter(point -> isUsable(point, plan, location)
                        && point.cause() != Trigger.Divergent
                        && start.site().equals(point.getStatus().site)
                        && Objects.requireNonNullElse(point.getStatus().epoch, 0L) == lease.epoch() - 1)
                .max(Lineage.ORDER)
                .filter(point -> isAfter(point, start))
                .map(PlanPoints::ref);
    }

    /** Both points are of one epoch. */
    private static boolean isAfter(RestorePoint point, PointRef start) {
        Long sequence = point.getStatus().sequence;
        return sequence == null || start.sequence() == null
                ? ref(point).capturedAt().isAfter(start.capturedAt())
                : sequence > start.sequence();
    }

    /** The RestorePoint that represents a point in this cluster; empty until catalog sync has found the point. */
    Optional<RestorePoint> find(String namespace, PointRef ref) {
        return index.read(namespace).stream()
                .filter(point -> point.isSealed() && ref.digest().equals(point.getStatus().digest))
                .findFirst();
    }

    /** Whether the RestorePoint of this name represents a point. */
    boolean isNamed(String namespace, String name, PointRef ref) {
        return get(namespace, name)
                .filter(point -> point.isSealed() && ref.digest().equals(point.getStatus().digest))
                .isPresent();
    }

    Optional<RestorePoint> get(String namespace, String name) {
        return Optional.ofNullable(client.resources(RestorePoint.class)
                .inNamespace(namespace)
                .withName(name)
                .get());
    }

    /**
     * The final point of a run; creates it if it does not exist. The final point of an earlier run in this epoch is too old,
     * since the application has run after it.
     */
    RestorePoint ensureFinal(PlanSite plan, long epoch, String run) {
        String base = plan.name() + "-e" + epoch + "-final";
        for (int i = 1; ; i++) {
            String name = i == 1 ? base : base + "-" + i;
            Optional<RestorePoint> present = get(plan.namespace(), name);
            if (present.isEmpty()) {
                return create(plan, name, Trigger.Final, run);
            }
            if (isOfRun(present.get(), run) && isOf(plan, present.get(), Trigger.Final)) {
                return present.get();
            }
        }
    }

    /**
     * The divergent point for an epoch that this site lost; creates it if it does not exist.
     *
     * @param run identity of the loss: a point of an epoch of the same number in another lease has other data
     */
    RestorePoint ensureDivergent(PlanSite plan, long epoch, String run) {
        String base = plan.name() + "-e" + epoch + "-divergent";
        for (int i = 1; ; i++) {
            String name = i == 1 ? base : base + "-" + i;
            Optional<RestorePoint> present = get(plan.namespace(), name);
            if (present.isEmpty()) {
                return create(plan, name, Trigger.Divergent, run);
            }
            if (isOfRun(present.get(), run) && isOf(plan, present.get(), Trigger.Divergent)) {
                return present.get();
            }
        }
    }

    private static boolean isOfRun(RestorePoint point, String run) {
        Map<String, String> annotations = point.getMetadata().getAnnotations();
        return annotations != null && run.equals(annotations.get(RUN));
    }

    /** Whether Breakwater created a point for the plan: only Breakwater may set these triggers and the label. */
    private static boolean isOf(PlanSite plan, RestorePoint point, Trigger trigger) {
        Map<String, String> labels = point.getMetadata().getLabels();
        return point.getSpec().trigger == trigger
                && labels != null
                && plan.name().equals(labels.get(Api.PLAN));
    }

    /** The cause of the failure of a point; empty while the point may still succeed. */
    static Optional<String> failure(RestorePoint point) {
        return point.getStatus() == null
                ? Optional.empty()
                : point.getStatus()
                        .failure(Condition.SUCCEEDED)
                        .map(c -> "RestorePoint " + point.getMetadata().getName() + ": " + c.reason + ": " + c.message);
    }

    /** Whether a point is complete in a location. A point with retained snapshots is complete in no location. */
    static boolean isCompleteIn(RestorePoint point, String location) {
        RestorePointStatus s = point.getStatus();
        if (s.volumes != null && s.volumes.stream().anyMatch(v -> v.kept != null)) {
            return false;
        }
        return location.equals(s.location)
                || s.copies != null
                        && s.copies.stream()
                                .anyMatch(c -> c.location.equals(location) && c.state == CopyState.Completed);
    }

    /** The reference to a sealed point, which is the same on both sites. */
    static PointRef ref(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        String name = s.point == null ? point.getMetadata().getName() : s.point;
        return new PointRef(
                s.site + "/" + s.namespace + "/" + name,
                s.digest,
                Instant.parse(s.capturedAt),
                s.epoch,
                s.sequence,
                s.storeTime == null ? null : Instant.parse(s.storeTime));
    }

    /** Whether a site could restore the point from a location, and it is one of the policy of the plan. */
    private static boolean isUsable(RestorePoint point, PlanSite plan, String location) {
        Map<String, String> labels = point.getMetadata().getLabels();
        String policy = labels == null ? null : labels.get(Api.POLICY);
        return isSealedIn(point, location)
                && plan.namespace().equals(point.getStatus().namespace)
                && (policy == null || policy.equals(plan.policy()));
    }

    private static boolean isSealedIn(RestorePoint point, String location) {
        return point.isSealed() && point.getStatus().digest != null && isCompleteIn(point, location);
    }

    private static boolean isStart(RestorePoint point, Lease lease, String location) {
        return lease.start() != null
                && isSealedIn(point, location)
                && lease.start().digest().equals(point.getStatus().digest);
    }

    private RestorePoint create(PlanSite plan, String name, Trigger trigger, String run) {
        RestorePoint point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(plan.namespace())
                .addToLabels(Api.POLICY, plan.policy())
                .addToLabels(Api.PLAN, plan.name())
                .addToAnnotations(RUN, run)
                .build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef(plan.policy());
        point.getSpec().trigger = trigger;
        RestorePoint created = client.resource(point).create();
        index.wrote(created);
        return created;
    }
}
