package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Checks the master keys of each location, advances their rotation, and reports both in conditions. */
@Singleton
@ControllerConfiguration(name = "rotation", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class RotationReconciler extends LocationController<RotationResult> {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration WAITING = Duration.ofSeconds(15);
    private static final Duration EVERY = Duration.ofMinutes(1);

    private final Rotation rotation;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;

    RotationReconciler(
            ObjectCache objects, Rotation rotation, StatusWriter writer, Events events, Meters meters, Clock clock) {
        super(objects, LocationWork.ROTATION, clock);
        this.rotation = rotation;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
    }

    @Override
    protected boolean applies(BackupLocation location) {
        return super.applies(location) && !location.getSpec().hasVeleroLayout();
    }

    @Override
    protected RotationResult work(BackupLocation location) {
        return rotation.advance(location);
    }

    @Override
    protected Duration done(BackupLocation location, RotationResult result) {
        report(location, result);
        boolean waits = result.rotated() != null && !result.rotated().holds();
        return result.busy() ? SOON : waits ? WAITING : EVERY;
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        events.warning(location, e.reason(), "master key check failed, will retry: " + e.getMessage());
        return EVERY;
    }

    @Override
    protected void forget(BackupLocation location) {
        meters.remove(MeterName.LOCATION_UNREADABLE, tags(location));
        meters.remove(MeterName.LOCATION_ROTATION_AGE, tags(location));
    }

    private void report(BackupLocation location, RotationResult result) {
        Optional<Condition> readable = condition(location, Condition.READABLE);
        Optional<Condition> rotated = condition(location, Condition.ROTATED);
        writer.update(location, BackupLocationStatus.class, s -> {
            s.keyId = result.writing();
            s.keys = result.keys();
            Conditions conditions = Conditions.of(s, s.observedGeneration(), clock);
            set(conditions, Condition.READABLE, result.readable());
            if (result.rotated() == null) {
                conditions.clear(Condition.ROTATED);
            } else {
                set(conditions, Condition.ROTATED, result.rotated());
            }
        });
        if (result.switched()) {
            events.audited(
                    location,
                    Reason.Ready,
                    "new points are written with master key " + result.writing() + " from now on",
                    AuditEntry.of(AuditAction.SwitchMasterKey, AuditResult.Finished));
        }
        reportChange(location, readable, result.readable());
        if (isRotated(rotated, result.rotated())) {
            events.audited(
                    location,
                    result.rotated().reason(),
                    result.rotated().message(),
                    AuditEntry.of(AuditAction.RotateMasterKey, AuditResult.Finished));
        } else {
            reportChange(location, rotated, result.rotated());
        }
        measure(location, result);
    }

    private void measure(BackupLocation location, RotationResult result) {
        meters.set(MeterName.LOCATION_UNREADABLE, result.unread(), tags(location));
        Optional<Condition> pending = condition(location, Condition.ROTATED).filter(c -> !c.holds());
        if (pending.isPresent()) {
            meters.age(
                    MeterName.LOCATION_ROTATION_AGE, Instant.parse(pending.get().lastTransitionTime), tags(location));
        } else {
            meters.remove(MeterName.LOCATION_ROTATION_AGE, tags(location));
        }
    }

    /** Whether a rotation that was in progress is complete now. */
    private static boolean isRotated(Optional<Condition> before, RotationResult.Finding now) {
        return before.filter(c -> !c.holds()).isPresent() && now != null && now.holds();
    }

    /** Creates an event for a change that a user should see or act on. */
    private void reportChange(BackupLocation location, Optional<Condition> before, RotationResult.Finding now) {
        boolean changed = now != null
                && now.reason() != Reason.InProgress
                && before.map(c -> !c.message.equals(now.message())).orElse(!now.holds());
        if (changed && now.holds()) {
            events.normal(location, now.reason(), now.message());
        } else if (changed) {
            events.warning(location, now.reason(), now.message());
        }
    }

    private static void set(Conditions conditions, String type, RotationResult.Finding finding) {
        conditions.set(type, finding.holds(), finding.reason(), finding.message());
    }

    private static Optional<Condition> condition(BackupLocation location, String type) {
        return Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(type));
    }
}
