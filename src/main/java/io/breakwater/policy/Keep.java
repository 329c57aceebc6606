package io.breakwater.policy;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.policy.Standing.Good;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Decides which points a policy lets go. Only what this site's schedule or its users made counts: points from catalog sync
 * are the other site's, or outlived their objects, and divergent ones exist nowhere else; nobody but a user removes those.
 * A point with deletionPolicy Retain is pinned.
 */
final class Keep {
    /** Failed scheduled points that stay for people to look at. */
    static final int FAILED = 3;

    private Keep() {}

    /**
     * Points to delete, oldest last. The newest point that is complete in a location is never one of them, for any location:
     * when copying has stood still for long, the last point there must not go.
     *
     * @param points of one policy
     * @param inUse names of points that an unfinished Restore reads
     */
    static List<RestorePoint> expired(List<RestorePoint> points, int keepLast, Set<String> inUse) {
        Standing standing = Standing.of(points);
        List<RestorePoint> gone = new ArrayList<>(standing.good().stream()
                .filter(g -> counts(g.point()))
                .skip(keepLast)
                .filter(g -> !inUse.contains(g.name()) && !isLastSomewhere(g, standing))
                .map(Good::point)
                .toList());
        points.stream()
                .filter(Keep::isFailed)
                .sorted(Comparator.comparing((RestorePoint p) -> p.getMetadata().getCreationTimestamp())
                        .reversed())
                .skip(FAILED)
                .forEach(gone::add);
        return gone;
    }

    private static boolean isLastSomewhere(Good good, Standing standing) {
        return standing.newest().filter(good::equals).isPresent()
                || standing.newestAt().containsValue(good);
    }

    private static boolean counts(RestorePoint point) {
        return point.getSpec().trigger != Trigger.Imported
                && point.getSpec().trigger != Trigger.Divergent
                && point.getSpec().deletionPolicy != DeletionPolicy.Retain;
    }

    private static boolean isFailed(RestorePoint point) {
        return point.getMetadata().getDeletionTimestamp() == null
                && point.getSpec().trigger == Trigger.Scheduled
                && point.getSpec().deletionPolicy != DeletionPolicy.Retain
                && Standing.isOver(point)
                && !point.getStatus().holds(io.breakwater.api.Condition.SUCCEEDED);
    }
}
