package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.points.Lineage;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/** Chooses a point by policy and time. */
final class PointSelector {
    private PointSelector() {}

    /** Whether the point is sealed and its seal can be checked. */
    static boolean isRestorable(RestorePoint point) {
        return point.isSealed() && point.getStatus().digest != null;
    }

    /**
     * The newest sealed point of a policy that was captured at or before a time. Only points of the present history count: the
     * live application must not be replaced by data that it never had.
     *
     * @param at RFC 3339; null for the newest of all
     * @throws BreakwaterException RestorePointNotFound
     */
    static RestorePoint of(List<RestorePoint> points, Lineage lineage, String policy, String at) {
        List<RestorePoint> restorable = points.stream()
                .filter(p -> p.getSpec().policyRef != null && policy.equals(p.getSpec().policyRef.name))
                .filter(p -> isRestorable(p) && p.getStatus().capturedAt != null)
                .toList();
        List<RestorePoint> sealed = restorable.stream()
                .filter(lineage::contains)
                .sorted(Lineage.ORDER)
                .toList();
        Optional<Instant> until =
                Optional.ofNullable(at).map(t -> OffsetDateTime.parse(t).toInstant());
        return sealed.stream()
                .filter(p -> until.map(u -> !captured(p).isAfter(u)).orElse(true))
                .reduce((earlier, later) -> later)
                .orElseThrow(() -> none(restorable, sealed, policy, at));
    }

    private static Instant captured(RestorePoint point) {
        return Instant.parse(point.getStatus().capturedAt);
    }

    private static BreakwaterException none(
            List<RestorePoint> restorable, List<RestorePoint> sealed, String policy, String at) {
        String message = "BackupPolicy " + policy + " has no sealed RestorePoint in this namespace";
        if (sealed.isEmpty() && !restorable.isEmpty()) {
            return BreakwaterException.permanent(
                    Reason.RestorePointNotFound,
                    message
                            + " that belongs to the present history of the application; to restore another one, such as "
                            + restorable.getFirst().getMetadata().getName() + ", set spec.restorePointRef");
        }
        return BreakwaterException.permanent(
                Reason.RestorePointNotFound,
                sealed.isEmpty()
                        ? message + "; list the points with kubectl get restorepoints"
                        : message + " that was captured at " + at + " or before; the oldest one is "
                                + sealed.getFirst().getMetadata().getName() + " of "
                                + sealed.getFirst().getStatus().capturedAt);
    }
}
