package io.breakwater.policy;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.points.Lineage;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The points of a policy: the good ones, newest first, and for each location the newest that is complete there.
 *
 * @param good points of the present history that are sealed and not being deleted
 */
record PointInventory(List<Good> good, Map<String, Good> newestAt) {
    /** A good point. */
    record Good(RestorePoint point, Instant capturedAt) {
        String name() {
            return point.getMetadata().getName();
        }

        /** Names of the locations in which the point is complete. */
        Set<String> locations() {
            Set<String> complete = new LinkedHashSet<>();
            RestorePointStatus s = point.getStatus();
            if (s.location != null) {
                complete.add(s.location);
            }
            if (s.copies != null) {
                s.copies.stream().filter(c -> c.state == CopyState.Completed).forEach(c -> complete.add(c.location));
            }
            return complete;
        }

        /** Whether the copy in a location is complete; empty while its first attempt is not over. */
        Optional<Boolean> isCopied(String location) {
            return Stream.ofNullable(point.getStatus().copies)
                    .flatMap(List::stream)
                    .filter(c -> c.location.equals(location))
                    .filter(c -> c.state == CopyState.Completed || c.state == CopyState.Failed || c.message != null)
                    .map(c -> c.state == CopyState.Completed)
                    .findFirst();
        }
    }

    /** Sorts the points of one policy. */
    static PointInventory of(List<RestorePoint> points, Lineage lineage) {
        List<Good> good = points.stream()
                .map(PointInventory::good)
                .flatMap(Optional::stream)
                .filter(g -> lineage.contains(g.point()))
                .sorted(Comparator.comparing(Good::point, Lineage.ORDER).reversed())
                .toList();
        Map<String, Good> newestAt = new HashMap<>();
        good.forEach(g -> g.locations().forEach(location -> newestAt.putIfAbsent(location, g)));
        return new PointInventory(good, newestAt);
    }

    /** An inventory that answers {@link #newest()} only, and retains no other point. */
    PointInventory newestOnly() {
        return new PointInventory(good.stream().limit(1).toList(), Map.of());
    }

    /** The newest good point. */
    Optional<Good> newest() {
        return good.stream().findFirst();
    }

    /** The newest point that is complete in a location. */
    Optional<Good> newestAt(String location) {
        return Optional.ofNullable(newestAt.get(location));
    }

    /**
     * Whether the newest copy in a location is complete; empty before the first. A copy that failed is retried, and counts as
     * failed until it is complete.
     */
    Optional<Boolean> lastCopyGood(String location) {
        return good.stream().flatMap(g -> g.isCopied(location).stream()).findFirst();
    }

    private static Optional<Good> good(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        if (!point.isSealed() || s.capturedAt == null || point.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Good(point, Instant.parse(s.capturedAt)));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
