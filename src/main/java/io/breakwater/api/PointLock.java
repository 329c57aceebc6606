package io.breakwater.api;

import io.breakwater.api.BackupPolicySpec.Retention;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * The cause that forbids the deletion of a RestorePoint now: a user holds it, or its policy promised to keep it until a
 * date. The date is written into the point when it is sealed. So a policy that is changed or deleted later does not
 * shorten it; a policy that promises more later extends it.
 *
 * @param reason Held or Locked
 * @param message names the point, the field, the date and the action that helps
 */
public record PointLock(Reason reason, String message) {

    /**
     * The cause that forbids the deletion now; empty if the point may be deleted.
     *
     * @param retention the current one of its policy; null if there is none
     */
    public static Optional<PointLock> of(RestorePoint point, Retention retention, Instant now) {
        return of(point, until(point, retention), now);
    }

    /**
     * The cause that forbids the deletion of a point whose seals were read.
     *
     * @param until end of its lock, from {@link #until(String, String, Retention)}; empty if it has none
     */
    public static Optional<PointLock> of(RestorePoint point, Optional<Instant> until, Instant now) {
        String name = ObjectNames.of(point);
        if (Boolean.TRUE.equals(point.getSpec().hold)) {
            return Optional.of(new PointLock(
                    Reason.Held, name + " is held by spec.hold and must not be deleted; set spec.hold: false first"));
        }
        return until.filter(now::isBefore)
                .map(end -> new PointLock(
                        Reason.Locked,
                        name + " is locked until " + end
                                + " by spec.retention.lockedFor of its BackupPolicy (status.lockedUntil) and"
                                + " must not be deleted before; to delete only the object and retain the data,"
                                + " set spec.deletionPolicy: Retain"));
    }

    /** End of the lock of a sealed point; empty if its policy promised nothing, or if nothing was captured. */
    public static Optional<Instant> until(RestorePoint point, Retention retention) {
        RestorePointStatus s = point.getStatus();
        return s == null ? Optional.empty() : until(s.capturedAt, s.lockedUntil, retention);
    }

    /**
     * End of a lock; empty if the policy promised nothing, or if nothing was captured.
     *
     * @param capturedAt of the point; null before
     * @param lockedUntil as the seal contains it; null without a lock
     * @param retention the current one of its policy, which can only extend the lock; null if there is none
     */
    public static Optional<Instant> until(String capturedAt, String lockedUntil, Retention retention) {
        if (capturedAt == null) {
            return Optional.empty();
        }
        Optional<Instant> promised = time(lockedUntil);
        Optional<Instant> present = time(capturedAt).flatMap(at -> end(at, retention));
        return promised.isPresent() && present.isPresent()
                ? Optional.of(promised.get().isAfter(present.get()) ? promised.get() : present.get())
                : promised.or(() -> present);
    }

    /** End of the lock of a point that is captured at a moment; empty without a lock. */
    public static Optional<Instant> end(Instant capturedAt, Retention retention) {
        if (retention == null || retention.lockedFor == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(capturedAt.plus(Durations.parse(retention.lockedFor)));
        } catch (IllegalArgumentException | DateTimeException e) {
            // Admission refuses such a value. If it was bypassed, a promise that cannot be read has no end.
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
