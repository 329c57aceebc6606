package io.breakwater.api;

import io.breakwater.api.BackupPolicySpec.Retention;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * Why a RestorePoint may not be removed now: somebody holds it, or its policy promised to keep it until a date. The date
 * is written into the point when it is sealed, so a policy that is changed or deleted later shortens nothing; one that
 * promises more later lengthens it.
 *
 * @param reason Held or Locked
 * @param message names the point, the field, the date and the way out
 */
public record PointLock(Reason reason, String message) {

    /**
     * What protects a point at a moment; empty when it may go.
     *
     * @param retention of its policy as it is now; null when there is none
     */
    public static Optional<PointLock> of(RestorePoint point, Retention retention, Instant now) {
        String name =
                point.getMetadata().getNamespace() + "/" + point.getMetadata().getName();
        if (Boolean.TRUE.equals(point.getSpec().hold)) {
            return Optional.of(new PointLock(
                    Reason.Held,
                    "RestorePoint " + name
                            + " is held by spec.hold and must not be removed; set spec.hold: false first"));
        }
        return until(point, retention)
                .filter(now::isBefore)
                .map(until -> new PointLock(
                        Reason.Locked,
                        "RestorePoint " + name + " is locked until " + until
                                + " (spec.retention.lockedFor of its BackupPolicy, status.lockedUntil) and must not be"
                                + " removed before; to take only the object away and leave the data, set"
                                + " spec.deletionPolicy: Retain"));
    }

    /** Until when a sealed point is locked; empty when nothing was promised, or nothing was captured. */
    public static Optional<Instant> until(RestorePoint point, Retention retention) {
        RestorePointStatus s = point.getStatus();
        if (s == null || s.capturedAt == null) {
            return Optional.empty();
        }
        Optional<Instant> promised = time(s.lockedUntil);
        Optional<Instant> present = time(s.capturedAt).flatMap(at -> end(at, retention));
        return promised.isPresent() && present.isPresent()
                ? Optional.of(promised.get().isAfter(present.get()) ? promised.get() : present.get())
                : promised.or(() -> present);
    }

    /** When the lock of what is captured at a moment ends; empty without a lock. */
    public static Optional<Instant> end(Instant capturedAt, Retention retention) {
        if (retention == null || retention.lockedFor == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(capturedAt.plus(Durations.parse(retention.lockedFor)));
        } catch (IllegalArgumentException e) {
            // Refused at admission; where that was passed by, a promise that cannot be read is kept for good.
            return Optional.of(Instant.MAX);
        }
    }

    private static Optional<Instant> time(String text) {
        try {
            return text == null ? Optional.empty() : Optional.of(Instant.parse(text));
        } catch (DateTimeException e) {
            return Optional.of(Instant.MAX);
        }
    }
}
