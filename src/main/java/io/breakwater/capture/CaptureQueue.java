package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.points.PointIndex;
import io.breakwater.steps.WorkBudget;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.steps.WorkRequest;
import io.breakwater.steps.WorkUrgency;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The places of captures in their budget. A capture has a place from its start until the archive of its resources is written; then
 * its movers have places of their own. Captures that an earlier process started have places first.
 */
@ApplicationScoped
class CaptureQueue {
    /** Time after which a waiting point reports that it waits. Most points wait for less, so their status is written less often. */
    static final Duration REPORT = Duration.ofSeconds(10);

    /** Longest time between two looks at the queue. A point is woken when it gets a place. */
    static final Duration RECHECK = Duration.ofMinutes(1);

    private static final int MOST = 20_000;

    private final WorkBudget budget;
    private final PointIndex index;
    private final Clock clock;
    private boolean counted;

    /** When a point joined the queue, by its UID; {@link Instant#MAX} once it has reported that it waits. */
    private final Map<String, Instant> joined = BoundedCache.of(MOST);

    /** When a point got its place, by its UID. */
    private final Map<String, Instant> admitted = BoundedCache.of(MOST);

    /** Identity of the location of a policy, by namespace and name of the policy. */
    private final Map<String, String> locations = BoundedCache.of(MOST);

    CaptureQueue(WorkBudgets budgets, PointIndex index, Clock clock) {
        this.budget = budgets.captures();
        this.index = index;
        this.clock = clock;
    }

    /** How soon a point starts: a user waits for a manual one, and a failover for a final one. */
    static WorkUrgency urgencyOf(RestorePoint point) {
        Trigger trigger = point.getSpec().trigger;
        return trigger == Trigger.Final
                ? WorkUrgency.Immediate
                : trigger == Trigger.Scheduled ? WorkUrgency.Usual : WorkUrgency.Urgent;
    }

    /**
     * Whether a point waits, and its status needs no change. Asks nothing of the API server.
     *
     * @param cached as the index has it
     */
    boolean isQuiet(RestorePoint cached) {
        String uid = cached.getMetadata().getUid();
        Instant since = joined.get(uid);
        return since != null && !isReportDue(since) && budget.awaits(uid);
    }

    /**
     * Takes a place for a capture, or continues to have it.
     *
     * @param location reads the location of the policy; the answer may be empty
     * @param wake called when a place is free
     * @return what the capture waits for; empty when it can run
     */
    Optional<WorkBudget.Waiting> enter(RestorePoint point, Supplier<Optional<BackupLocation>> location, Runnable wake) {
        countStarted();
        String uid = point.getMetadata().getUid();
        if (hasArchive(point)) {
            leave(point);
            return Optional.empty();
        }
        WorkRequest request = request(point, locationOf(point, location));
        if (isStarted(point)) {
            budget.resume(request);
            return Optional.empty();
        }
        Optional<WorkBudget.Waiting> waits = budget.enter(request, wake);
        if (waits.isPresent()) {
            joined.putIfAbsent(uid, clock.instant());
        } else {
            joined.remove(uid);
            admitted.putIfAbsent(uid, clock.instant());
        }
        return waits;
    }

    /** When the capture got its place; null if this process did not give it one. */
    Instant admission(RestorePoint point) {
        return admitted.get(point.getMetadata().getUid());
    }

    /** Whether a waiting point has to report that it waits. The answer is true once. */
    boolean startReport(RestorePoint point) {
        Instant since = joined.get(point.getMetadata().getUid());
        if (since == null || !isReportDue(since)) {
            return false;
        }
        joined.put(point.getMetadata().getUid(), Instant.MAX);
        return true;
    }

    /** Time until the next look at a waiting point. */
    Duration recheck(RestorePoint point) {
        Instant since = joined.get(point.getMetadata().getUid());
        return since == null || since.equals(Instant.MAX) ? RECHECK : REPORT;
    }

    /** Releases the place of a capture that has its archive, has ended, or is deleted. */
    void leave(RestorePoint point) {
        String uid = point.getMetadata().getUid();
        joined.remove(uid);
        admitted.remove(uid);
        budget.leave(uid);
    }

    /** Releases the place if the archive is written. */
    void leaveAfterArchive(RestorePoint point) {
        if (hasArchive(point)) {
            leave(point);
        }
    }

    private boolean isReportDue(Instant since) {
        return !since.equals(Instant.MAX) && !clock.instant().isBefore(since.plus(REPORT));
    }

    /** Notes the location that the policy of a point has now. */
    void locate(RestorePoint point, BackupLocation location) {
        locations.put(policyOf(point), location.getMetadata().getUid());
    }

    private static String policyOf(RestorePoint point) {
        return point.getMetadata().getNamespace() + "/"
                + (point.getSpec().policyRef == null ? "" : point.getSpec().policyRef.name);
    }

    /** Identity of the location that the point will have; empty if it cannot be found now. */
    String locationOf(RestorePoint point, Supplier<Optional<BackupLocation>> location) {
        String policy = policyOf(point);
        String known = locations.get(policy);
        if (known != null) {
            return known;
        }
        Optional<String> read = location.get().map(l -> l.getMetadata().getUid());
        read.ifPresent(uid -> locations.put(policy, uid));
        return read.orElse("");
    }

    private synchronized void countStarted() {
        if (!counted) {
            index.started().forEach(point -> budget.resume(request(point, "")));
            counted = true;
        }
    }

    private WorkRequest request(RestorePoint point, String location) {
        String uid = point.getMetadata().getUid();
        return new WorkRequest(
                uid,
                uid,
                point.getMetadata().getNamespace(),
                location,
                "",
                urgencyOf(point),
                Instant.parse(point.getMetadata().getCreationTimestamp()));
    }

    private static boolean isStarted(RestorePoint point) {
        return point.getStatus() != null && !point.getStatus().journal.isEmpty();
    }

    private static boolean hasArchive(RestorePoint point) {
        return point.getStatus() != null
                && point.getStatus().journal.stream()
                        .anyMatch(j -> j.step.equals(RestorePoint.RESOURCES) && j.state == JournalEntry.State.Done);
    }
}
